"""Many tests at once: Holm's step-down keeps the chance of a single false alarm among all of them below the level.

S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979. It holds whatever
the dependence between the tests.
"""

import numpy as np

LEVEL = 0.01


def adjust(p) -> np.ndarray:
    """p-values [m] -> Holm's adjusted p-values float64 [m]; a test fails where its own is below the level."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    out = np.empty_like(p)
    out[order] = np.minimum(stepped, 1.0)
    return out
