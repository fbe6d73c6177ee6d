"""The mother code of `ldpc`, decoded by Sionna's `LDPCBPDecoder` under XLA, made to stop early.

Sionna decodes every block for all iterations. Here it decodes some, returns its state, blocks whose parity holds leave,
and the rest go on from that state in smaller batches. 10 + 10 of its iterations are exactly 20, and a block's messages
don't depend on its company, so a block that is never done gets the very bits of 20 iterations at once. One that wanders
past its word, which is rare, is kept where it would be lost after all iterations. XLA compiles a program for each size
of a batch, which takes seconds, and any number of blocks is cut into batches of these sizes: at most LIGHT where the
messages of so many stay in a core's cache, else the larger the better, since memory likes long lines.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from linksim.link.ldpc import LLR_MAX, MotherCode, mother_code
from linksim.link.ldpc_layered import rows_heard

SIZES = (512, 256, 128, 64, 32)
LIGHT, CACHE = 64, 4_000_000  # blocks; bytes
CHECKED = (7, 9, 11, 13, 16)  # iterations after which parity is looked at: it costs a quarter of one


def decode(code: MotherCode, llr: np.ndarray, iterations: int = 20, rule: str = "boxplus-phi",
           early: bool = True) -> np.ndarray:
    """As MotherCode.decode: float32 [T, n] LLRs of circular buffers -> uint8 [T, k] after at most `iterations`.

    early: False: all blocks take all iterations."""
    program = _program(code.graph, code.z, rows_heard(code, llr, steps=1), rule)
    parts = [llr[start : start + SIZES[0]] for start in range(0, len(llr), SIZES[0])]
    return np.concatenate([program.decode(part, iterations, early) for part in parts])


@lru_cache(maxsize=16)
def _program(graph: int, z: int, count: int, rule: str) -> "_Program":
    return _Program(mother_code(graph, z), count, rule)


class _Program:
    """The first `count` rows of a code in Sionna's hands."""

    def __init__(self, code: MotherCode, count: int, rule: str):
        import tensorflow as tf
        from sionna.phy.fec.ldpc import LDPCBPDecoder

        self.code, self.rows, self.columns = code, code.rows[:count], code.columns + count
        turned = (np.arange(code.z) + np.arange(code.z)[:, None]) % code.z  # [shift, line]
        self.bits_of_row = [np.stack([c * code.z + turned[s] for c, s in row]) for row in self.rows]  # [degree, Z]
        checks = _parity_checks(self.bits_of_row, self.columns * code.z)
        decoder = LDPCBPDecoder(checks, cn_update=rule, return_state=True)
        # Without a state the decoder begins with the LLRs of each edge's bit; given these, one program does for all.
        self.bit_of_edge = decoder._vn_idx
        light = len(self.bit_of_edge) * 4 * LIGHT <= CACHE
        self.sizes = tuple(size for size in SIZES if size <= LIGHT or not light)

        @tf.function(jit_compile=True)
        def run(llr, state, steps):
            """llr: float32 [columns Z, B]. state: float32 [edges, B]. steps: int32. Returns the hard decisions, uint8
            [columns Z, B / 8], eight blocks to a byte, and the new state. Sionna's are logits and have the blocks in
            front; XLA drops what turns and negates twice."""
            bits, state = decoder(-tf.transpose(llr), num_iter=steps, msg_v2c=-state)
            bits = tf.reshape(tf.cast(tf.transpose(bits), tf.uint8), [self.columns * code.z, -1, 8])
            return tf.reduce_sum(bits * tf.constant([128, 64, 32, 16, 8, 4, 2, 1], tf.uint8), -1), -state

        self.run = run

    def decode(self, llr: np.ndarray, iterations: int, early: bool) -> np.ndarray:
        """float32 [T, n] -> uint8 [T, k]."""
        import tensorflow as tf

        code, z, sizes = self.code, self.code.z, self._batches(len(llr))
        width = sum(sizes)
        channel = np.full((width, self.columns * z), LLR_MAX, np.float32)  # beside the blocks: all zeros, sure
        channel[: len(llr), : 2 * z] = 0
        np.clip(llr[:, : (self.columns - 2) * z], -LLR_MAX, LLR_MAX, out=channel[: len(llr), 2 * z :])
        informed = (channel[:, code.columns * z :] != 0).T.reshape(len(self.rows), z, width)
        informed[:4] = True  # checks of the core, whose parity bits stand in several
        channel = tf.transpose(tf.constant(channel))
        batches = [(part, tf.gather(part, self.bit_of_edge)) for part in tf.split(channel, sizes, 1)]
        alive, failed, words = np.arange(width), np.ones(width, bool), np.empty((code.k, width), np.uint8)
        stops = [0, *(stop for stop in CHECKED if early and stop < iterations), iterations]
        for before, step in pairwise(stops):
            ahead = tf.constant(step - before)
            bits, states = zip(*[self.run(llr, state, ahead) for llr, state in batches], strict=True)
            batches = [(llr, state) for (llr, _), state in zip(batches, states, strict=True)]
            bits = np.concatenate([part.numpy() for part in bits], axis=1)
            still = failed & self._breaks_checks(bits, informed) if step < iterations else np.zeros_like(failed)
            if (done := np.flatnonzero(failed & ~still)).size:
                words[:, alive[done]] = np.unpackbits(bits[: code.k], axis=1)[:, done]
            failed = still
            if not failed.any():
                break
            if sum(sizes := self._batches(failed.sum())) < len(alive):
                spare = np.flatnonzero(~failed)[: sum(sizes) - failed.sum()]
                keep = np.sort(np.concatenate([np.flatnonzero(failed), spare]))
                ends = np.cumsum(sizes)[:-1]
                batches = [tuple(_taken(parts, here) for parts in zip(*batches, strict=True))
                           for here in np.split(keep, ends)]
                alive, failed, informed = alive[keep], failed[keep], informed[:, :, keep]
        return np.ascontiguousarray(words[:, : len(llr)].T)

    def _batches(self, blocks: int) -> list[int]:
        """The fewest sizes that hold so many blocks."""
        least = self.sizes[-1]
        rest, sizes = -(-int(blocks) // least), []
        for size in self.sizes:
            sizes += [size] * (rest // (size // least))
            rest %= size // least
        return sizes

    def _breaks_checks(self, bits: np.ndarray, informed: np.ndarray) -> np.ndarray:
        """bool [B]: whose words, uint8 [columns Z, B / 8], break a check that has its own bit, bool [rows, Z, B]."""
        failed = np.zeros(bits.shape[1], np.uint8)
        for places, heard in zip(self.bits_of_row, np.packbits(informed, axis=2), strict=True):
            odd = np.bitwise_xor.reduce(bits[places], axis=0)
            failed |= np.bitwise_or.reduce(odd & heard, axis=0)
        return np.unpackbits(failed).astype(bool)


def _taken(parts, keep: np.ndarray):
    """The columns `keep`, ascending, of all batches side by side, as a tensor."""
    import tensorflow as tf

    ends = np.cumsum([part.shape[1] for part in parts])
    of_each = np.split(keep, np.searchsorted(keep, ends[:-1]))
    views = (np.asarray(memoryview(part)) for part in parts)  # numpy() would copy
    taken = [np.take(view, here - (end - view.shape[1]), axis=1)
             for view, here, end in zip(views, of_each, ends, strict=True) if len(here)]
    return tf.constant(taken[0] if len(taken) == 1 else np.concatenate(taken, axis=1))


def _parity_checks(bits_of_row, bits: int):
    """The checks of all rows, each given by its bits int [degree, Z], as a sparse matrix [checks, bits]."""
    from scipy.sparse import csr_matrix

    z = bits_of_row[0].shape[1]
    checks = np.concatenate([np.tile(number * z + np.arange(z), len(row)) for number, row in enumerate(bits_of_row)])
    places = np.concatenate([row.ravel() for row in bits_of_row])
    return csr_matrix((np.ones(len(checks)), (checks, places)), shape=(len(bits_of_row) * z, bits))
