"""Sionna's channel models on draws: every row gets its own random numbers, whatever the batch.

Sionna takes all random numbers of its channel models from one global generator, `sionna.phy.config.tf_rng`, whole
batches at a time. Here a stand-in takes its place while a model runs. A first run, eager, notes which numbers the
model asks for. From then on they are drawn outside, row b of each request from the Philox stream of draw b, one
request after the other, and handed to the compiled model: a row depends on its draw alone.
"""

import threading
from abc import abstractmethod
from contextlib import contextmanager
from functools import lru_cache, partial

import numpy as np

from linksim.link.burst import Draw
from linksim.link.channels.base import Channel, Paths
from linksim.link.channels.instants import at_instants
from linksim.link.draws import generators

_ROWS, _ENTRIES = 16, 1 << 23  # rows of a call, fewer where their intermediate results would pass so many entries
_one_at_a_time = threading.RLock()


class StandIn:
    """Has those methods of `tf.random.Generator` that Sionna's channel models call.

    fill(kind, shape) -> float64 tensor of that shape: uniform on [0, 1) or standard normal numbers."""

    def __init__(self, fill):
        self._fill = fill

    def uniform(self, shape, minval=0, maxval=1, dtype=None, name=None):
        """Uniform on [minval, maxval), or on the integers minval .. maxval - 1."""
        import tensorflow as tf

        numbers, dtype = self._fill("uniform", shape), tf.as_dtype(dtype or tf.float32)
        work = numbers.dtype if dtype.is_integer else dtype
        low, high = tf.cast(minval, work), tf.cast(maxval, work)
        scaled = low + (high - low) * tf.cast(numbers, work)
        return tf.cast(tf.floor(scaled), dtype) if dtype.is_integer else scaled

    def normal(self, shape, mean=0.0, stddev=1.0, dtype=None, name=None):
        """Normal with that mean and standard deviation (both broadcast)."""
        import tensorflow as tf

        dtype = tf.as_dtype(dtype or tf.float32)
        return tf.cast(mean, dtype) + tf.cast(stddev, dtype) * tf.cast(self._fill("normal", shape), dtype)


@contextmanager
def random_numbers_from(fill):
    """Within it, Sionna's random numbers come from `fill` (see `StandIn`). One thread at a time."""
    from sionna.phy import config

    with _one_at_a_time:
        before, config._tf_rng = config._tf_rng, StandIn(fill)
        try:
            yield
        finally:
            config._tf_rng = before


def compiled_on_draws(sample, rows: int):
    """(draw of `rows` rows, count, frequency) -> sample(rows, count, frequency), compiled, its random numbers keyed.

    What `sample` asks for must not depend on count, frequency or earlier numbers; the first axis is the rows'."""
    import tensorflow as tf

    requests = []

    def note(kind, shape):
        shape = tuple(int(n) for n in shape)
        if shape[0] != rows:
            raise ValueError(f"random numbers of shape {shape} asked for {rows} rows")
        requests.append((kind, shape))
        return tf.fill(shape, tf.constant(0.5, tf.float64))

    with tf.device("CPU:0"), random_numbers_from(note):
        sample(rows, 1, 1.0)

    @tf.function(input_signature=[[tf.TensorSpec(shape, tf.float64) for _, shape in requests],
                                  tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float64)], autograph=False)
    def run(numbers, count, frequency):
        waiting = iter(numbers)
        with random_numbers_from(lambda kind, shape: next(waiting)):
            return sample(rows, count, frequency)

    def call(draw, count, frequency):
        numbers = [np.empty(shape) for _, shape in requests]
        for row, generator in enumerate(generators(draw, "paths")):
            for (kind, shape), array in zip(requests, numbers, strict=True):
                array[row] = generator.random(shape[1:]) if kind == "uniform" else generator.standard_normal(shape[1:])
        with tf.device("CPU:0"):
            return [x.numpy() for x in run(numbers, tf.constant(count), tf.constant(frequency, tf.float64))]

    return call


class SionnaChannel(Channel):
    """A channel model of Sionna's, called in double precision on the CPU at a fixed batch shape.

    rays: what a row's intermediate results hold per antenna pair and instant, to bound memory."""

    rays: int = 500

    @property
    def doppler_hz(self) -> float:
        return self.config.largest_doppler

    @abstractmethod
    def sample(self, rows: int, count, frequency):
        """Sionna's (a, tau) of that many rows at `count` instants (int or int32 tensor), `frequency` per second:
        complex [B, 1, R, 1, T, P, N] and float [B, 1, 1, P]."""

    def paths(self, draw: Draw, count: int, interval: float) -> Paths:
        """gains [B, R, T, P, N], delays [B, P]."""
        parts = [self._few(draw, start, count, interval) for start in range(0, len(draw.picture), _ROWS)]
        gains, delays = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Paths(gains, delays.astype(np.float32))

    def _few(self, draw, start, count, interval):
        """Up to _ROWS rows from `start`; a short call is filled up with its last row."""
        wanted = np.arange(start, min(start + _ROWS, len(draw.picture)))
        padded = np.append(wanted, np.repeat(wanted[-1], _ROWS - len(wanted)))
        delays, run = [], partial(_compiled, type(self), self.config.model_dump_json(), self.receive, self.transmit)

        def process(count, interval):
            most = _ENTRIES // (self.rays * self.receive * self.transmit * count)
            rows = 1 << min(max(most, 1), _ROWS).bit_length() - 1
            gains = []
            for few in padded.reshape(-1, rows):
                here = Draw(draw.seed, draw.picture[few], draw.realisation[few], draw.attempt)
                a, tau = run(rows)(here, count, 1 / interval)
                gains.append(a[:, 0, :, 0])
                delays.append(tau[:, 0, 0])
            return np.concatenate(gains)

        gains = at_instants(process, count, interval, self.doppler_hz)
        used = np.abs(gains).max(axis=(1, 2, 4)) > 0  # Sionna puts paths that a row doesn't have at 1 s
        delays = np.where(used, np.concatenate(delays), 0)
        return gains[: len(wanted)], delays[: len(wanted)]


@lru_cache(maxsize=32)
def _compiled(model, config, receive, transmit, rows):
    """Compiled once, however many links are built of one configuration: it takes seconds."""
    return compiled_on_draws(model(model.Config.model_validate_json(config), receive, transmit).sample, rows)


def significant_delay(delays: np.ndarray, powers: np.ndarray, share: float = 0.999) -> float:
    """The delay by which `share` of the power has arrived. delays, powers: float [P]."""
    order = np.argsort(delays)
    arrived = np.cumsum(powers[order]) / np.sum(powers)
    return float(delays[order][np.searchsorted(arrived, share)])
