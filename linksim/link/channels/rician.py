"""Rician fading: a line of sight beside the scatter.

    h = sqrt(K / (K + 1)) h_los + sqrt(1 / (K + 1)) h_scattered        K = 10^(k_db / 10)

|h| has Rice's distribution with unit mean square (Proakis, "Digital Communications", section 14.1). The line of sight
has a random phase and its own Doppler shift f_D cos(angle); between arrays it is one plane wave.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from linksim.link.channels.flat import FlatChannel, FlatConfig, line_of_sight
from linksim.registry import register


@register("channel", "rician")
class Rician(FlatChannel):
    """Rician fading by K-factor; slow, fast, or jakes by speed."""

    class Config(FlatConfig):
        k_db: Annotated[float, Field(ge=-20, le=40)] = 6.0

    def mix(self, draw, scattered, times):
        """complex [B, R, T, N, F]; the line of sight has power K / (K + 1)."""
        k = 10 ** (self.config.k_db / 10)
        los = line_of_sight(draw, self.receive, self.transmit, self.doppler_hz, times)
        return np.sqrt(k / (k + 1)) * los + np.sqrt(1 / (k + 1)) * scattered
