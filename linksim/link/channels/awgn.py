"""AWGN: no fading, gain 1."""

import numpy as np

from linksim.link.burst import Draw
from linksim.link.channels.base import Channel
from linksim.registry import register


@register("channel", "awgn")
class Awgn(Channel):
    """Additive white Gaussian noise alone: h = 1."""

    def response(self, draw: Draw, slots: int, symbols: int, subcarriers: int) -> np.ndarray:
        """complex64 [B, 1, 1, 1], ones."""
        return np.ones((len(draw.picture), 1, 1, 1), np.complex64)
