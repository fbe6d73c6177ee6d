"""Rayleigh fading: no line of sight, h ~ CN(0, 1), so |h|^2 is exponential with mean 1."""

from linksim.link.channels.flat import FlatChannel
from linksim.registry import register


@register("channel", "rayleigh")
class Rayleigh(FlatChannel):
    """Rayleigh fading; slow (one gain for the burst of a picture), fast, or jakes by speed."""

    def mix(self, draw, scattered, times):
        """The scattered part alone."""
        return scattered
