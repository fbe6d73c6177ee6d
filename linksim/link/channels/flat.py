"""What the flat (one-tap) fading channels share: how the scattered part changes over a burst.

    slow    h is one CN(0, 1) per burst and antenna pair
    fast    independent CN(0, 1) on every resource element (ideal interleaving); it has no paths
    jakes   h(t) = sum_k a_k exp(2 pi i f_D cos(theta_k) t), a_k ~ CN(0, 1/K), theta_k uniform on the circle, K = 32

For jakes, h at any instant is exactly CN(0, 1), and E[h(t) h*(t + tau)] = J0(2 pi f_D tau): Clarke's model (Clarke,
"A statistical theory of mobile-radio reception", BSTJ 1968) as a sum of Gaussian sinusoids.
"""

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import model_validator

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, MovingConfig, Paths
from linksim.link.channels.instants import at_instants
from linksim.link.draws import normal, uniform

_SINUSOIDS = 32
_BLOCK = 16  # instants of one product: a fixed shape, so that an entry's last bit doesn't depend on how many there are


class FlatConfig(MovingConfig):
    """fading: slow, fast or jakes (by speed in km/h and carrier in Hz)."""

    fading: Literal["slow", "fast", "jakes"] = "slow"

    @model_validator(mode="after")
    def _moves(self):
        if self.speed and self.fading != "jakes":
            raise ValueError(f"speed means nothing with fading {self.fading} (found {self.speed:g} km/h); "
                             "set fading: jakes or leave speed out")
        return self


class FlatChannel(Channel):
    """A channel of one tap: `mix` makes it of the scattered part."""

    Config = FlatConfig

    @property
    def frequency_only(self) -> bool:
        return self.config.fading == "fast"

    @property
    def doppler_hz(self) -> float:
        return self.config.largest_doppler

    @abstractmethod
    def mix(self, draw: Draw, scattered: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The channel's gain from its scattered part, complex64 [B, R, T, N, F], CN(0, 1), with F > 1 only for fast
        fading. times: float64 [N], the instants in seconds; one where nothing moves."""

    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """One path: gains [B, R, T, 1, N], delay 0. UserError for fast fading."""
        if self.frequency_only:
            raise UserError(f"channel {self.type_name} with fading fast draws every resource element by itself and "
                            "has no impulse response; use domain: frequency, or fading slow or jakes")
        gains = self._gains(draw, count, interval, 1)
        return Paths(gains.transpose(0, 1, 2, 4, 3), np.zeros((len(gains), 1), np.float32))

    def response(self, draw: Draw, count: int, interval: float, frequencies: np.ndarray) -> np.ndarray:
        """complex64 [B, R, T, N, F]. Fast fading draws by index of the instant and of the frequency: other
        frequencies, another channel."""
        return self._gains(draw, count, interval, len(frequencies) if self.frequency_only else 1)

    def _gains(self, draw, count, interval, frequencies):
        pairs = self.receive, self.transmit
        if self.config.fading == "fast":
            scattered = normal(draw, "gain", count * frequencies * self.receive * self.transmit)
            scattered = scattered.reshape(-1, count, frequencies, *pairs).transpose(0, 3, 4, 1, 2)
        elif self.doppler_hz:
            scattered = _jakes(draw, self.receive * self.transmit, self.doppler_hz, count, interval)
            scattered = scattered.reshape(-1, *pairs, count, 1)
        else:
            scattered = normal(draw, "gain", self.receive * self.transmit).reshape(-1, *pairs, 1, 1)
        times = np.arange(count if self.doppler_hz else 1) * interval
        return self.mix(draw, scattered, times).astype(np.complex64, copy=False)


def _jakes(draw: Draw, pairs: int, doppler: float, count: int, interval: float) -> np.ndarray:
    """complex64 [B, pairs, count]."""
    amplitudes = normal(draw, "gain", pairs * _SINUSOIDS).reshape(-1, pairs, _SINUSOIDS) / np.sqrt(_SINUSOIDS)
    shifts = 2 * np.pi * doppler * np.cos(2 * np.pi * uniform(draw, "angle of arrival", _SINUSOIDS))

    def process(count, interval):
        blocks = -(-count // _BLOCK)
        times = (np.arange(blocks * _BLOCK) * interval).reshape(blocks, 1, _BLOCK)
        out = np.empty((len(shifts), blocks, pairs, _BLOCK), np.complex128)
        for row, a, shift in zip(out, amplitudes.astype(np.complex128), shifts, strict=True):
            np.matmul(a, np.exp(1j * shift[:, None] * times), out=row)
        return out.transpose(0, 2, 1, 3).reshape(len(shifts), pairs, -1)[..., :count]

    return at_instants(process, count, interval, doppler)


def line_of_sight(draw: Draw, receive: int, transmit: int, doppler: float, times: np.ndarray) -> np.ndarray:
    """complex128 [B, R, T, N, 1], |h| = 1: one plane wave between linear arrays of half a wavelength's spacing.

        h_rt(t) = exp(i (phi + pi r sin(arrival) + pi t sin(departure) + 2 pi f_D cos(direction) t))

    Phase and angles are uniform on the circle, by draw. times: float64 [N], seconds."""
    phase, arrival, departure, direction = 2 * np.pi * uniform(draw, "line of sight", 4).T[..., None, None, None]
    across = np.pi * (np.arange(receive)[:, None, None] * np.sin(arrival) +
                      np.arange(transmit)[:, None] * np.sin(departure))
    return np.exp(1j * (phase + across + 2 * np.pi * doppler * np.cos(direction) * times))[..., None]
