"""Clustered delay lines CDL-A to CDL-E of 3GPP TR 38.901, section 7.7.1, Tables 7.7.1-1 to 7.7.1-5.

Clusters of 20 rays with the tables' delays (scaled by the RMS delay spread), mean powers and angles; phases and the
coupling of the rays' angles follow from the draw, and so does the direction of the movement. Downlink between
horizontal linear arrays of omnidirectional, vertically polarised elements half a wavelength apart, so the antennas'
correlation is that of the angles. The model is Sionna's (`sionna.phy.channel.tr38901.CDL`), driven by draws.
"""

from functools import cached_property

import numpy as np

from linksim.link.channels.tdl import Profile
from linksim.registry import register


def linear_array(antennas: int, carrier: float):
    """Sionna's `PanelArray` of omnidirectional vertical elements in a row, half a wavelength apart."""
    from sionna.phy.channel.tr38901 import PanelArray

    return PanelArray(num_rows_per_panel=1, num_cols_per_panel=antennas, polarization="single",
                      polarization_type="V", antenna_pattern="omni", carrier_frequency=carrier, precision="double")


class Cdl(Profile):
    """What the five profiles share."""

    @cached_property
    def _model(self):
        import tensorflow as tf
        from sionna.phy.channel.tr38901 import CDL

        config = self.config
        with tf.device("CPU:0"):
            arrays = [linear_array(antennas, config.carrier) for antennas in (self.receive, self.transmit)]
            return CDL(self.type_name[-1].upper(), config.delay_spread, config.carrier, *arrays, "downlink",
                       min_speed=config.speed / 3.6, precision="double")

    @property
    def profile(self) -> tuple[np.ndarray, np.ndarray]:
        """Delays in seconds and mean powers (sum 1) of the clusters, float64 [P] each."""
        return self._model.delays.numpy(), self._model.powers.numpy()


@register("channel", "cdl-a")
class CdlA(Cdl):
    """38.901 CDL-A: 23 clusters, no line of sight."""


@register("channel", "cdl-b")
class CdlB(Cdl):
    """38.901 CDL-B: 23 clusters, no line of sight."""


@register("channel", "cdl-c")
class CdlC(Cdl):
    """38.901 CDL-C: 24 clusters, no line of sight."""


@register("channel", "cdl-d")
class CdlD(Cdl):
    """38.901 CDL-D: 13 clusters and a line of sight, K = 13.3 dB on the first."""


@register("channel", "cdl-e")
class CdlE(Cdl):
    """38.901 CDL-E: 14 clusters and a line of sight, K = 22 dB on the first."""
