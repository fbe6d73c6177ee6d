"""The contract of a channel model: from draws to frequency responses."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from linksim.link.burst import Draw


class ChannelConfig(BaseModel):
    """Keys every channel understands; `model` is its registered name."""

    model_config = ConfigDict(extra="forbid")
    model: str


class Channel(ABC):
    """A channel model, normalised in expectation: E|h|^2 = 1 over fading, never per realisation."""

    Config: ClassVar[type[ChannelConfig]] = ChannelConfig

    def __init__(self, config: ChannelConfig):
        self.config = config

    @abstractmethod
    def response(self, draw: Draw, slots: int, symbols: int, subcarriers: int) -> np.ndarray:
        """complex64 [B, slots, symbols, subcarriers] frequency response, or a shape that broadcasts to it
        (a single gain: [B, 1, 1, 1]). A row follows from its draw alone, and more slots begin with fewer, so
        that a burst meets the same channel whatever it is sent with. Random numbers come from
        `linksim.link.draws`, never from a global generator."""
