"""How large a quantised latent is expected to be: the context of its distribution, in integers alone.

Values are coded channel by channel, within a channel the patches of even y + x first ("even"), then the odd ones, whose
four neighbours are then known (the checkerboard of He et al., "Checkerboard context model for efficient learned image
compression", CVPR 2021). What is expected of |q| is a weighted sum of

    base      its mean over training pictures at this step, apart for features kept and context
    own       base, scaled by how much larger than usual this feature's values were so far
    recent    the same over the last RECENT channels alone
    around    the same over the values that the four neighbours have had so far
    beside    the mean of |q| of the four neighbours in this very channel; for even patches base

where a neighbour that the mask leaves out doesn't count. Odd patches also have a mean predicted from their neighbours.
In integers, so that the receiver's contexts are the transmitter's on any machine.
"""

import numpy as np

ONE = 256  # fixed point of magnitudes
WEIGHT = 1024  # fixed point of weights
RECENT = 4
TERMS = ("base", "own", "recent", "around", "beside")
LEVELS = np.unique(np.rint(ONE * 0.004 * 2.0 ** (np.arange(1, 40) / 3)).astype(np.int64))  # between classes


def neighbours(x: np.ndarray) -> np.ndarray:
    """Sum over the four neighbours, int [h, w, ...]; 0 beyond the edge."""
    total = np.zeros_like(x)
    total[1:] += x[:-1]
    total[:-1] += x[1:]
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    return total


def before(x: np.ndarray) -> np.ndarray:
    """Sum over the channels in front of each, int [h, w, C]."""
    return np.cumsum(x, axis=-1) - x


def last(x: np.ndarray) -> np.ndarray:
    """Sum over the RECENT channels in front of each, int [h, w, C]."""
    total = before(x)
    total[..., RECENT:] -= before(x)[..., :-RECENT]
    return total


def odd_patches(height: int, width: int) -> np.ndarray:
    """bool [h, w]."""
    return np.add.outer(np.arange(height), np.arange(width)) % 2 == 1


def terms(base, base_before, base_last, own, own_last, around, around_count, beside, beside_count) -> np.ndarray:
    """The five terms, int64 [5, ...], from sums of magnitudes, elementwise.

    base*: expected magnitudes in units of 1 / ONE: of this value, of the channels in front, of the last RECENT.
    own, own_last: magnitudes in front and among the last. around, beside: of the neighbours, and how many count."""
    def scaled(magnitude, expected):
        return base * (ONE * magnitude + ONE // 4) // (expected + ONE // 4)

    everyone = np.maximum(around_count, 1)
    usual = np.where(around_count > 0, scaled(around // everyone, base_before), base)
    known = np.where(beside_count > 0, ONE * beside // np.maximum(beside_count, 1), base)
    return np.stack(np.broadcast_arrays(base, scaled(own, base_before), scaled(own_last, base_last), usual, known))


def classes(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Class int64 [...] of the distribution: weights int64 [5, ...] of terms int64 [5, ...]."""
    return np.searchsorted(LEVELS, (weights * values).sum(0) // WEIGHT)


def predicted(weight: np.ndarray, total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Mean int64 [...]: weight times the neighbours' mean, rounded; 0 where no neighbour counts."""
    count = np.maximum(count, 1)
    return np.where(count > 0, (2 * weight * total + WEIGHT * count) // (2 * WEIGHT * count), 0)


def whole(model: dict, q: np.ndarray, sent: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """All contexts of a picture at once, as the transmitter and training know it: terms int64 [5, h, w, C] and mean
    int64 [h, w, C]. q int [h, w, C], the first channels of a latent or all, 0 where not `sent` bool [h, w, all].
    model: as `statistics.fit` makes it."""
    q = q.astype(np.int64)
    magnitude, odd = np.abs(q), odd_patches(*q.shape[:2])[..., None]
    base, sent = base_of(model, sent, step)[..., : q.shape[2]], sent[..., : q.shape[2]]
    beside_count = neighbours(sent.astype(np.int64)) * odd
    around_count = neighbours(sent[..., :1].astype(np.int64))
    values = terms(base, before(base), last(base), before(magnitude), last(magnitude),
                   neighbours(before(magnitude)), around_count, neighbours(magnitude) * odd, beside_count)
    return values, predicted(model["mean"][: q.shape[2]].astype(np.int64), neighbours(q) * odd, beside_count)


def base_of(model: dict, sent: np.ndarray, step: int) -> np.ndarray:
    """Expected magnitudes int64 [h, w, C] at a step: model["base"] int [steps, 2, C], context and kept."""
    return model["base"][step].astype(np.int64)[sent[..., -1].astype(int)]
