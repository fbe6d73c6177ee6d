"""The contract of a task: look at received pictures, keep one observation a picture, score many."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict


class TaskConfig(BaseModel):
    """Keys every task understands."""

    model_config = ConfigDict(extra="forbid")
    type: str


class Task(ABC):
    """Judges pictures. Knows nothing of schemes, SNR or channels."""

    Config: ClassVar[type[TaskConfig]] = TaskConfig
    metric: ClassVar[str]  # the headline key of `score`, e.g. "ap50"
    metric_label: ClassVar[str]  # for axes, with the protocol, e.g. "AP50 (COCO, IoU .5)"
    compares: ClassVar[bool] = False  # True where `compare` looks at the pictures that were sent

    def __init__(self, config: TaskConfig, classes: tuple[str, ...]):
        """classes: names that count, from the source."""
        self.config, self.classes = config, classes

    @abstractmethod
    def observe(self, images: np.ndarray) -> list[dict[str, np.ndarray]]:
        """What the receiver finds in pictures uint8 [B, H, W, 3]: one dict of arrays per picture, storable as a
        row (detection: boxes float32 [K, 4] in pixels of the picture, scores float32 [K], labels int32 [K]
        indexing `classes`)."""

    def compare(self, images: np.ndarray, sent: np.ndarray) -> list[dict[str, np.ndarray]]:
        """What is kept of received pictures uint8 [B, H, W, 3], for a judge who also has those that were sent, uint8
        [B, H, W, 3]. The engine calls this one; a task that `compares` defines it, for any other it is `observe`."""
        return self.observe(images)

    @abstractmethod
    def score(self, observations: list[dict], truths: list, pictures: np.ndarray, bootstrap: int = 0,
              seed: int = 0) -> dict[str, float]:
        """Metrics over all rows. pictures: int [R], which picture a row shows (the bootstrap's cluster).
        Keys: the metric, and with bootstrap > 0 also `<metric>_lo` and `<metric>_hi` (95 % percentile interval).

        `<metric>_resampled`, float64 [bootstrap], may stand beside them: the metric over every resample. Which pictures
        a resample has depends on the seed and on how many there are alone, so that two schemes judged on the same
        pictures can be compared resample by resample."""
