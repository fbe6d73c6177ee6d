"""Scrambling of coded bits after 3GPP TS 38.211, section 7.3.1.1, by the length-31 Gold sequence of 5.2.1."""

from functools import lru_cache

import numpy as np

SKIPPED = 1600  # Nc: steps of both registers before the sequence begins


def c_init(rnti: int, identity: int = 0, codeword: int = 0) -> int:
    """Start value of a PDSCH's sequence: n_RNTI 2^15 + q 2^14 + n_ID."""
    return (rnti << 15) + (codeword << 14) + identity


def gold(start: int, count: int) -> np.ndarray:
    """uint8 [count], c(0) .. c(count - 1) for c_init = start, 0 <= start < 2^31. Read-only."""
    if not 0 <= start < 1 << 31:
        raise ValueError(f"c_init must lie in 0..{(1 << 31) - 1}, got {start}")
    return _gold(start, 1 << max(10, int(count - 1).bit_length()))[:count]


@lru_cache(maxsize=16)
def _gold(start: int, count: int) -> np.ndarray:
    total = SKIPPED + count
    x1, x2 = np.zeros(total + 31, np.uint8), np.zeros(total + 31, np.uint8)
    x1[0] = 1
    x2[:31] = start >> np.arange(31) & 1
    # x1(n + 31) = x1(n + 3) + x1(n); x2(n + 31) = x2(n + 3) + x2(n + 2) + x2(n + 1) + x2(n): 28 at a time
    for n in range(0, total, 28):
        end = min(n + 28, total)
        x1[n + 31 : end + 31] = x1[n + 3 : end + 3] ^ x1[n:end]
        x2[n + 31 : end + 31] = x2[n + 3 : end + 3] ^ x2[n + 2 : end + 2] ^ x2[n + 1 : end + 1] ^ x2[n:end]
    sequence = x1[SKIPPED:total] ^ x2[SKIPPED:total]
    sequence.setflags(write=False)
    return sequence
