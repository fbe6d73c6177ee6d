"""What a semantic-aware model is, and how a scheme gets one by its name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from difflib import get_close_matches

import numpy as np

from linksim.errors import UserError

NAMES = ("task", "finds", "entropy", "random", "oracle", "all")


class Awareness(ABC):
    """Weighs the features of pictures, one feature to a 16 x 16 patch."""

    @abstractmethod
    def weigh(self, images: np.ndarray) -> np.ndarray:
        """Importance float32 [B, h, w] in [0, 1] of every feature, for pictures uint8 [B, S, S, 3]."""

    @abstractmethod
    def key(self) -> Hashable:
        """Models of equal key give equal weights: schemes may share an analysis."""


def build(name: str, *, arrays: dict[str, np.ndarray], card: dict, task, grid: int, tile: int = 16, seed: int = 0,
          aim: str | None = None, features: Callable[[np.ndarray], np.ndarray] | None = None) -> Awareness:
    """The model `name`, one of NAMES.

    arrays, card: of the codec's weights; `task` reads `awareness/*` (or `awareness_<aim>/*`), `entropy` `entropy/*`.
    task: the judge (`linksim.tasks`), whose detector `task`, `finds` and `oracle` read.
    grid: features along a side of the picture. tile: rows of a compiled stage. seed: of `random`.
    aim: what the weights are to serve; None or "detection" is the detector.
    features: for `entropy`, the codec's features float [B, grid * grid, V] of pictures uint8 [B, S, S, 3], all kept.
    UserError: no such model, or the weights lack what it needs.
    """
    if name not in NAMES:
        near = get_close_matches(str(name), NAMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UserError(f"awareness: no semantic-aware model {name!r}{hint} Known: {', '.join(NAMES)}.")
    if aim not in (None, "detection") and name not in ("task", "finds", "oracle"):
        raise UserError(f"aim: {aim!r} is for awareness: task alone, whose network is taught for an aim, finds and "
                        f"oracle (found awareness: {name}); leave aim out")
    if name == "task":
        from linksim.schemes.sesc.awareness.task import TaskAwareness

        return TaskAwareness(arrays, card, task, grid, tile, aim)
    if name == "entropy":
        from linksim.schemes.sesc.awareness.entropy import EntropyAwareness

        return EntropyAwareness(arrays, card, grid, features)
    from linksim.schemes.sesc.awareness.plain import Everything, Finds, Oracle, Random

    if name in ("finds", "oracle"):
        return (Finds if name == "finds" else Oracle)(task, grid, aim or "detection")
    return Random(grid, seed) if name == "random" else Everything(grid)


def identity(card: dict) -> str:
    """What tells weights apart: their digest, or before they are saved their name."""
    return card.get("sha256") or card["name"]


def stored_as(aim: str) -> str:
    """The part of a weights file that holds the semantic-aware model for an aim."""
    return "awareness" if aim == "detection" else f"awareness_{aim}"


def power_as(aim: str) -> str:
    """The array of a weights file that holds the power to which that model's weights are raised, where it has one."""
    return f"powers/{aim}"
