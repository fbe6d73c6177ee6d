"""Random numbers keyed by draw: the same for every scheme, SNR, tile, worker and order.

A row's stream is Philox 4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with

    key = (seed, purpose)    counter = (0, attempt, realisation, picture)

A stream moves the lowest word of the counter alone, so no two streams ever meet. They are drawn with NumPy,
outside compiled code: TensorFlow's numbers differ between eager, graph and XLA for one seed.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from linksim.link.burst import Draw

_CALIBRATION = 1 << 62  # added to the seed, so that calibration and test share no draw even on equal indices


def normal(draw: Draw, purpose: str, count: int) -> np.ndarray:
    """Circular complex normal numbers CN(0, 1): E|x|^2 = 1, each real dimension of variance 1/2.

    purpose: what they are for ("gain", "noise", ...); different purposes are independent.
    Returns complex64 [B, count]. A longer row begins with the shorter one; rows don't depend on each other.
    """
    rows = np.empty((len(draw.picture), 2 * count), np.float32)
    for row, generator in zip(rows, generators(draw, purpose), strict=True):
        generator.standard_normal(out=row, dtype=np.float32)
    rows *= np.float32(np.sqrt(0.5))
    return rows.view(np.complex64)


def uniform(draw: Draw, purpose: str, count: int) -> np.ndarray:
    """Numbers uniform on [0, 1), float64 [B, count]; rows as in `normal`."""
    rows = np.empty((len(draw.picture), count))
    for row, generator in zip(rows, generators(draw, purpose), strict=True):
        generator.random(out=row)
    return rows


def generators(draw: Draw, purpose: str) -> Iterator[np.random.Generator]:
    """One generator a row, at the start of its stream for that purpose."""
    key = np.array([draw.seed, _code(purpose)], np.uint64)
    for picture, realisation in zip(draw.picture, draw.realisation, strict=True):
        counter = np.array([0, draw.attempt, realisation, picture], np.uint64)
        yield np.random.Generator(np.random.Philox(key=key, counter=counter))


def calibration_draw(seed: int, pictures, realisations: int) -> Draw:
    """Draws to choose parameters on; they share nothing with the sweep's draws of the same seed.

    pictures: how many, or their indices (int [C]). Returns C * realisations rows, the realisations of a
    picture side by side: row c * realisations + r.
    """
    pictures = np.arange(pictures) if np.isscalar(pictures) else np.asarray(pictures)
    return Draw(seed + _CALIBRATION, np.repeat(pictures, realisations).astype(np.int64),
                np.tile(np.arange(realisations, dtype=np.int64), len(pictures)))


def _code(purpose: str) -> int:
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")
