"""The contract of a source: labelled square pictures by index."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveInt

Split = Literal["train", "calibration", "test"]


@dataclass(frozen=True)
class Truth:
    """What is in one picture. All arrays have K rows, one per object.

    boxes: float32 [K, 4], x0 y0 x1 y1 in pixels of the square picture, edges (not pixel centres).
    labels: tuple of K class names.
    difficult: bool [K]; such objects are neither rewarded nor punished.
    """

    boxes: np.ndarray
    labels: tuple[str, ...]
    difficult: np.ndarray


class SourceConfig(BaseModel):
    """Keys every source understands. `size` is the side of the square picture in pixels."""

    model_config = ConfigDict(extra="forbid")
    type: str
    size: PositiveInt = 256


class Source(ABC):
    """Pictures of one split, addressed by index; the same index always gives the same picture."""

    Config: ClassVar[type[SourceConfig]] = SourceConfig
    classes: tuple[str, ...]

    def __init__(self, config: SourceConfig, split: Split):
        """UserError where data are missing or damaged: named, with the path."""
        self.config, self.split = config, split

    @abstractmethod
    def __len__(self) -> int:
        """How many pictures the split has."""

    @abstractmethod
    def batch(self, indices) -> tuple[np.ndarray, list[Truth]]:
        """Pictures uint8 [B, size, size, 3] (RGB) and their truths, for `indices` (B integers below len)."""
