"""Random numbers of one picture, and parameter values that no two splits share.

A picture's generator is NumPy's Philox keyed by SeedSequence((split code, index)): the same on every machine.
Whatever describes shape or texture is drawn by `Draws.shape`: its unit interval is cut into 3 x CELLS cells
and a split owns every third one, so all splits cover the whole range and none has a value of another.
"""

import numpy as np

SPLITS = ("train", "calibration", "test")
CELLS = 16


def interleave(unit: np.ndarray, code: int) -> np.ndarray:
    """Uniform values in [0, 1), any shape, moved into the cells that split `code` (0 to 2) owns."""
    cell = np.floor(unit * CELLS)
    return (len(SPLITS) * cell + code + np.minimum(unit * CELLS - cell, 1 - 1e-9)) / (len(SPLITS) * CELLS)


class Draws:
    """Draws of one picture. `log`: the unit values (float64 arrays) behind shape and texture parameters."""

    def __init__(self, split: str, index: int):
        self.code = SPLITS.index(split)
        self.rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((self.code, int(index)))))
        self.log: list[np.ndarray] = []

    def shape(self, low: float, high: float, count: int | None = None):
        """Shape or texture parameters, uniform in [low, high): a float, or float64 [count]."""
        unit = interleave(self.rng.random(1 if count is None else count), self.code)
        self.log.append(unit)
        value = low + (high - low) * unit
        return float(value[0]) if count is None else value

    def place(self, low: float, high: float, count: int | None = None):
        """Where things are (positions, order): uniform in [low, high), shared by all splits."""
        return self.rng.uniform(low, high, count)
