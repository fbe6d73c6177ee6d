"""From data symbols to equalised symbols, slot by slot: grid, channel, noise, receiver; compiled once."""

import numpy as np

from linksim.link.equaliser import combine, separate
from linksim.link.estimation import Estimator, pilot_symbols
from linksim.link.grid import Grid
from linksim.tiles import in_tiles


class Air:
    """Sends slots over the OFDM grid (Sionna's mapper and frequency-domain channel) and receives them.

    tile: slots of one compiled call. estimator: None for perfect CSI. equaliser: "lmmse" or "zf". keep: also return
    what a detector needs. Randomness is passed in, never drawn here.
    """

    def __init__(self, grid: Grid, tile: int, estimator: Estimator | None = None, equaliser: str = "lmmse",
                 keep: bool = False):
        import tensorflow as tf
        from sionna.phy.channel import ApplyOFDMChannel
        from sionna.phy.ofdm import ResourceGridMapper

        self.grid, self.tile, self.estimator = grid, tile, estimator
        self._zero_forcing, self._keep = equaliser == "zf", keep
        self._mapper, self._channel = ResourceGridMapper(_resource_grid(grid)), ApplyOFDMChannel()
        self._mapper(tf.zeros([1, 1, grid.streams, grid.data_per_slot // grid.streams], tf.complex64))  # built eagerly
        self._send = tf.function(self._over_frequency, jit_compile=True, autograph=False)
        self._hear = tf.function(self._equalised, jit_compile=True, autograph=False)
        self._map = tf.function(self._mapped, jit_compile=True, autograph=False)

    def mapped(self, symbols: np.ndarray) -> np.ndarray:
        """What is on the air: complex64 [T, streams, symbols_per_slot, fft_size], pilots included, power 1 per
        resource element over all streams, for data symbols complex64 [T, data_per_slot]."""
        return in_tiles(self._map, self.tile, symbols)

    def send(self, symbols: np.ndarray, response: np.ndarray, noise: np.ndarray, n0: float):
        """symbols: complex64 [T, data_per_slot]; response: complex64 [T, R, streams, symbols or 1, subcarriers or 1];
        noise: complex64 [T, R, symbols, subcarriers], CN(0, 1); n0: noise variance per resource element.

        Returns equalised symbols complex64 and their noise variances float32, both [T, data_per_slot]; with `keep`
        also, divided by the noise's standard deviation, what was received, complex64 [T, R, K], and the channel of
        streams of unit power as the receiver knows it, complex64 [T, R, streams, K]."""
        known = self._known(n0)
        return in_tiles(lambda *rows: self._send(*rows, np.float32(n0), *known), self.tile, symbols, response, noise)

    def receive(self, received: np.ndarray, response: np.ndarray, interference: np.ndarray, n0: float):
        """As `send`, for a grid already received, complex64 [T, R, symbols, subcarriers]. response is used for
        perfect CSI alone. interference: float32 [T, symbols], what adds to the noise variance."""
        scales, no = self.noise_variance(interference, n0)
        scales = [scale[:, None] for scale in scales]  # of all antennas
        return in_tiles(lambda received, response, no, *scales: self._hear(received, response, scales, no), self.tile,
                        received, response, no, *scales)

    def noise_variance(self, interference: np.ndarray, n0: float):
        """The estimator's weights under interference float32 [T, symbols], and the noise variance of the data
        resource elements with interference and error of estimation, float32 [T, K]. Pilots have interference too: for
        estimation that of the pilot symbols' mean adds to n0."""
        there = interference[:, self.grid.config.data[0]]
        if self.estimator is None:
            return (), np.float32(n0) + there
        on_pilots = interference[:, list(self.grid.config.pilot_symbols)].mean(axis=1, dtype=np.float64)
        scales, no = self.estimator.weights(n0 + on_pilots)
        return scales, no + (there - on_pilots[:, None]).astype(np.float32)

    def _known(self, n0):
        return ((), np.float32(n0)) if self.estimator is None else self.estimator.weights(n0)

    def _mapped(self, symbols):
        import tensorflow as tf

        streams = self.grid.streams
        if streams > 1:
            symbols = tf.reshape(symbols, [symbols.shape[0], -1, streams]) * streams**-0.5
            symbols = tf.transpose(symbols, [0, 2, 1])[:, None]
        else:
            symbols = symbols[:, None, None]
        return self._mapper(symbols)[:, 0]

    def _over_frequency(self, symbols, response, noise, n0, scales, no):
        import tensorflow as tf

        sent = self._mapped(symbols)[:, None]
        received = self._channel(sent, response[:, None, :, None])[:, 0]
        received += tf.cast(tf.sqrt(n0), tf.complex64) * noise
        return self._equalised(received, response, scales, no)

    def _equalised(self, received, response, scales, no):
        """no: noise variance with the estimation's error, scalar, [K] or [T, K]."""
        import tensorflow as tf

        streams, y = self.grid.streams, self._at_data(received)
        h = self._at_data(response) if self.estimator is None else self.estimator(received, scales)
        if streams == 1:
            out, variance = combine(y, h[:, :, 0], no)
            out, variance = out[:, None], (variance + tf.zeros_like(tf.math.real(out)))[:, None]
        else:
            h *= streams**-0.5
            out, variance = separate(y, h, no, self._zero_forcing)
        rows = tuple(tf.reshape(tf.transpose(a, [0, 2, 1]), [a.shape[0], -1]) for a in (out, variance))
        if not self._keep:
            return rows
        scale = tf.cast(tf.math.rsqrt(no + tf.zeros_like(tf.math.real(y[:, :1]))), tf.complex64)  # [T, 1, K]
        return *rows, y * scale, h * scale[:, None]

    def _at_data(self, grid):
        """[..., symbols or 1, subcarriers or 1] -> [..., K or 1], the data resource elements."""
        import tensorflow as tf

        symbol, carrier = self.grid.config.data
        *_, symbols, carriers = grid.shape
        flat = tf.reshape(grid, [*grid.shape[:-2], -1])
        if symbols * carriers == 1:
            return flat
        at = (symbol if symbols > 1 else 0) * carriers + (carrier if carriers > 1 else 0)
        return tf.gather(flat, at, axis=-1)


def _resource_grid(grid: Grid):
    """Sionna's description of a slot: one transmitter with a stream per antenna."""
    from sionna.phy.ofdm import PilotPattern, ResourceGrid

    config, streams = grid.config, grid.streams
    mask = np.broadcast_to(config.pilots, (1, streams, *config.pilots.shape))
    pilots = PilotPattern(mask, pilot_symbols(grid).reshape(1, streams, -1))
    return ResourceGrid(config.symbols_per_slot, config.fft_size, config.subcarrier_spacing, 1, streams,
                        config.cyclic_prefix, config.guards, config.dc_null, pilots)
