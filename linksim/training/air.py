"""Recipe `air`: no weights, but the link's noise as arrays, so that `sesc` can be trained where Sionna isn't."""

from pathlib import Path

import numpy as np


def train(out: Path, minutes: float = 0, symbols: int = 2048, seed: int = 1) -> Path:
    """Write `out` (.npz): `linksim.link.export.export_mixture`. Needs TensorFlow and Sionna; takes seconds.

    symbols: data symbols a row. seed: of the draws.
    """
    from linksim.link.export import export_mixture

    aside = Path(out).with_name(f".{Path(out).name}")
    with open(aside, "wb") as file:
        np.savez_compressed(file, **export_mixture(symbols, seed))
    aside.replace(out)
    return Path(out)
