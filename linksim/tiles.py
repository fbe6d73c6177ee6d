"""Fixed shapes for compiled stages: networks as graphs, and rows cut into tiles of one size, the last one padded.

A compiled model's rows depend on the batch size in their last bits, but not on what else is in the batch.
Running every stage at one fixed shape therefore gives the same row whatever it is batched with.
"""

from collections.abc import Callable

import numpy as np


def compiled(model) -> Callable[..., np.ndarray]:
    """A Keras model on TensorFlow as one graph per shape: NumPy in, NumPy out."""
    import tensorflow as tf

    call = tf.function(lambda *inputs: model(inputs[0] if len(inputs) == 1 else list(inputs), training=False),
                       autograph=False)
    return lambda *inputs: call(*(tf.constant(i) for i in inputs)).numpy()


def in_tiles(function: Callable, tile: int, *arrays: np.ndarray):
    """Call `function` on slices of exactly `tile` rows of `arrays` and put the results together.

    arrays: [B, ...], same B. The last slice is padded by repeating its first row; padding rows are dropped.
    Returns what `function` returns (an array or a tuple of arrays), with B rows.
    """
    rows = len(arrays[0])
    if rows == 0:
        raise ValueError("in_tiles needs at least one row")
    parts = []
    for start in range(0, rows, tile):
        part = [np.asarray(a[start : start + tile]) for a in arrays]
        here = len(part[0])
        if here < tile:
            part = [np.concatenate([p, np.repeat(p[:1], tile - here, axis=0)]) for p in part]
        out = function(*part)
        several = isinstance(out, tuple | list)
        parts.append([np.asarray(o)[:here] for o in (out if several else (out,))])
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return tuple(joined) if several else joined[0]
