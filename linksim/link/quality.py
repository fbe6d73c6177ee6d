"""How good a realisation of the channel is: SNR after equalisation, and the one AWGN SNR that stands for it.

With one stream SINR = |h|^2 / no, with several that of the equaliser's output, 1 / no_eff (see `equaliser`); K-best
is taken as LMMSE, below which it never is.
"""

import numpy as np

from linksim.link import esm
from linksim.link.grid import Grid

_THINNING = 4  # of the used subcarriers one in so many is looked at


def thinned(used: int) -> np.ndarray:
    """Indices of the used subcarriers that are looked at, centred."""
    return np.arange(min(_THINNING // 2, used - 1), used, _THINNING)


def sinr(response: np.ndarray, no: np.ndarray | float, zero_forcing: bool = False) -> np.ndarray:
    """float64 [B, S, N, F], linear, for response complex [B, R, S, N, F] of streams that share power 1 and noise
    variance no (a number, or of a shape that broadcasts to [B, N, F])."""
    streams = response.shape[2]
    if streams == 1:
        return np.sum(np.abs(response) ** 2, axis=1, dtype=np.float64) / (no[:, None] if np.ndim(no) == 3 else no)
    h = np.moveaxis(response, (1, 2), (-2, -1)).astype(np.complex128) / np.sqrt(streams)  # [B, N, F, R, S]
    no = np.broadcast_to(no, h.shape[:3])[..., None]
    gram = np.swapaxes(h.conj(), -1, -2) @ h
    power = np.trace(gram, axis1=-2, axis2=-1).real[..., None]
    loading = np.maximum(1e-12 * power, 1e-30) if zero_forcing else no
    inverse = np.linalg.inv(gram + loading[..., None] * np.eye(streams))
    left = np.real(np.diagonal(inverse, axis1=-2, axis2=-1)) * no  # [B, N, F, S]
    return np.moveaxis(1 / left if zero_forcing else 1 / left - 1, -1, 1)


def effective_snr(snr: np.ndarray, grid: Grid, carriers: np.ndarray, symbols: np.ndarray, bits: int | None):
    """float64 [B], linear: the mean of mutual information over the resource elements that a row's `symbols` (int
    [B]) uses fill, among the looked-at `carriers` (indices into the used ones).

    snr: [B, S, N, F], N OFDM symbols from the first slot on or 1, F = len(carriers) or 1."""
    slots = -(-snr.shape[2] // grid.config.symbols_per_slot)
    element = np.cumsum(~grid.config.pilots).reshape(grid.config.pilots.shape) - 1  # number of a data element
    first = np.where(grid.config.pilots, np.iinfo(np.int64).max // 2, element * grid.streams)[:, carriers]
    first = (first + grid.data_per_slot * np.arange(slots)[:, None, None]).reshape(-1, len(carriers))
    filled = first < symbols[:, None, None]  # [B, symbols, carriers]
    if snr.shape[2] == 1:
        filled = filled.any(axis=1, keepdims=True)
    if snr.shape[3] == 1:
        filled = filled.any(axis=2, keepdims=True)
    filled |= ~filled.any(axis=(1, 2), keepdims=True)  # a burst that fits between the carriers looked at
    rows = (len(snr), -1)
    where = np.broadcast_to(filled[:, None], snr.shape).reshape(rows)
    return esm.effective_snr(snr.reshape(rows), bits, where=where)


def mean_power(response: np.ndarray) -> np.ndarray:
    """float32 [B], mean |h|^2 of each row of a response [B, R, T, N, F]."""
    return np.mean(np.abs(response) ** 2, axis=(1, 2, 3, 4), dtype=np.float64).astype(np.float32)


def quality_db(passage, draw, snr_db: float, symbols: np.ndarray, bits_per_symbol: int | None) -> np.ndarray:
    """float64 [B], see `Link.effective_snr_db`. passage: `linksim.link.passage.Passage`; symbols: int [B], > 0."""
    config, n0 = passage.grid.config, 10 ** (-snr_db / 10)
    carriers = thinned(len(config.used))
    looked_at, slots = config.used[carriers], int(passage.grid.slots(symbols).max())
    no = n0 if passage.estimator is None else np.mean(passage.estimator.weights(n0)[1])
    if passage.config.domain == "time":
        response, interference = passage.seen(draw, slots, n0)
        response, no = response[..., looked_at], passage.noise_variance(interference, n0)
    elif passage.channel.frequency_only:
        response = passage.response(draw, slots, config.frequencies)[..., looked_at]
    else:
        response = passage.response(draw, slots, config.frequencies[looked_at])
    if response.shape[1:] == (1, 1, 1, 1) and passage.estimator is None:
        return snr_db + 10 * np.log10(np.maximum(mean_power(response).astype(np.float64), 1e-30))
    snr = effective_snr(sinr(response, no, passage.config.equaliser == "zf"), passage.grid, carriers, symbols,
                        bits_per_symbol)
    return 10 * np.log10(np.maximum(snr, 1e-30))
