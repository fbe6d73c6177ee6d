"""One quality for all pictures at a given mean of channel uses: easy pictures pay for hard ones."""

from collections.abc import Callable

import numpy as np

from baselines.codecs.base import ImageCodec
from baselines.separate.pictures import Pictures

LADDER_DB = np.round(np.arange(14.0, 46.01, 0.1), 1)  # PSNR asked for


def common_quality(codec: ImageCodec, pictures: Pictures, uses_of: Callable[[np.ndarray], np.ndarray],
                   mean_uses: float) -> float | None:
    """The highest PSNR in dB at which pictures cost on average `mean_uses` at most.

    uses_of: bytes int64 [B] -> channel uses [B]. None where even the lowest quality of LADDER_DB costs more.
    By bisection with real codestreams; the codec remembers them, so another MCS begins with known ones.
    """
    def affordable(rung):
        sizes = np.array([len(c) for c in codec.to_quality(pictures.images, LADDER_DB[rung], pictures.hints)])
        return np.mean(uses_of(sizes)) <= mean_uses

    low, high = -1, len(LADDER_DB)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if affordable(middle) else (low, middle)
    return float(LADDER_DB[low]) if low >= 0 else None
