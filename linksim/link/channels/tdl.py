"""Tapped delay lines TDL-A to TDL-E of 3GPP TR 38.901, section 7.7.2, Tables 7.7.2-1 to 7.7.2-5.

Taps with the tables' mean powers and delays (scaled by the RMS delay spread). Each fades by itself: a sum of 20
sinusoids with Clarke's Doppler spectrum, that of D and E's first tap beside a line of sight that arrives at 45 degrees
to the movement. Antennas are uncorrelated. The model is Sionna's (`sionna.phy.channel.tr38901.TDL`), driven by draws.
"""

from abc import abstractmethod
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field

from linksim.link.channels.base import MovingConfig
from linksim.link.channels.keyed import SionnaChannel, significant_delay
from linksim.registry import register


class ClusterConfig(MovingConfig):
    """delay_spread: RMS, in seconds (38.901 Table 7.7.3-1: 30e-9 short, 100e-9 nominal, 300e-9 long, in offices and
    streets). speed of the moving end in km/h. carrier in Hz, 0.5 to 100 GHz."""

    delay_spread: Annotated[float, Field(gt=0, le=1e-4)] = 100e-9
    speed: Annotated[float, Field(ge=0, le=40_000)] = 3.0
    carrier: Annotated[float, Field(ge=0.5e9, le=100e9)] = 3.5e9


class Profile(SionnaChannel):
    """What TDL and CDL share: a Sionna model of one of 38.901's tables, in `_model`."""

    Config = ClusterConfig

    def sample(self, rows, count, frequency):
        """As Sionna's model does."""
        return self._model(rows, count, frequency)

    @property
    @abstractmethod
    def profile(self) -> tuple[np.ndarray, np.ndarray]:
        """Delays in seconds and mean powers (sum 1), float64 [P] each."""

    @cached_property
    def spread_s(self) -> float:
        return significant_delay(*self.profile)


class Tdl(Profile):
    """What the five profiles share."""

    @cached_property
    def _model(self):
        import tensorflow as tf
        from sionna.phy.channel.tr38901 import TDL

        config = self.config
        with tf.device("CPU:0"):
            return TDL(self.type_name[-1].upper(), config.delay_spread, config.carrier,
                       min_speed=config.speed / 3.6, num_rx_ant=self.receive, num_tx_ant=self.transmit,
                       precision="double")

    @property
    def profile(self) -> tuple[np.ndarray, np.ndarray]:
        """Delays in seconds and mean powers (sum 1) of the taps, float64 [P] each."""
        return self._model.delays.numpy(), self._model.mean_powers.numpy()


@register("channel", "tdl-a")
class TdlA(Tdl):
    """38.901 TDL-A: 23 taps, no line of sight."""


@register("channel", "tdl-b")
class TdlB(Tdl):
    """38.901 TDL-B: 23 taps, no line of sight."""


@register("channel", "tdl-c")
class TdlC(Tdl):
    """38.901 TDL-C: 24 taps, no line of sight."""


@register("channel", "tdl-d")
class TdlD(Tdl):
    """38.901 TDL-D: 13 taps, line of sight with K = 13.3 dB on the first."""


@register("channel", "tdl-e")
class TdlE(Tdl):
    """38.901 TDL-E: 14 taps, line of sight with K = 22 dB on the first."""
