"""Semantic-aware models with nothing of their own to learn: the detector itself, and bounds and controls for those that
do."""

from hashlib import blake2b
from typing import get_args

import numpy as np

from linksim.errors import UserError
from linksim.schemes.sesc.awareness.base import Awareness
from linksim.schemes.sesc.importance import Aim, energy_share, importance_for

SURE = 0.1  # score from which a find counts, as when `task` is taught


class Everything(Awareness):
    """Weight 1 everywhere: nothing is left out."""

    def __init__(self, grid: int):
        self.grid = grid

    def weigh(self, images):
        return np.ones((len(images), self.grid, self.grid), np.float32)

    def key(self):
        return "all"


class Random(Awareness):
    """Uniform weights in [0, 1), drawn from the picture's own bytes: the same in every process and any batch."""

    def __init__(self, grid: int, seed: int):
        self.grid, self.seed = grid, seed

    def weigh(self, images):
        return np.stack([self._one(np.ascontiguousarray(image)) for image in images])

    def key(self):
        return "random", self.seed

    def _one(self, image: np.ndarray) -> np.ndarray:
        content = int.from_bytes(blake2b(image.tobytes(), digest_size=16).digest())
        return np.random.default_rng((self.seed, content)).random((self.grid, self.grid), np.float32)


class Oracle(Awareness):
    """What `task` learns to predict: the importance of the detector's own finds on the clean picture, by aim. Energy
    alone, with no finds, where the aim is reconstruction: no oracle then, for a transmitter can compute it."""

    name, sure, shape = "oracle", SURE, {}

    def __init__(self, task, grid: int, aim: str = "detection"):
        if aim not in get_args(Aim):
            raise UserError(f"aim: should be one of {', '.join(get_args(Aim))} (found {aim!r})")
        if aim != "reconstruction" and not hasattr(task, "observe"):
            raise UserError(f"awareness: {self.name} needs a task that finds boxes, {type(task).__name__} doesn't")
        self.task, self.grid, self.aim = task, grid, aim

    def weigh(self, images):
        if self.aim == "reconstruction":
            return np.stack([energy_share(image, image.shape[0] // self.grid) for image in images])
        found = self.task.observe(images)
        return np.stack([self._one(*pair) for pair in zip(images, found, strict=True)])

    def key(self):
        return self.name, self.aim

    def _one(self, image: np.ndarray, found: dict) -> np.ndarray:
        if "boxes" not in found:
            raise UserError("awareness: oracle needs a task that finds boxes (type: detection), "
                            f"{type(self.task).__name__} finds {', '.join(found) or 'nothing'}; use awareness: task")
        sure = found["scores"] >= self.sure
        finds = found["boxes"][sure], found["scores"][sure]
        return np.clip(importance_for(self.aim, image, *finds, image.shape[0] // self.grid, **self.shape), 0, 1)


class Finds(Oracle):
    """A transmitter that runs the receiver's detector to its end: the importance of everything it finds, the faintest
    too, so that a picture without a sure find keeps what is around its best one. Margins are whole and end steeply:
    raising mu gives up finds of low score before it trims what is around the others."""

    name, sure, shape = "finds", 0.0, {"reach": 1.25, "steepness": 4.0}
