"""Masks that take fewer bits to tell: where a weight is in doubt, its patch follows its neighbours.

With tau the lightest weight that a mask keeps, what is least over all masks is

    sum over changed patches of |logit(w) - logit(tau)|  +  strength * bits of the mask's code

sought by iterated conditional modes (Besag, "On the statistical analysis of dirty pictures", J. R. Stat. Soc. B 1986):
patches that share no bit of the code change together, each where that makes the sum smaller. Where even that leaves a
mask too long for its header, the search begins again from masks in blocks.
"""

import numpy as np

from linksim.schemes.sesc.mask_code import ONE, contexts

ROUNDS = 4
SIDES = (2, 3, 4)  # of blocks, in patches
CERTAIN = 1e-4  # weights nearer to 0 or 1 are as sure as this


def tidy(masks: np.ndarray, weights: np.ndarray, model: list[int], strength: float, grow: bool = True,
         start: np.ndarray | None = None) -> np.ndarray:
    """Masks bool [B, h, w] made simpler. weights: float [B, h, w] in [0, 1]; model: of `mask_code.learn`; grow: whether
    patches may be added; start: masks from which the search begins, the masks themselves where none are given. What one
    picture's mask becomes doesn't depend on the others; none is left empty, and one that keeps everything stays so."""
    masks = np.asarray(masks, bool)
    doubt = np.where(masks | grow, np.abs(margins(masks, weights)), np.inf)
    one = np.array(model) / 2**ONE
    bits = -np.log2([1 - one, one])
    simple = masks.copy() if start is None else start & (masks | grow)
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


def in_blocks(mask: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coarser versions bool [K, h, w] of a mask bool [h, w]: blocks of each of SIDES, wherever they may begin, are kept
    whole where their patches' margins add up to 0 or more. Empty ones are left out."""
    margin, (height, width) = margins(mask[None], weights[None])[0], mask.shape
    found = []
    for side in SIDES:
        for above, left in np.ndindex(side, side):
            padded = np.pad(margin, ((above, -(height + above) % side), (left, -(width + left) % side)))
            kept = padded.reshape(padded.shape[0] // side, side, -1, side).sum((1, 3)) >= 0
            found.append(kept.repeat(side, 0).repeat(side, 1)[above : above + height, left : left + width])
    return np.stack([blocks for blocks in found if blocks.any()] or [mask])


def margins(masks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """logit(w) - logit(tau), float [B, h, w]: how surely a patch belongs into its mask (above 0) or not (below)."""
    lightest = np.where(masks, weights, 1.0).min((1, 2), keepdims=True)
    return _logit(weights) - _logit(lightest)


def _bits(masks: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Bits that each patch adds to its mask's code, float [B, h, w]."""
    return bits[masks.astype(int), contexts(masks)]


def _logit(weights: np.ndarray) -> np.ndarray:
    sure = np.clip(np.asarray(weights, np.float64), CERTAIN, 1 - CERTAIN)
    return np.log(sure / (1 - sure))
