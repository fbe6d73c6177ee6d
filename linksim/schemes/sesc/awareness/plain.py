"""Semantic-aware models that learn nothing: bounds and controls for those that do."""

from hashlib import blake2b

import numpy as np

from linksim.errors import UserError
from linksim.schemes.sesc.awareness.base import Awareness
from linksim.schemes.sesc.importance import importance

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
    """What `task` learns to predict: the importance of the detector's own finds on the clean picture."""

    def __init__(self, task, grid: int):
        if not hasattr(task, "observe"):
            raise UserError(f"awareness: oracle needs a task that finds boxes, {type(task).__name__} doesn't")
        self.task, self.grid = task, grid

    def weigh(self, images):
        return np.stack([self._one(found, images.shape[1]) for found in self.task.observe(images)])

    def key(self):
        return "oracle"

    def _one(self, found: dict, size: int) -> np.ndarray:
        if "boxes" not in found:
            raise UserError("awareness: oracle needs a task that finds boxes (type: detection), "
                            f"{type(self.task).__name__} finds {', '.join(found) or 'nothing'}; use awareness: task")
        sure = found["scores"] >= SURE
        return np.clip(importance(found["boxes"][sure], found["scores"][sure], size, size // self.grid), 0, 1)
