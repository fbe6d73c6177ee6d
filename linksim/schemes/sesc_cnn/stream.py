"""Quantised latents and mask as bytes: a range coder (`constriction`) with the distributions of `statistics`.

    | step | channels in use | context | mask, patch by patch | values, channel by channel, even patches first |

all in one range-coded stream (Martin 1979), as 32-bit words, most significant byte first, without the zero bytes at the
end: those that fill a transport block change nothing. A mask's bit has the context of its left, upper-left, upper and
upper-right neighbour. A value beyond the tables is sent as their last symbol and how far beyond: a length and so many
bits.

Probabilities are integers out of 2^16, stored with the weights: both sides have the same ones on any machine.
"""

import numpy as np

from linksim.schemes.sesc import mask_code
from linksim.schemes.sesc_cnn import context as ctx
from linksim.schemes.sesc_cnn.quantiser import STEPS

LARGEST = 16  # symbols are -LARGEST..LARGEST; both ends are continued
LENGTHS = 24  # of the number by which a value lies beyond, in bits
MOST_CONTEXT = 16


def encode(model: dict, q: np.ndarray, keep: np.ndarray, sent: np.ndarray, step: int, context: int) -> bytes:
    """The codestream of a picture.

    q: int [h, w, C], 0 where not sent. keep bool [h, w], sent bool [h, w, C] (`quantiser.sent`). step: index into
    STEPS. context: channels of features not kept. model: the arrays of `statistics.fit`."""
    from constriction import stream

    Uniform, RangeEncoder = stream.model.Uniform, stream.queue.RangeEncoder
    coder, tables, used = RangeEncoder(), _Tables(model), used_channels(q)
    for value, count in ((step, len(STEPS)), (used, q.shape[2] + 1), (context, MOST_CONTEXT + 1)):
        coder.encode(value, Uniform(count))
    flat, model_of = keep.astype(np.int32).ravel(), mask_code.contexts(keep).ravel()
    coder.encode(flat, tables.family, tables.mask[model_of])
    residual, level = symbols(model, q[..., :used], sent, step)
    for c in range(used):
        for odd in (False, True):
            here = sent[..., c] & (ctx.odd_patches(*keep.shape) == odd)
            if here.any():
                _put(coder, tables, residual[here, c], level[here, c])
    return coder.get_compressed().astype(">u4").tobytes().rstrip(b"\0")


def decode(model: dict, data: bytes, grid: int) -> tuple[np.ndarray, np.ndarray, int, int] | None:
    """(q int64 [h, w, C], keep bool [h, w], step, context) of a codestream of a grid x grid picture, zero bytes behind
    it or not. None for what is no codestream: these values, coded again, must be `data`, which tells 19 of 20 damaged
    ones."""
    from constriction import stream

    Uniform, RangeDecoder = stream.model.Uniform, stream.queue.RangeDecoder
    data = data.rstrip(b"\0")
    if not data:
        return None
    words = np.frombuffer(data.ljust(-(-len(data) // 4) * 4, b"\0"), ">u4").astype(np.uint32)
    channels, tables = model["base"].shape[2], _Tables(model)
    try:
        coder = RangeDecoder(words)
        step, used, context = (int(coder.decode(Uniform(n))) for n in (len(STEPS), channels + 1, MOST_CONTEXT + 1))
        keep = _mask(coder, tables, grid)
        q = _values(coder, tables, model, keep, step, used, context)
    except (AssertionError, ValueError, OverflowError):  # constriction's way to say that no symbol fits
        return None
    sent = keep[..., None] | (np.arange(channels) < context)
    again = encode(model, q, keep, sent, step, context)
    return (q, keep, step, context) if again == data else None


def cost(model: dict, q: np.ndarray, keep: np.ndarray, sent: np.ndarray, step: int) -> float:
    """About how many bytes `encode` will make of it."""
    tables, used = _Tables(model), used_channels(q)
    residual, level = symbols(model, q[..., :used], sent, step)
    clipped, part = np.clip(residual, -LARGEST, LARGEST), sent[..., :used]
    bits = -np.log2(tables.values[level[part], clipped[part] + LARGEST]).sum()
    beyond = np.abs(residual[part]) - LARGEST + 1
    beyond = beyond[beyond > 0]
    bits += (np.log2(LENGTHS) + np.floor(np.log2(beyond))).sum()
    bits -= np.log2(tables.mask[mask_code.contexts(keep), keep.astype(int)]).sum()
    return (bits + np.log2(len(STEPS) * (q.shape[2] + 1) * (MOST_CONTEXT + 1))) / 8 + 1


def symbols(model: dict, q: np.ndarray, sent: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Residual int64 [h, w, C] to be coded and the class int64 [h, w, C] of its distribution, for the first C channels
    of a latent."""
    values, mean = ctx.whole(model, q, sent, step)
    odd = ctx.odd_patches(*q.shape[:2]).astype(int)
    weights = model["weights"][:, : q.shape[2]].astype(np.int64)
    weights = np.moveaxis(weights[odd], 3, 0)  # [2, C, 5] -> [5, h, w, C]
    return q - mean, ctx.classes(weights, values)


def used_channels(q: np.ndarray) -> int:
    """Channels up to the last one that isn't 0 everywhere."""
    return int(np.max(np.flatnonzero(q.any(axis=(0, 1))) + 1, initial=0))


class _Tables:
    def __init__(self, model: dict):
        from constriction import stream

        self.family = stream.model.Categorical(perfect=False)
        self.values = model["tables"].astype(np.float32) / 2**16  # [classes, 2 * LARGEST + 1]
        kept = model["mask"].astype(np.float32) / 2**16
        self.mask = np.stack([1 - kept, kept], -1)  # [16, 2]


def _put(coder, tables: _Tables, residual: np.ndarray, level: np.ndarray) -> None:
    from constriction import stream

    symbol = np.clip(residual, -LARGEST, LARGEST) + LARGEST
    coder.encode(symbol.astype(np.int32), tables.family, tables.values[level])
    for more in np.abs(residual[np.abs(residual) >= LARGEST]) - LARGEST + 1:  # at least 1
        length = int(more).bit_length()
        coder.encode(length - 1, stream.model.Uniform(LENGTHS))
        if length > 1:
            coder.encode(int(more) - (1 << (length - 1)), stream.model.Uniform(1 << (length - 1)))


def _get(coder, tables: _Tables, level: np.ndarray) -> np.ndarray:
    from constriction import stream

    residual = coder.decode(tables.family, tables.values[level]).astype(np.int64) - LARGEST
    for i in np.flatnonzero(np.abs(residual) == LARGEST):
        length = int(coder.decode(stream.model.Uniform(LENGTHS)))
        more = (1 << length) + (int(coder.decode(stream.model.Uniform(1 << length))) if length else 0)
        residual[i] += np.sign(residual[i]) * (more - 1)
    return residual


def _mask(coder, tables: _Tables, grid: int) -> np.ndarray:
    from constriction import stream

    models = [stream.model.Categorical(row, perfect=False) for row in tables.mask]
    return mask_code.patch_by_patch((grid, grid), lambda context: coder.decode(models[context]))


def _values(coder, tables: _Tables, model: dict, keep: np.ndarray, step: int, used: int, context: int) -> np.ndarray:
    """q int64 [h, w, C]: channel by channel what `context.whole` tells the transmitter at once."""
    channels = model["base"].shape[2]
    q, sent = np.zeros((*keep.shape, channels), np.int64), keep[..., None] | (np.arange(channels) < context)
    base = ctx.base_of(model, sent, step)
    base_before, base_last = ctx.before(base), ctx.last(base)
    around_count = ctx.neighbours(sent[..., :1].astype(np.int64))[..., 0]
    own, zero = np.zeros(keep.shape, np.int64), np.zeros(keep.shape, np.int64)
    odd, weights = ctx.odd_patches(*keep.shape), model["weights"].astype(np.int64)
    for c in range(used):
        own_last = np.abs(q[..., max(0, c - ctx.RECENT) : c]).sum(-1)
        around = ctx.neighbours(own)
        for second in (False, True):
            here = sent[..., c] & (odd == second)
            if not here.any():
                continue
            beside, total, count = zero, zero, zero
            if second:
                total, beside = ctx.neighbours(q[..., c]), ctx.neighbours(np.abs(q[..., c]))
                count = ctx.neighbours(sent[..., c].astype(np.int64))
            values = ctx.terms(*(part[here] for part in (base[..., c], base_before[..., c], base_last[..., c], own,
                                                         own_last, around, around_count, beside, count)))
            level = ctx.classes(weights[int(second), c][:, None], values)
            mean = ctx.predicted(model["mean"][c].astype(np.int64), total[here], count[here])
            q[here, c] = _get(coder, tables, level) + mean
        own += np.abs(q[..., c])
    return q
