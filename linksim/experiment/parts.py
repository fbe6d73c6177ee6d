"""How a point's rows are ordered and cut into parts: what is stored at once, and lost at most.

A part is up to PART rows of one block of pictures. Rows come in picture order, the realisations of a picture side by
side; where sampling may stop early (`stop`), one realisation of all pictures comes after the other.
"""

from dataclasses import dataclass

import numpy as np

from linksim.experiment.blocks import BLOCK
from linksim.scenario import Scenario

PART = 64


@dataclass(frozen=True)
class Part:
    """number: its place in the order. block: of the pictures. picture, realisation: int64 [B] of its rows."""

    number: int
    block: int
    picture: np.ndarray
    realisation: np.ndarray

    def __len__(self) -> int:
        return len(self.picture)

    @property
    def keys(self) -> dict[str, list[int]]:
        """Columns by which its rows are known."""
        return {"picture": self.picture.tolist(), "realisation": self.realisation.tolist()}


def parts(scenario: Scenario) -> list[Part]:
    """All parts of a point, in order."""
    passes = [np.arange(scenario.realisations)]
    if getattr(scenario, "stop", None):
        passes = [np.array([realisation]) for realisation in range(scenario.realisations)]
    out = []
    for realisations in passes:
        for start in range(0, scenario.pictures, BLOCK):
            pictures = np.arange(start, min(start + BLOCK, scenario.pictures))
            picture, realisation = np.repeat(pictures, len(realisations)), np.tile(realisations, len(pictures))
            for first in range(0, len(picture), PART):
                few = slice(first, first + PART)
                out.append(Part(len(out), start // BLOCK, picture[few], realisation[few]))
    return out
