"""Sionna's channel models on draws: every row gets its own random numbers, whatever the batch.

Sionna takes all random numbers of its channel models from one global generator, `sionna.phy.config.tf_rng`, whole
batches at a time. Here a stand-in takes its place for the length of a call. It fills row b of each request from the
Philox stream of draw b, one request after the other, so that a row depends on its draw alone.
"""

import threading
from abc import abstractmethod
from contextlib import contextmanager

import numpy as np

from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, Paths
from linksim.link.channels.instants import at_instants
from linksim.link.draws import generators

_ROWS, _ENTRIES = 16, 1 << 23  # rows of a call, fewer where their intermediate results would pass so many entries
_one_at_a_time = threading.RLock()


class KeyedNumbers:
    """Has those methods of `tf.random.Generator` that Sionna's channel models call; the first axis of every request
    is the batch and must have as many entries as the draw has rows. Eager mode only."""

    def __init__(self, draw: Draw, purpose: str):
        self._rows = list(generators(draw, purpose))

    def uniform(self, shape, minval=0, maxval=None, dtype=None, name=None):
        """Uniform on [minval, maxval), or on the integers minval .. maxval - 1."""
        import tensorflow as tf

        dtype = tf.as_dtype(dtype or tf.float32)
        numbers = self._fill(shape, np.random.Generator.random)
        if dtype.is_integer:
            return tf.constant(np.floor(int(minval) + numbers * (int(maxval) - int(minval))), dtype)
        low, high = tf.cast(minval, dtype), tf.cast(1 if maxval is None else maxval, dtype)
        return low + (high - low) * tf.constant(numbers, dtype)

    def normal(self, shape, mean=0.0, stddev=1.0, dtype=None, name=None):
        """Normal with that mean and standard deviation (both broadcast)."""
        import tensorflow as tf

        dtype = tf.as_dtype(dtype or tf.float32)
        numbers = tf.constant(self._fill(shape, np.random.Generator.standard_normal), dtype)
        return tf.cast(mean, dtype) + tf.cast(stddev, dtype) * numbers

    def _fill(self, shape, kind):
        rows, *rest = (int(n) for n in shape)
        if rows != len(self._rows):
            raise ValueError(f"random numbers for {rows} rows asked of a draw of {len(self._rows)}")
        return np.stack([kind(row, size=tuple(rest)) for row in self._rows])


@contextmanager
def keyed_numbers(draw: Draw, purpose: str):
    """Within it, Sionna's random numbers follow from the draw. One thread at a time; not to be nested."""
    from sionna.phy import config

    with _one_at_a_time:
        before, config._tf_rng = config._tf_rng, KeyedNumbers(draw, purpose)
        try:
            yield
        finally:
            config._tf_rng = before


class SionnaChannel(Channel):
    """A channel model of Sionna's, called in double precision on the CPU at a fixed batch shape.

    rays: what a row's intermediate results hold per antenna pair and instant, to bound memory."""

    rays: int = 500

    @property
    def doppler_hz(self) -> float:
        return self.config.largest_doppler

    @abstractmethod
    def sample(self, rows: int, count: int, frequency: float):
        """Sionna's (a, tau) of that many rows at `count` instants, `frequency` per second:
        complex [B, 1, R, 1, T, P, N] and float [B, 1, 1, P]."""

    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """gains [B, R, T, P, N], delays [B, P]."""
        parts = [self._few(draw, start, count, interval) for start in range(0, len(draw.picture), _ROWS)]
        gains, delays = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Paths(gains, delays.astype(np.float32))

    def _few(self, draw, start, count, interval):
        """Up to _ROWS rows from `start`; a short call is filled up with its last row."""
        import tensorflow as tf

        wanted = np.arange(start, min(start + _ROWS, len(draw.picture)))
        padded = np.append(wanted, np.repeat(wanted[-1], _ROWS - len(wanted)))
        delays = [None]

        def process(count, interval):
            most = _ENTRIES // (self.rays * self.receive * self.transmit * count)
            rows = 1 << min(max(most, 1), _ROWS).bit_length() - 1
            gains, delays[0] = [], []
            for few in padded.reshape(-1, rows):
                here = Draw(draw.seed, draw.picture[few], draw.realisation[few], draw.attempt)
                with tf.device("CPU:0"), keyed_numbers(here, "paths"):
                    a, tau = self.sample(rows, count, 1 / interval)
                gains.append(a.numpy()[:, 0, :, 0])
                delays[0].append(tau.numpy()[:, 0, 0])
            return np.concatenate(gains)

        gains = at_instants(process, count, interval, self.doppler_hz)
        used = np.abs(gains).max(axis=(1, 2, 4)) > 0  # Sionna puts paths that a row doesn't have at 1 s
        delays = np.where(used, np.concatenate(delays[0]), 0)
        return gains[: len(wanted)], delays[: len(wanted)]


def significant_delay(delays: np.ndarray, powers: np.ndarray, share: float = 0.999) -> float:
    """The delay by which `share` of the power has arrived. delays, powers: float [P]."""
    order = np.argsort(delays)
    arrived = np.cumsum(powers[order]) / np.sum(powers)
    return float(delays[order][np.searchsorted(arrived, share)])
