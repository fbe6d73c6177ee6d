"""The mother code of `ldpc`, decoded layer by layer in plain TensorFlow operations.

Each row of the base graph is a layer of Z checks that have no bit in common. An iteration takes the layers one after
the other, and each starts from totals that already hold what the layers before it found, so about half as many
iterations are needed as with the flooding schedule (Hocevar, "A reduced complexity decoder architecture via layered
decoding of LDPC codes", SiPS 2004). The check-node rules are those of `ldpc`; only the schedule differs.

A layer is one concatenation, which turns its columns by their shifts, and some operations on [degree, Z, T], the T
blocks in the last axis. Columns stay as the last layer turned them, so each is turned once a layer and never back.
Nothing is compiled for a batch size; a program is traced once per base graph, lifting size, number of rows and rule.
Batches are multiples of LANES, so that every element is computed in a full vector register whatever its company:
a block gets the same bits in any batch.
"""

from functools import lru_cache

import numpy as np

from linksim.link.ldpc import LLR_MAX, MotherCode, mother_code

ROWS = 4
LANES = 16  # floats in the widest register
SIGN, ONE = np.int32(-(2**31)), np.float32(1).view(np.int32)
TINY = np.float32(6e-8)  # keeps phi below 16.7, as in `ldpc`
_BELOW_ONE = np.float32(1 - 1e-7)


def tile(z: int) -> int:
    """Blocks of lifting size z decoded together: what fits a core's cache."""
    return LANES << int(np.clip(np.log2(32_000 / z / LANES), 0, 4))


def decode(code: MotherCode, llr: np.ndarray, iterations: int = 20, rule: str = "boxplus-phi",
           early: bool = True) -> np.ndarray:
    """As MotherCode.decode: float32 [T, n] LLRs of circular buffers -> uint8 [T, k] after at most `iterations`.

    early: a block is done as soon as its hard decisions fulfil all checks whose own parity bit was received, and
    those left go on in the smallest multiple of LANES; False: all blocks take all iterations."""
    program, step = _program(code.graph, code.z, rows_heard(code, llr), rule), tile(code.z)
    out = np.empty((len(llr), code.k), np.uint8)
    for start in range(0, len(llr), step):
        out[start : start + step] = program.decode(llr[start : start + step], iterations, early)
    return out


def rows_heard(code: MotherCode, llr: np.ndarray, steps: int = ROWS) -> int:
    """How many rows of the base graph hold all checks that tell something of LLRs float32 [T, n], in `steps` so that
    few programs do for all."""
    used = np.flatnonzero(np.any(llr != 0, axis=0))
    last = 2 + (int(used[-1]) // code.z if len(used) else 0)
    return min(-(-max(4, last - code.columns + 1) // steps) * steps, len(code.rows))


def _taken(part, keep: np.ndarray):
    """Of a tensor [..., T] those blocks; NumPy does it faster than TensorFlow."""
    import tensorflow as tf

    return tf.constant(np.take(np.asarray(memoryview(part)), keep, axis=-1))


def _width(blocks: int) -> int:
    """The smallest batch that holds so many: LANES times a power of 2."""
    return LANES << int(np.ceil(np.log2(max(blocks / LANES, 1))))


@lru_cache(maxsize=64)
def _program(graph: int, z: int, count: int, rule: str) -> "_Program":
    return _Program(mother_code(graph, z), count, rule)


class _Program:
    """The first `count` rows of a code, traced. LLRs are halved inside, since it is tanh(LLR / 2) that rules want."""

    def __init__(self, code: MotherCode, count: int, rule: str):
        import tensorflow as tf

        self.code, self.rows, self.columns = code, code.rows[:count], code.columns + count
        self.rest = [0] * self.columns  # how far each column stands turned between iterations
        for row in self.rows:
            for c, s in row:
                self.rest[c] = s
        self.rule = {"boxplus-phi": _boxplus_phi, "boxplus": _boxplus, "minsum": _minsum}[rule]
        signature = [tf.TensorSpec([self.columns * code.z, None]),
                     [tf.TensorSpec([len(row), code.z, None]) for row in self.rows],
                     tf.TensorSpec([count * code.z, None]), tf.TensorSpec([None], tf.bool),
                     tf.TensorSpec([code.k, None], tf.bool), *[tf.TensorSpec([], tf.int32)] * 3]
        self.run = tf.function(self._run, input_signature=signature)

    def decode(self, llr: np.ndarray, iterations: int, early: bool) -> np.ndarray:
        """float32 [T, n] -> uint8 [T, k]."""
        import tensorflow as tf

        code, z, width = self.code, self.code.z, _width(len(llr))
        channel = np.full((self.columns, z, width), LLR_MAX / 2, np.float32)  # lanes without a block: all zeros, sure
        channel[:2, :, : len(llr)] = 0
        sent = np.clip(llr.T[: (self.columns - 2) * z], -LLR_MAX, LLR_MAX) * np.float32(0.5)
        channel[2:, :, : len(llr)] = sent.reshape(-1, z, len(llr))
        informed = (channel[code.columns :] != 0).astype(np.float32)
        informed[:4] = 1  # checks of the core, whose parity bits stand in several
        channel = np.stack([np.roll(column, -turn, axis=0) for column, turn in zip(channel, self.rest, strict=True)])
        alive, step, words = np.arange(width), 0, np.empty((code.k, width), bool)
        state = [tf.constant(channel.reshape(-1, width)), [tf.zeros([len(row), z, width]) for row in self.rows],
                 tf.constant(informed.reshape(-1, width)), tf.ones([width], bool), tf.zeros([code.k, width], bool)]
        while True:
            enough = len(alive) // 2 if early and len(alive) > LANES else 0 if early else -1
            *state, step = self.run(*state, step, iterations, enough)
            failed = state[3].numpy()
            if step >= iterations or not failed.any():
                words[:, alive] = state[4].numpy()
                break
            keep = np.flatnonzero(failed)
            keep = np.concatenate([keep, np.flatnonzero(~failed)[: _width(len(keep)) - len(keep)]])
            words[:, alive] = state[4].numpy()
            alive = alive[keep]
            state = tf.nest.map_structure(lambda part, keep=keep: _taken(part, keep), state)
        words = words[:, : len(llr)].reshape(code.columns, z, -1)
        words = np.concatenate([np.roll(c, t, axis=0) for c, t in zip(words, self.rest[: code.columns], strict=True)])
        return np.ascontiguousarray(words.T.astype(np.uint8))

    def _run(self, total, messages, informed, failed, words, step, iterations, enough):
        """Iterations from `step` on until `iterations`, or until at most `enough` blocks fail.

        total: float32 [columns Z, T], half LLRs, columns turned by `rest`. messages: of each row, checks to bits.
        informed: float32 [rows Z, T], 1 where the check's own bit was received. failed: bool [T]. words: bool [k, T],
        information bits of a block when it was done, or as they stand."""
        import tensorflow as tf

        def going(total, messages, failed, words, step):
            return (step < iterations) & (tf.math.count_nonzero(failed, dtype=tf.int32) > enough)

        def iteration(total, messages, failed, words, step):
            total, messages = self._iterate(total, messages, informed)
            bits = total < 0
            words = tf.where(failed, bits[: self.code.k], words)
            return total, messages, failed & self._breaks_checks(bits, informed), words, step + 1

        *state, step = tf.while_loop(going, iteration, (total, messages, failed, words, step))
        total, messages, failed, words = state
        return total, messages, informed, failed, words, step

    def _iterate(self, total, messages, informed):
        """Every layer once. Returns the new totals, turned as the old ones, and messages."""
        import tensorflow as tf

        z, new, known = self.code.z, [], tf.split(informed, len(self.rows), 0)

        def layer(number, columns):
            degree = len(self.rows[number])
            view = tf.reshape(columns, [degree, z, -1]) - messages[number]
            new.append(self.rule(view, known[number] if number >= 4 else None))
            return tf.reshape(view + new[-1], [degree * z, -1])

        return self._through(total, layer), new

    def _breaks_checks(self, bits, informed):
        """bool [T]: whose hard decisions bits, bool [columns Z, T], break a check that has its own bit."""
        import tensorflow as tf

        sums = []

        def layer(number, columns):
            sums.append(tf.reduce_sum(tf.reshape(columns, [len(self.rows[number]), self.code.z, -1]), 0))
            return columns

        self._through(tf.cast(bits, tf.uint8), layer)
        odd = tf.concat(sums, 0) & tf.cast(informed, tf.uint8)  # of a sum the last bit, since informed is 0 or 1
        return tf.reduce_max(odd, 0) > 0

    def _through(self, total, layer):
        """total: [columns Z, T], turned by `rest`. layer: (number of a row, its columns [degree Z, T] turned by its
        shifts) -> as many new ones, which the next layers see. Returns the total after the last layer.

        A column turned by n more is its lines from n on and then the first n: where the next layer that has it will cut
        it is known beforehand, so an array is cut once into all it is needed as (without a copy) and each layer is one
        concatenation."""
        import tensorflow as tf

        z, turn, pieces = self.code.z, list(self.rest), {}

        def cut(array, columns, after):
            sizes = []
            for c in columns:
                following = next((s for row in self.rows[after:] for d, s in row if d == c), turn[c])
                at = (following - turn[c]) % z
                sizes.append([at, z - at] if at else [z])
            parts = iter(tf.split(array, [size for of_one in sizes for size in of_one], 0))
            for c, of_one in zip(columns, sizes, strict=True):
                pieces[c] = [next(parts) for _ in of_one][::-1]

        cut(total, range(self.columns), 0)
        for number, row in enumerate(self.rows):
            new = layer(number, tf.concat([part for c, _ in row for part in pieces[c]], 0))
            for c, s in row:
                turn[c] = s
            cut(new, [c for c, _ in row], number + 1)
        return tf.concat([part for c in range(self.columns) for part in pieces[c]], 0)


def _signs(view):
    """float32 +1 or -1 as the sign bit of each element says, and the product over a check."""
    import tensorflow as tf

    signs = tf.bitcast(tf.bitcast(view, tf.int32) & SIGN | ONE, tf.float32)
    return signs, tf.reduce_prod(signs, 0)


def _boxplus_phi(view, informed):
    """view: [degree, Z, T] half messages to a check -> its answers, halved: sign(product of the others) *
    phi(sum of phi(|others|)), phi(x) = -log tanh(x/2). informed: float32 [Z, T] or None; 0 where the answer is 0."""
    import tensorflow as tf

    signs, product = _signs(view)
    logs = tf.math.log(tf.maximum(tf.abs(tf.tanh(view)), TINY))
    total = tf.reduce_sum(logs, 0)
    if informed is not None:
        total += (informed - 1) * 100  # phi of which is 0
    logs = tf.math.log(tf.maximum(tf.tanh((logs - total) * 0.5), TINY))
    return logs * (signs * (product * -0.5))


def _boxplus(view, informed):
    """As _boxplus_phi: atanh(product of tanh of the others), the product of the others being that of all over the own;
    below 1e-7 it is 0, and it is kept 1e-7 away from 1."""
    import tensorflow as tf

    view = tf.tanh(view)
    view = tf.where(view == 0, 1e-12, view)
    product = tf.reduce_prod(view, 0)
    if informed is not None:
        product *= informed
    others = product / view
    others = tf.where(tf.abs(others) < 1e-7, 0.0, others)
    return tf.atanh(tf.clip_by_value(others, -_BELOW_ONE, _BELOW_ONE))


def _minsum(view, informed):
    """As _boxplus_phi with the least of the other magnitudes in the place of phi."""
    import tensorflow as tf

    signs, product = _signs(view)
    view = tf.minimum(tf.abs(view), LLR_MAX / 2)
    least = tf.reduce_min(view, 0)
    at_least = view == least
    second = tf.reduce_min(tf.where(at_least, np.float32(np.inf), view), 0)
    second = tf.where(tf.math.count_nonzero(at_least, 0, dtype=tf.int32) > 1, least, second)
    if informed is not None:
        least, second = least * informed, second * informed
    return tf.where(at_least, second, least) * (signs * product)
