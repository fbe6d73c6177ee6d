"""Impulse responses from a table: what a user's file and a traced scene have in common.

A draw chooses one of M impulse responses. The table is normalised by one constant, so that the mean over responses and
antenna pairs of sum_p |a_p|^2 is 1: strong places stay strong.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, ChannelConfig, Paths
from linksim.link.channels.instants import at_instants
from linksim.link.channels.keyed import significant_delay
from linksim.link.draws import uniform


@dataclass(frozen=True)
class Table:
    """gains: complex [M, R, T, P, L], L instants `interval` seconds apart (1 where nothing moves).
    delays: float [M, P], seconds. doppler: float [M, P], Hz, a further rotation of each path."""

    gains: np.ndarray
    delays: np.ndarray
    interval: float = 0.0
    doppler: np.ndarray | None = None


class Recorded(Channel):
    """A channel that draws from a `Table`."""

    def __init__(self, config: ChannelConfig, receive: int = 1, transmit: int = 1):
        super().__init__(config, receive, transmit)
        table = self.read()
        found = table.gains.shape[1:3]
        if found[0] < receive or found[1] < transmit:
            raise UserError(f"channel {self.type_name}: its impulse responses are for {found[0]} receive and "
                            f"{found[1]} transmit antennas, link.antennas asks for {receive} and {transmit}")
        gains = table.gains[:, :receive, :transmit]
        powers = np.mean(np.abs(gains.astype(np.complex128)) ** 2, axis=(1, 2, 4))  # [M, P]
        if not powers.sum() > 0:
            raise UserError(f"channel {self.type_name}: all gains are zero")
        used = powers > 0
        first = np.min(np.where(used, table.delays, np.inf), axis=1, keepdims=True)
        self._gains = gains / np.sqrt(powers.sum(axis=1).mean())
        self._delays = np.where(used, table.delays - np.where(np.isfinite(first), first, 0), 0)
        self._powers, self._interval, self._doppler = powers, table.interval, table.doppler

    @abstractmethod
    def read(self) -> Table:
        """The impulse responses for at least `receive` x `transmit` antennas; UserError where there are none."""

    @cached_property
    def spread_s(self) -> float:
        """In all responses 99.9 % of the power has arrived by then."""
        pairs = zip(self._delays, self._powers, strict=True)
        return max(significant_delay(delays, powers) for delays, powers in pairs if powers.sum())

    @cached_property
    def doppler_hz(self) -> float:
        """Of recorded motion sqrt(2) times the RMS Doppler shift, which is f_D where Clarke's model holds."""
        if self._doppler is not None:
            return float(np.abs(self._doppler).max())
        if self._gains.shape[-1] == 1:
            return 0.0
        change = np.sum(np.abs(np.diff(self._gains)) ** 2) / np.sum(np.abs(self._gains[..., 1:]) ** 2)
        return float(np.sqrt(2 * change) / (2 * np.pi * self._interval))

    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """gains [B, R, T, P, N], delays [B, P]. Recorded motion is interpolated linearly and, where the burst lasts
        longer, played back and forth."""
        chosen = (uniform(draw, "impulse response", 1)[:, 0] * len(self._gains)).astype(int)
        gains = self._gains[chosen]
        if self._doppler is not None:
            turn = 2j * np.pi * self._doppler[chosen][:, None, None, :, None]
            gains = at_instants(lambda n, dt: gains * np.exp(turn * (np.arange(n) * dt)), count, interval,
                                self.doppler_hz)
        elif (last := gains.shape[-1] - 1) > 0:
            place = np.arange(count) * (interval / self._interval) % (2 * last)
            place = np.minimum(place, 2 * last - place)
            before = np.minimum(place.astype(int), last - 1)
            gains, share = gains.astype(np.complex64), (place - before).astype(np.float32)
            gains = gains[..., before] + share * (gains[..., before + 1] - gains[..., before])
        return Paths(gains.astype(np.complex64), self._delays[chosen].astype(np.float32))
