"""The contract of a channel model: from draws to path gains and frequency responses.

    h(t, f) = sum_p a_p(t) exp(-2 pi i f tau_p)          t = 0, interval, 2 interval, ...

Gains are in the complex baseband around the carrier, f is the offset from the carrier in Hz, tau_p the excess
delay of path p.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from linksim.link.burst import Draw

SPEED_OF_LIGHT = 299_792_458.0


class ChannelConfig(BaseModel):
    """Keys every channel understands; `model` is its registered name."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    model: str


class MovingConfig(ChannelConfig):
    """Channels with a moving end. speed in km/h, carrier in Hz."""

    speed: Annotated[float, Field(ge=0, le=40_000)] = 0.0
    carrier: Annotated[float, Field(ge=1e6, le=1e12)] = 3.5e9

    @property
    def largest_doppler(self) -> float:
        """f_D = v f_c / c in Hz."""
        return self.speed / 3.6 * self.carrier / SPEED_OF_LIGHT


@dataclass(frozen=True)
class Paths:
    """Impulse responses of B rows.

    gains: complex64 [B, R, T, P, N] (receive and transmit antennas, paths, instants); N = 1 where nothing moves.
    delays: float32 [B, P], excess delays in seconds, the smallest of a row 0; shared by its antennas.
    """

    gains: np.ndarray
    delays: np.ndarray


class Channel(ABC):
    """A channel model, normalised in expectation: E|h|^2 = 1 per antenna pair, never per realisation.

    config: its Config. receive, transmit: antennas. UserError where the model can't do those.
    frequency_only: True for models that draw every resource element by itself and so have no paths.
    doppler_hz: largest Doppler shift; 0 where nothing moves within a burst.
    spread_s: largest excess delay that matters in seconds; 0 for flat channels.
    """

    Config: ClassVar[type[ChannelConfig]] = ChannelConfig
    frequency_only: bool = False
    doppler_hz: float = 0.0
    spread_s: float = 0.0

    def __init__(self, config: ChannelConfig, receive: int = 1, transmit: int = 1):
        self.config, self.receive, self.transmit = config, receive, transmit

    @abstractmethod
    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """The impulse responses at the instants i * interval seconds, i < count.

        A row follows from its draw alone, bit for bit whatever the other rows, and more instants begin with fewer,
        so that a burst meets the same channel whatever it is sent with. Random numbers come from
        `linksim.link.draws`, never from a global generator."""

    def response(self, draw: Draw, count: int, interval: float, frequencies: np.ndarray) -> np.ndarray:
        """complex64 [B, R, T, N, F] frequency response at the instants of `paths` and at `frequencies`, float64 [F]
        in Hz around the carrier. N is 1 where nothing moves, F is 1 where the channel is flat."""
        return frequency_response(self.paths(draw, count, interval), frequencies)


def frequency_response(paths: Paths, frequencies: np.ndarray) -> np.ndarray:
    """complex64 [B, R, T, N, F]: sum over paths of gain * exp(-2 pi i f tau).

    One product of a fixed shape per row and instant: an entry's last bit depends neither on B nor on N."""
    rows, receive, transmit, count, instants = paths.gains.shape
    frequencies = np.asarray(frequencies, np.float64)
    out = np.empty((rows, receive, transmit, instants, len(frequencies)), np.complex64)
    for row, gains, delays in zip(out, paths.gains, paths.delays, strict=True):
        turns = np.exp(-2j * np.pi * delays[:, None].astype(np.float64) * frequencies).astype(np.complex64)
        seen = gains.reshape(-1, count, instants).transpose(2, 0, 1) @ turns  # [N, R T, F]
        row[:] = seen.transpose(1, 0, 2).reshape(row.shape)
    return out
