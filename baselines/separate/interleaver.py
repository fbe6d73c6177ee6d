"""Payload symbols spread over the burst, where the channel changes within it.

A code block sent in one piece meets one fade, and the worst of them loses the transport block. Symbol i goes to the
rank of the fractional part of i (sqrt(5) - 1) / 2 among all symbols: every stretch of symbols lies evenly over the
whole burst (Knuth, "The Art of Computer Programming" 3, section 6.4, theorem S). Both ends know the number of symbols
from the header, so it costs nothing.
"""

from functools import lru_cache

import numpy as np


def spread(symbols: np.ndarray, length: np.ndarray) -> np.ndarray:
    """[B, N], of which length int [B] count -> the same, each row's in the order of the air."""
    return _moved(symbols, length, 1, _places)


def gathered(values: np.ndarray, length: np.ndarray, factor: int = 1) -> np.ndarray:
    """Inverse of `spread`, for [B, N * factor] with `factor` values per symbol side by side (LLRs)."""
    return _moved(values, length, factor, lambda n: np.argsort(_places(n)))


def _moved(values, length, factor, places):
    out = values.copy()
    for row, n in enumerate(np.asarray(length).tolist()):
        if n > 1:
            out[row, : n * factor].reshape(n, factor)[places(n)] = values[row, : n * factor].reshape(n, factor)
    return out


@lru_cache(maxsize=4096)
def _places(n: int) -> np.ndarray:
    """int64 [n], where each symbol goes."""
    turns = np.arange(n) * ((5**0.5 - 1) / 2) % 1
    places = np.empty(n, np.int64)
    places[np.argsort(turns, kind="stable")] = np.arange(n)
    return places
