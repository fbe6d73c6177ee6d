"""Masks that take fewer bits to tell: where a weight is in doubt, its patch follows its neighbours.

With tau the lightest weight that a mask keeps, what is least over all masks is

    sum over changed patches of |logit(w) - logit(tau)|  +  strength * bits of the mask's code

sought by iterated conditional modes (Besag, "On the statistical analysis of dirty pictures", J. R. Stat. Soc. B 1986):
patches that share no bit of the code change together, each where that makes the sum smaller.
"""

import numpy as np

from linksim.schemes.sesc.mask_code import ONE, contexts

ROUNDS = 4
CERTAIN = 1e-4  # weights nearer to 0 or 1 are as sure as this


def tidy(masks: np.ndarray, weights: np.ndarray, model: list[int], strength: float, grow: bool = True) -> np.ndarray:
    """Masks bool [B, h, w] made simpler. weights: float [B, h, w] in [0, 1]; model: of `mask_code.learn`; grow: whether
    patches may be added. What one picture's mask becomes doesn't depend on the others; none is left empty, and one
    that keeps everything stays so."""
    masks = np.asarray(masks, bool)
    lightest = np.where(masks, weights, 1.0).min((1, 2), keepdims=True)
    doubt = np.abs(_logit(weights) - _logit(lightest))
    doubt = np.where(masks | grow, doubt, np.inf)
    one = np.array(model) / 2**ONE
    bits = -np.log2([1 - one, one])
    simple = masks.copy()
    for _ in range(ROUNDS):
        for at in np.ndindex(2, 3):  # a patch is in the context of its right neighbour and of three below
            some = np.zeros_like(masks)
            some[:, at[0] :: 2, at[1] :: 3] = True
            change = _bits(simple ^ some, bits) - _bits(simple, bits)
            around = np.pad(change, ((0, 0), (0, 1), (1, 1)))
            dearer = around[:, :-1, 1:-1] + around[:, :-1, 2:] + sum(around[:, 1:, i : i + change.shape[2]]
                                                                     for i in range(3))
            price = np.where(simple == masks, doubt, -doubt)  # going back refunds what the change cost
            simple ^= some & (price + strength * dearer < 0)
    kept = simple.any((1, 2), keepdims=True) & ~masks.all((1, 2), keepdims=True)
    return np.where(kept, simple, masks)


def _bits(masks: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Bits that each patch adds to its mask's code, float [B, h, w]."""
    return bits[masks.astype(int), contexts(masks)]


def _logit(weights: np.ndarray) -> np.ndarray:
    sure = np.clip(np.asarray(weights, np.float64), CERTAIN, 1 - CERTAIN)
    return np.log(sure / (1 - sure))
