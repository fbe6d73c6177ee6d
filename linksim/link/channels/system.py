"""Urban micro, urban macro and rural macro cells of 3GPP TR 38.901, sections 7.2 to 7.5: UMi, UMa, RMa.

Every draw drops one terminal uniformly into a 120 degree sector and draws its state (indoors, line of sight or not),
large-scale parameters (delay spread, angular spreads, K-factor), clusters and rays anew. Path loss and shadow fading
are off: the SNR is set by the scenario. Downlink between horizontal linear arrays of omnidirectional, vertically
polarised elements half a wavelength apart; the terminal is held upright, its bearing is random. So E|h|^2 = 1 in every
drop, over its rays' phases. The models are Sionna's (`sionna.phy.channel.tr38901`), driven by draws.
"""

from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field

from linksim.link.burst import Draw
from linksim.link.channels.base import MovingConfig
from linksim.link.channels.cdl import linear_array
from linksim.link.channels.keyed import SionnaChannel, significant_delay
from linksim.registry import register


class CellConfig(MovingConfig):
    """distance: of the terminal to the base station on the ground in m; null: anywhere in the sector. indoor: share
    of terminals indoors. los: whether terminals outdoors have a line of sight; null: by 38.901's probability, which
    falls with distance. speed of the terminal in km/h. carrier in Hz, 0.5 to 100 GHz."""

    distance: Annotated[float, Field(ge=10, le=10_000)] | None = None
    indoor: Annotated[float, Field(ge=0, le=1)] = 0.8
    los: bool | None = None
    speed: Annotated[float, Field(ge=0, le=1000)] = 3.0
    carrier: Annotated[float, Field(ge=0.5e9, le=100e9)] = 3.5e9


class Cell(SionnaChannel):
    """What the three have in common."""

    Config = CellConfig
    rays = 600

    @cached_property
    def _model(self):
        import tensorflow as tf
        from sionna.phy.channel import tr38901

        sionna_class = {"umi": tr38901.UMi, "uma": tr38901.UMa, "rma": tr38901.RMa}[self.type_name]
        outside = () if self.type_name == "rma" else ("low",)  # RMa has one model for the loss through walls
        carrier = self.config.carrier
        with tf.device("CPU:0"):
            terminal, base = (linear_array(antennas, carrier) for antennas in (self.receive, self.transmit))
            model = sionna_class(carrier, *outside, terminal, base, "downlink", enable_pathloss=False,
                                 enable_shadow_fading=False, precision="double")
            # Table 7.5-3 is antisymmetric; Sionna 1.2 has -0.1481 where the table has -1.1481
            offsets = model._ray_sampler._ray_offsets.numpy()
            offsets[1::2] = -offsets[::2]
            model._ray_sampler._ray_offsets = tf.constant(offsets)
            model._scenario._carrier_frequency = np.float64(carrier)  # a tensor's `if` can't be traced
        return model

    def sample(self, rows, count, frequency):
        """A drop per row, then its impulse responses."""
        import tensorflow as tf
        from sionna.phy.channel import gen_single_sector_topology

        config, model, speed = self.config, self._model, self.config.speed / 3.6
        terminal, base, bearing, tilt, velocity, inside = gen_single_sector_topology(
            rows, 1, self.type_name, indoor_probability=config.indoor, min_ut_velocity=speed, max_ut_velocity=speed,
            precision="double")
        if config.distance is not None:
            ground, height = terminal[..., :2], terminal[..., 2:]
            terminal = tf.concat([ground / tf.norm(ground, axis=-1, keepdims=True) * config.distance, height], -1)
        upright = tf.constant([1, 0, 0], tf.float64)  # a tilt would turn the polarisation and lose power
        model.set_topology(terminal, base, bearing * upright, tilt * upright, velocity, inside, config.los)
        return model(count, frequency)

    @cached_property
    def spread_s(self) -> float:
        """In 90 of 100 drops 99 % of the power has arrived by then (64 drops, always the same)."""
        drops = self.paths(Draw(0, np.arange(64), np.zeros(64, np.int64)), 1, 1.0)
        powers = np.mean(np.abs(drops.gains) ** 2, axis=(1, 2, 4), dtype=np.float64)
        last = [significant_delay(d, p, 0.99) for d, p in zip(drops.delays, powers, strict=True)]
        return float(np.quantile(last, 0.9))


@register("channel", "umi")
class UMi(Cell):
    """38.901 urban micro, street canyon: base station at 10 m, sites 200 m apart."""


@register("channel", "uma")
class UMa(Cell):
    """38.901 urban macro: base station at 25 m, sites 500 m apart."""


@register("channel", "rma")
class RMa(Cell):
    """38.901 rural macro: base station at 35 m, sites 5 km apart."""

    class Config(CellConfig):
        indoor: Annotated[float, Field(ge=0, le=1)] = 0.5
        carrier: Annotated[float, Field(ge=0.5e9, le=30e9)] = 3.5e9
