"""The air as arrays, for training where Sionna isn't: how much noisier each symbol is than the mean SNR says.

    v_n = N0_n / N0        N0_n: noise variance that the link declares for the equalised symbol n
                           N0 = 10^(-snr_db / 10)

1 everywhere on AWGN, 1 / |h|^2 where a symbol fades with gain h. What the receiver's estimation adds counts where the
link counts it (`Reception.noise_variance`), so training's noise of variance v N0 is what a codec is told on the air.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from linksim.link.burst import Burst, Draw
from linksim.link.config import LinkConfig
from linksim.link.link import Link

_TRAINING = 1 << 61  # added to the seed: training shares no draw with a run or its calibration
_MOST = 6e4  # float16 ends at 65,504; there a symbol is lost anyway

# label -> link, rows, mean SNRs. Rows of AWGN are alike, those of fast fading all but alike.
MIXTURE = {
    "awgn": ({"channel": {"model": "awgn"}}, 16, (10.0,)),
    "rayleigh slow": ({"channel": {"model": "rayleigh"}}, 1000, (10.0,)),
    "rayleigh fast": ({"channel": {"model": "rayleigh", "fading": "fast"}}, 128, (10.0,)),
} | {
    f"{model} {speed}": ({"channel": {"model": model, "delay_spread": spread, "speed": speed}, "csi": "ls"}, 288,
                         (0.0, 8.0, 16.0))
    for model, spread in (("tdl-a", 100e-9), ("tdl-c", 300e-9)) for speed in (30, 100)
}


def export_air(link_config: LinkConfig, snr_db: float | Sequence[float], rows: int, symbols: int,
               seed: int) -> dict[str, np.ndarray]:
    """Rows of v for bursts of `symbols` data symbols, in the order they are sent.

    snr_db: mean SNR in dB; of several, rows take turns. Draws follow from (seed, row), so more rows begin with fewer;
    none is a run's.
    Returns noise float16 [rows, symbols], v without unit, at most 60,000; snr_db float32 [rows], the mean SNR at which
    a row was made, NaN where v doesn't depend on it (perfect CSI in the frequency domain)."""
    link = Link(link_config)
    turns = np.resize(np.atleast_1d(np.asarray(snr_db, np.float64)), rows)
    noise = np.empty((rows, symbols), np.float16)
    for snr in np.unique(turns):
        here = np.flatnonzero(turns == snr)
        burst = Burst(np.ones((len(here), symbols), np.complex64), np.full(len(here), symbols),
                      np.zeros((len(here), 0), np.uint8), 0)
        reception = link.transmit(burst, float(snr), Draw(seed + _TRAINING, here, np.zeros_like(here)))
        noise[here] = np.minimum(reception.noise_variance * 10 ** (snr / 10), _MOST)
    depends = link_config.csi != "perfect" or link_config.domain != "frequency"
    return {"noise": noise, "snr_db": np.where(depends, turns, np.nan).astype(np.float32)}


def export_mixture(symbols: int = 2048, seed: int = 1, share: float = 1.0) -> dict[str, np.ndarray]:
    """`MIXTURE`: AWGN, slow and fast Rayleigh with perfect CSI, TDL-A and TDL-C at 30 and 100 km/h with LS estimates.

    share: of the rows, for a quick look. Returns `export_air`'s arrays with all rows, and kind <U16, their labels."""
    parts = []
    for label, (link, rows, snr_db) in MIXTURE.items():
        part = export_air(LinkConfig(**link), snr_db, max(1, round(share * rows)), symbols, seed)
        parts.append(part | {"kind": np.full(len(part["noise"]), label, "<U16")})
    return {key: np.concatenate([part[key] for part in parts]) for key in ("noise", "kind", "snr_db")}


def load_air(path: Path) -> dict[str, np.ndarray]:
    """What recipe `air` wrote: noise, kind, snr_db."""
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in ("noise", "kind", "snr_db")}
