"""Rayleigh fading: no line of sight, h ~ CN(0, 1), so |h|^2 is exponential with mean 1."""

from typing import Literal

import numpy as np

from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, ChannelConfig
from linksim.link.draws import normal
from linksim.registry import register


@register("channel", "rayleigh")
class Rayleigh(Channel):
    """Rayleigh fading; slow: one gain for the whole burst of a picture."""

    class Config(ChannelConfig):
        fading: Literal["slow"] = "slow"

    def response(self, draw: Draw, slots: int, symbols: int, subcarriers: int) -> np.ndarray:
        """complex64 [B, 1, 1, 1], h ~ CN(0, 1)."""
        return normal(draw, "gain", 1)[:, :, None, None]
