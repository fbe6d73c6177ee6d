"""Arrays in eight bits: a file half as large as in float16.

    w = scale[c] * q,   q in -127 to 127,   scale[c] = max |w[..., c]| / 127   for every output channel c

They become float again when they are loaded: TensorFlow computes in float on a CPU, so what this buys is the size of
the file and of a download, no speed and no memory.
"""

import numpy as np

STEPS = "/int8"  # in the file, after the name of an array in eight bits
SCALE = "/scale"
LEAST = 1024  # smaller arrays, and vectors, stay as they are


def quantise(arrays: dict[str, np.ndarray], keep: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Arrays by name as int8 with one float32 scale per last axis' index, but vectors, small ones, and those whose name
    holds one of `keep`."""
    out = {}
    for name, array in arrays.items():
        if array.ndim < 2 or array.size < LEAST or array.dtype.kind != "f" or any(part in name for part in keep):
            out[name] = array
            continue
        array = array.astype(np.float32)
        scale = np.abs(array).max(axis=tuple(range(array.ndim - 1))) / 127
        out[name + STEPS] = np.rint(array / np.where(scale, scale, 1)).astype(np.int8)
        out[name + SCALE] = scale.astype(np.float32)
    return out


def restore(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `quantise` made of arrays, as float32 under their own names; arrays without eight bits pass."""
    eight = {name.removesuffix(STEPS) for name in arrays if name.endswith(STEPS)}
    taken = {name + end for name in eight for end in (STEPS, SCALE)}
    return {name: array for name, array in arrays.items() if name not in taken} | {
        name: arrays[name + STEPS] * arrays[name + SCALE] for name in eight}
