"""Channel estimation: from the pilots of a slot to the response on every resource element.

At pilots, least squares (LS) divides by what was sent: Y = H + noise of variance N0 (pilots have unit power). A
stream's pilots lie on the product of OFDM symbols and subcarriers, so every linear estimator here has the form

    H_hat = A_t (D o (B_t Y B_f^T)) A_f^T

LS: A interpolate (nearest or linear, beyond the ends too), B and D are nothing. The estimate's noise has variance
N0 sum |A_t|^2 sum |A_f|^2; what interpolating leaves out isn't known to a receiver without statistics.

LMMSE: H_hat = R_hp (R_pp + N0 I)^-1 Y over time and frequency together (Edfors et al., "OFDM channel estimation by
singular value decomposition", IEEE Trans. Commun. 46(7), 1998), with R = R_t x R_f, and R_pp = U diag(l) U^H in
either: A = R_hp U, B = U^H, D = 1 / (l_t l_f + N0). The error has variance 1 - sum |A_t|^2 |A_f|^2 D.

Estimated streams share power 1, so the error adds mean_s(error of stream s) to the noise variance of a resource
element: no = N0 + that, which the equaliser takes for N0.
"""

import numpy as np

from linksim.link.burst import Draw
from linksim.link.channels.base import Channel
from linksim.link.grid import Grid

_SEED, _ROWS = 1 << 63, 1024  # of the draws that a channel's statistics are taken from; no run has such a seed
_NEGLIGIBLE, _LEAST_N0 = 1e-7, 1e-9  # eigenvalues (of the largest) and noise below which float32 says nothing


def pilot_symbols(grid: Grid) -> np.ndarray:
    """complex64 [streams, pilot symbols, used[::pilot_spacing]]: QPSK of unit power, zero where another stream has
    its pilot. Both ends know them."""
    positions = len(grid.config.used[:: grid.config.pilot_spacing])
    turns = np.random.Philox(key=38211).random_raw(len(grid.config.pilot_symbols) * positions) >> 62
    pilots = np.exp(1j * np.pi * (turns / 2 + 0.25)).reshape(-1, positions).astype(np.complex64)
    return np.where(np.arange(positions) % grid.streams == np.arange(grid.streams)[:, None, None], pilots, 0)


def interpolation(at: np.ndarray, known: np.ndarray, rule: str) -> np.ndarray:
    """float64 [len(at), len(known)]: weights of values known at increasing positions for values at others. rule:
    "nearest" (the lower of two as near) or "linear", which goes on beyond the ends."""
    at, known = np.asarray(at, np.float64), np.asarray(known, np.float64)
    weights, rows = np.zeros((len(at), len(known))), np.arange(len(at))
    if rule == "nearest" or len(known) == 1:
        weights[rows, np.argmin(np.abs(at[:, None] - known), axis=1)] = 1
        return weights
    left = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 2)
    share = (at - known[left]) / (known[left + 1] - known[left])
    weights[rows, left], weights[rows, left + 1] = 1 - share, share
    return weights


def correlations(channel: Channel, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """E[h h^*] between the OFDM symbols of a slot and between used subcarriers, complex128 [symbols, symbols] and
    [U, U], ones on the diagonals, Hermitian and positive semidefinite. From 1,024 draws of the channel, as a
    deployed receiver learns them in the long run: uncorrelated paths, r(t, f) = r(t) r(f), equal for all antennas."""
    config = grid.config
    rows = np.arange(_ROWS)
    paths = channel.paths(Draw(_SEED, rows, np.zeros_like(rows)), config.symbols_per_slot, config.symbol_seconds)
    power = np.mean(np.abs(paths.gains) ** 2, axis=(1, 2, 4), dtype=np.float64)  # [B, P]
    delays, which = np.unique(paths.delays, return_inverse=True)
    profile = np.bincount(which.ravel(), power.ravel()) / power.sum()
    lags = config.used[:, None] - config.used
    by_lag = np.array([profile @ np.exp(-2j * np.pi * delays.astype(np.float64) * lag * config.subcarrier_spacing)
                       for lag in range(lags.max() + 1)])
    frequency = np.where(lags >= 0, by_lag[np.abs(lags)], by_lag[np.abs(lags)].conj())
    series = paths.gains[:, 0, 0].reshape(-1, paths.gains.shape[-1]).astype(np.complex128)  # one pair says it all
    time = series.T @ series.conj()
    scale = np.sqrt(np.real(np.diag(time)))
    return np.broadcast_to(time / scale / scale[:, None], (config.symbols_per_slot,) * 2), frequency


class Estimator:
    """The estimator of a link. rule: "nearest" or "linear" for LS; for LMMSE, the `correlations`."""

    def __init__(self, grid: Grid, rule: str | tuple[np.ndarray, np.ndarray]):
        import tensorflow as tf

        self.grid, config = grid, grid.config
        self.lmmse = not isinstance(rule, str)
        symbols = np.arange(config.symbols_per_slot)
        column = np.searchsorted(config.used, config.data[1])
        self._streams = []
        for stream, sent in enumerate(pilot_symbols(grid)):
            known = grid.pilots_of(stream)
            if self.lmmse:
                ways = [_wiener(r, np.searchsorted(at, here))
                        for r, at, here in zip(rule, (symbols, config.used), known, strict=True)]
            else:
                ways = [(interpolation(at, here, rule), np.eye(len(here)), np.ones(len(here)))
                        for at, here in zip((symbols, config.used), known, strict=True)]
            (a_t, b_t, l_t), (a_f, b_f, l_f) = ways
            constant = [tf.constant(m, tf.complex64) for m in (a_t, b_t, a_f, b_f)]
            unsent = tf.constant(sent[:, stream :: grid.streams].conj())
            self._streams.append((known, unsent, constant, (a_t, a_f, np.outer(l_t, l_f))))
        self._data = config.data[0] * len(config.used) + column

    def weights(self, n0: float | np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """What a noise variance makes of the estimator: D, complex64 [p, q] for each stream, and no, float32 [K],
        the noise variance of each data resource element with the estimation's error in it. Of several noise variances
        float [T]: [T, p, q] and [T, K]."""
        scales, error, n0 = [], 0.0, np.asarray(n0, np.float64)[..., None, None]
        for *_, (a_t, a_f, eigenvalues) in self._streams:
            if self.lmmse:
                scale = 1 / (eigenvalues + np.maximum(n0, _LEAST_N0))
                here = np.maximum(1 - np.abs(a_t) ** 2 @ scale @ (np.abs(a_f) ** 2).T, 0)
            else:
                scale = np.broadcast_to(eigenvalues, np.broadcast_shapes(n0.shape, eigenvalues.shape))
                here = n0 * np.outer((a_t**2).sum(axis=1), (a_f**2).sum(axis=1))
            scales.append(scale.astype(np.complex64))
            error = error + here.reshape(*here.shape[:-2], -1)[..., self._data] / len(self._streams)
        return scales, (n0[..., 0] + error).astype(np.float32)

    def __call__(self, received, scales):
        """received: complex [T, R, symbols, fft_size] with all pilots; scales: D of each stream. Returns the
        estimates on the data resource elements, complex [T, R, streams, K]."""
        import tensorflow as tf

        found = []
        for ((symbols, carriers), unsent, (a_t, b_t, a_f, b_f), _), scale in zip(self._streams, scales, strict=True):
            y = tf.gather(tf.gather(received, symbols, axis=2), carriers, axis=3) * unsent
            if self.lmmse:
                y = scale * tf.einsum("ap,trpq,bq->trab", b_t, y, b_f)
            h = tf.einsum("ia,trab,jb->trij", a_t, y, a_f)
            found.append(tf.gather(tf.reshape(h, [*h.shape[:2], -1]), self._data, axis=2))
        return tf.stack(found, axis=2)


def _wiener(correlation: np.ndarray, known: np.ndarray):
    """R_hp U, U^H and the eigenvalues of R_pp = U diag(l) U^H, those that matter. known: indices of pilots."""
    values, vectors = np.linalg.eigh(correlation[np.ix_(known, known)])
    kept = values > _NEGLIGIBLE * values[-1]
    vectors = vectors[:, kept]
    return correlation[:, known] @ vectors, vectors.conj().T, values[kept]
