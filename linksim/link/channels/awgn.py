"""AWGN: no fading, gain 1."""

import numpy as np

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, ChannelConfig, Paths
from linksim.registry import register


@register("channel", "awgn")
class Awgn(Channel):
    """Additive white Gaussian noise alone: h = 1."""

    def __init__(self, config: ChannelConfig, receive: int = 1, transmit: int = 1):
        if transmit > 1:
            raise UserError(f"channel awgn: has the same gain between all antennas, so it can't carry {transmit} "
                            "streams; set antennas.transmit: 1 or take a fading channel, e.g. rayleigh")
        super().__init__(config, receive, transmit)

    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """One path, gains [B, R, 1, 1, 1], all 1."""
        rows = len(draw.picture)
        return Paths(np.ones((rows, self.receive, 1, 1, 1), np.complex64), np.zeros((rows, 1), np.float32))

    def response(self, draw: Draw, count: int, interval: float, frequencies: np.ndarray) -> np.ndarray:
        """complex64 [B, R, 1, 1, 1], ones."""
        return self.paths(draw, count, interval).gains
