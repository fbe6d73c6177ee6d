"""Shadowed Rician fading of a land mobile satellite link: a line of sight that trees and buildings shadow.

    h = z h_los + sqrt(2 b) h_scattered,      z^2 ~ Gamma(m, omega / m),      divided by sqrt(2 b + omega)

Abdi, Lau, Alouini and Kaveh, "A new simple model for land mobile satellite channels", IEEE Trans. Wireless Commun.
2(3), 2003: Nakagami shadowing in place of the lognormal of Loo (IEEE Trans. Veh. Technol. 34(3), 1985). The three
parameter sets are its fits to Loo's measurements (Table III). Shadowing is slow: one z for a burst.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from linksim.link.channels.flat import FlatChannel, FlatConfig, line_of_sight
from linksim.link.draws import uniform
from linksim.registry import register

SHADOWING = {"light": (0.158, 19.4, 1.29), "average": (0.126, 10.1, 0.835), "heavy": (0.063, 0.739, 8.97e-4)}


@register("channel", "shadowed-rician")
class ShadowedRician(FlatChannel):
    """Satellite link with a shadowed line of sight (Abdi 2003); shadowing light, average, heavy, or b, m, omega."""

    class Config(FlatConfig):
        """shadowing: a published set; or all three of b (half the scattered power), m (>= 0.5; the larger, the
        steadier the line of sight) and omega (power of the line of sight)."""

        shadowing: Literal["light", "average", "heavy"] = "average"
        b: Annotated[float, Field(gt=0)] | None = None
        m: Annotated[float, Field(ge=0.5, le=1000)] | None = None
        omega: Annotated[float, Field(ge=0)] | None = None

        @model_validator(mode="after")
        def _all_or_none(self):
            given = [name for name in ("b", "m", "omega") if getattr(self, name) is not None]
            if given and len(given) < 3:
                raise ValueError(f"b, m and omega belong together (found only {', '.join(given)}); give all three, "
                                 "or none and choose shadowing: light, average or heavy")
            return self

        @property
        def parameters(self) -> tuple[float, float, float]:
            """b, m, omega."""
            return SHADOWING[self.shadowing] if self.b is None else (self.b, self.m, self.omega)

    def mix(self, draw, scattered, times):
        """complex [B, R, T, N, F]; all antennas share the shadow."""
        from scipy.special import gammaincinv

        b, m, omega = self.config.parameters
        z = np.sqrt(gammaincinv(m, uniform(draw, "shadow", 1)) * omega / m)[..., None, None, None]
        los = line_of_sight(draw, self.receive, self.transmit, self.doppler_hz, times)
        return (z * los + np.sqrt(2 * b) * scattered) / np.sqrt(2 * b + omega)
