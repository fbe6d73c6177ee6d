"""K-best detection of spatially multiplexed constellation symbols: LLRs instead of symbols."""

import numpy as np

from linksim.tiles import in_tiles

_PATHS, _TILE = 64, 2048  # paths kept; resource elements of a compiled call


class KBest:
    """Sionna's K-best detector (Fincke-Pohst tree, breadth first) with 64 paths over the real and imaginary parts,
    which is exhaustive, and its LLRs max-log optimal, where all streams' symbols together have at most 64 values.
    LLRs are bounded by 20.

    streams: per resource element. bits: 2, 4, 6 or 8 per symbol, Gray-labelled QAM as in `linksim.link.qam`.
    """

    def __init__(self, streams: int, bits: int):
        import tensorflow as tf
        from sionna.phy.mimo import KBestDetector

        paths = min(_PATHS, 2 ** (bits * streams))
        self._detector = KBestDetector("bit", streams, paths, "qam", bits, use_real_rep=True)
        self._detect = tf.function(self._of_tile)  # XLA takes longer to compile and no less to run

    def _of_tile(self, received, response):
        import tensorflow as tf

        white = tf.eye(response.shape[1], batch_shape=[response.shape[0]], dtype=tf.complex64)
        return -self._detector(received, response, white)  # Sionna's LLRs are log P(1) / P(0)

    def llr(self, received: np.ndarray, response: np.ndarray) -> np.ndarray:
        """received: complex64 [M, R]; response: complex64 [M, R, S], of streams of unit power; both divided by the
        noise's standard deviation. Returns float32 [M, S, bits], log P(0)/P(1) as `linksim.link.qam.demodulate`."""
        return in_tiles(self._detect, _TILE, received, response)
