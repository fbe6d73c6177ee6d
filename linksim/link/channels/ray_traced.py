"""Ray-traced scenes: the channel between a base station and places in a city, by Sionna RT.

`positions` receivers are dropped into a rectangle and traced once, when the link is built; a draw chooses one of those
that any path reaches. Vertical omnidirectional elements half a wavelength apart; specular reflection and refraction up
to `depth` times. A receiver moves in a direction of its own, so every path turns at its Doppler shift. One constant
for the whole scene makes the mean power 1: near places stay strong.

Needs the extra `rt` (pip install "linksim[rt]") and, on a CPU, the LLVM library.
"""

from importlib.util import find_spec
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from linksim.errors import UserError
from linksim.link.channels.base import MovingConfig
from linksim.link.channels.recorded import Recorded, Table
from linksim.registry import register


@register("channel", "ray-traced")
class RayTraced(Recorded):
    """A ray-traced scene (needs the extra rt)."""

    class Config(MovingConfig):
        """scene: name of one of Sionna's scenes (munich, florence, etoile, ...) or path of a Mitsuba .xml file.
        transmitter: x, y, z in m. area: corner and opposite corner (x, y) of the receivers' rectangle, in m; height
        of theirs above ground in m. speed in km/h, carrier in Hz."""

        scene: str = "munich"
        transmitter: tuple[float, float, float] = (8.5, 21.0, 27.0)
        area: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 30.0), (90.0, 110.0))
        height: Annotated[float, Field(gt=0)] = 1.5
        positions: Annotated[int, Field(ge=1, le=5000)] = 200
        depth: PositiveInt = 4
        speed: Annotated[float, Field(ge=0, le=1000)] = 3.0

        @model_validator(mode="after")
        def _has_area(self):
            (x0, y0), (x1, y1) = self.area
            if x0 == x1 or y0 == y1:
                raise ValueError(f"area should have two different corners (found {self.area})")
            return self

    def read(self) -> Table:
        """Trace the scene; UserError without Sionna RT, where there is no such scene or where no path arrives."""
        if not find_spec("sionna.rt"):
            raise UserError('link.channel.model: ray-traced needs Sionna RT, which is not installed; pip install '
                            '"linksim[rt]", or take another channel, e.g. umi')
        try:
            from sionna import rt
        except (ImportError, RuntimeError, OSError) as error:
            raise UserError(f"link.channel.model: Sionna RT doesn't start: {error}") from error
        config, scene = self.config, self._scene(rt)
        scene.frequency = config.carrier
        scene.tx_array, scene.rx_array = (
            rt.PlanarArray(num_rows=1, num_cols=antennas, vertical_spacing=0.5, horizontal_spacing=0.5, pattern="iso",
                           polarization="V") for antennas in (self.transmit, self.receive))
        scene.add(rt.Transmitter("base station", position=list(config.transmitter)))
        random = np.random.default_rng(0)
        for i, place in enumerate(random.uniform(*np.sort(config.area, axis=0), (config.positions, 2))):
            angle = random.uniform(0, 2 * np.pi)
            velocity = config.speed / 3.6 * np.array([np.cos(angle), np.sin(angle), 0])
            scene.add(rt.Receiver(f"receiver {i}", position=[*map(float, place), config.height],
                                  velocity=[float(v) for v in velocity]))
        found = rt.PathSolver()(scene, max_depth=config.depth, synthetic_array=True)
        gains, delays = found.cir(normalize_delays=False, out_type="numpy")
        gains, delays = gains[:, :, 0, :, :, 0], delays[:, 0]  # [M, R, T, P], [M, P]
        doppler = found.doppler.numpy()[:, 0] if config.speed else None
        reached = np.abs(gains).max(axis=(1, 2, 3), initial=0) > 0
        if not reached.any():
            raise UserError(f"link.channel: no path of up to {config.depth} interactions leads from transmitter "
                            f"{config.transmitter} into area {config.area} of scene {config.scene}")
        return Table(gains[reached][..., None], delays[reached], doppler=None if doppler is None else doppler[reached])

    def _scene(self, rt):
        known = [name for name in dir(rt.scene) if isinstance(path := getattr(rt.scene, name), str)
                 and path.endswith(".xml")]
        name = self.config.scene
        if name not in known and not name.endswith(".xml"):
            raise UserError(f"link.channel.scene: should be the path of an .xml file or one of {', '.join(known)} "
                            f"(found {name!r})")
        try:
            return rt.load_scene(getattr(rt.scene, name) if name in known else name)
        except (RuntimeError, OSError, ValueError) as error:
            raise UserError(f"link.channel.scene: {name!r} can't be loaded: {error}") from error
