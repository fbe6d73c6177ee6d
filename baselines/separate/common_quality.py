"""One quality for all pictures at a given mean of channel uses: easy pictures pay for hard ones.

Sizes are measured on a ladder of qualities, once for all MCS. Between the rungs log(bytes) is taken as linear
in the PSNR, and what is found is checked with real codestreams.
"""

from collections.abc import Callable

import numpy as np

from baselines.codecs.jpeg2000 import Jpeg2000

LADDER_DB = np.arange(14.0, 46.1, 2.0)  # PSNR asked for
_STEP_DB = 0.05


def size_ladder(codec: Jpeg2000, images: np.ndarray) -> np.ndarray:
    """log of bytes, float64 [B, Q], for pictures uint8 [B, H, W, 3] at LADDER_DB."""
    return np.log([[len(c) for c in codec.to_quality(images, q)] for q in LADDER_DB]).T


def common_quality(codec: Jpeg2000, images: np.ndarray, ladder: np.ndarray,
                   uses_of: Callable[[np.ndarray], np.ndarray], mean_uses: float) -> float | None:
    """The highest common quality in dB (PSNR) at which pictures cost at most `mean_uses` on average.

    ladder: `size_ladder` of the pictures. uses_of: bytes int64 [B] -> channel uses [B]. None where even the
    lowest quality of the ladder costs more.
    """
    def interpolated(quality):
        sizes = np.exp([np.interp(quality, LADDER_DB, row) for row in ladder])
        return np.mean(uses_of(np.ceil(sizes).astype(np.int64)))

    def real(quality):
        return np.mean(uses_of(np.array([len(c) for c in codec.to_quality(images, quality)])))

    low, high = LADDER_DB[0], LADDER_DB[-1]
    while high - low > _STEP_DB / 4:
        middle = (low + high) / 2
        low, high = (middle, high) if interpolated(middle) <= mean_uses else (low, middle)
    quality = round(float(low), 2)
    while quality >= LADDER_DB[0]:
        if real(quality) <= mean_uses:
            return quality
        quality = round(quality - _STEP_DB, 2)
    return None
