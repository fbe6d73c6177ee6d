"""From data symbols to equalised symbols, slot by slot: grid, channel, noise, receiver; compiled once."""

import numpy as np

from linksim.link.grid import GridConfig
from linksim.link.receiver import equalise
from linksim.tiles import in_tiles


class Air:
    """Sends slots over the OFDM grid of `config` (Sionna's mapper and frequency-domain channel).

    tile: slots of one compiled call. Randomness is passed in, never drawn here.
    """

    def __init__(self, config: GridConfig, tile: int):
        import tensorflow as tf
        from sionna.phy.channel import ApplyOFDMChannel
        from sionna.phy.ofdm import ResourceGrid, ResourceGridMapper

        self.config, self.tile = config, tile
        grid = ResourceGrid(config.symbols_per_slot, config.fft_size, config.subcarrier_spacing,
                            cyclic_prefix_length=config.cyclic_prefix,
                            pilot_pattern="kronecker" if config.pilot_symbols else "empty",
                            pilot_ofdm_symbol_indices=list(config.pilot_symbols))
        self._mapper, self._channel = ResourceGridMapper(grid), ApplyOFDMChannel()
        data = tf.constant(config.data_symbols)

        def send(symbols, response, noise, n0):
            sent = self._mapper(symbols[:, None, None])  # [T, 1, 1, symbols, subcarriers], one antenna
            received = self._channel(sent, response[:, None, None, None, None])[:, 0, 0]
            received += tf.cast(tf.sqrt(n0), tf.complex64) * noise
            seen = tf.gather(response, data, axis=1) if response.shape[1] > 1 else response
            out, variance = equalise(tf.gather(received, data, axis=1), seen, n0)
            variance = tf.broadcast_to(variance, tf.shape(out))
            return tf.reshape(out, tf.shape(symbols)), tf.reshape(variance, tf.shape(symbols))

        self._mapper(tf.zeros([1, 1, 1, config.data_per_slot], tf.complex64))  # Sionna builds eagerly, once
        self._send = tf.function(send, jit_compile=True)

    def grid(self, symbols: np.ndarray) -> np.ndarray:
        """What is on the air: complex64 [T, symbols_per_slot, fft_size], pilots included, for data symbols
        complex64 [T, data_per_slot]."""
        return self._mapper(symbols[:, None, None]).numpy()[:, 0, 0]

    def send(self, symbols: np.ndarray, response: np.ndarray, noise: np.ndarray, n0: float):
        """symbols: complex64 [T, data_per_slot]; response: complex64 [T, symbols or 1, subcarriers or 1];
        noise: complex64 [T, symbols, subcarriers], CN(0, 1); n0: noise variance per resource element.

        Returns equalised symbols complex64 and their noise variances float32, both [T, data_per_slot]."""
        n0 = np.float32(n0)
        return in_tiles(lambda *rows: self._send(*rows, n0), self.tile, symbols, response, noise)
