"""How masks get into a header of fixed size: made simpler where that is asked for, coded, and made to fit."""

import numpy as np

from linksim.schemes.sesc import mask_code
from linksim.schemes.sesc.tidy import tidy

FITS = 90  # per cent of calibration masks that a header has room for as they are, where masks may be simplified
DOUBLINGS = 4  # of the strength, until a mask fits


def learn(masks: np.ndarray, weights: np.ndarray, strength: float, grow: bool) -> tuple[np.ndarray, list[int]]:
    """From calibration masks bool [B, h, w] and their weights: the masks as they will be sent, and the code's model.
    strength, grow: as for `tidy`; strength 0 sends masks as they are."""
    model, simple = mask_code.learn(masks), masks
    for _ in range(2 if strength else 0):  # what is made simple by a code makes that code shorter yet
        simple = tidy(masks, weights, model, strength, grow)
        model = mask_code.learn(simple)
    return simple, model


def bits(masks: np.ndarray, model: list[int], strength: float) -> int:
    """Bits that a header should have for masks such as these, as they are sent."""
    lengths = [len(mask_code.encode(mask, model)) for mask in masks]
    return int(np.ceil(np.percentile(lengths, FITS))) if strength else max(lengths)


def tell(masks: np.ndarray, weights: np.ndarray, plan: dict, strength: float,
         grow: bool) -> tuple[np.ndarray, np.ndarray]:
    """The masks as sent, bool [B, h, w], and their codes, uint8 [B, mask_bits]. plan: mask_model, mask_bits and
    whole."""
    sent, rows = masks.copy(), np.arange(len(masks))
    for doubled in range(DOUBLINGS + 1 if strength else 0):
        sent[rows] = tidy(masks[rows], weights[rows], plan["mask_model"], strength * 2**doubled, grow)
        rows = [b for b in rows if len(mask_code.encode(sent[b], plan["mask_model"])) > plan["mask_bits"]]
        if not rows:
            break
    told = [_fit(mask, weight, plan) for mask, weight in zip(sent, weights, strict=True)]
    return np.stack([mask for mask, _ in told]), np.stack([pad(code, plan) for _, code in told])


def pad(code: str, plan: dict) -> np.ndarray:
    """A code as the header has it, uint8 [mask_bits]."""
    return np.frombuffer(code.ljust(plan["mask_bits"], "0").encode(), np.uint8) - ord("0")


def _fit(mask: np.ndarray, weights: np.ndarray, plan: dict) -> tuple[np.ndarray, str]:
    """The mask as sent and its code. A mask whose code is longer than the header, which its size on calibration
    pictures makes rare, is raised in mu until it fits, or else is what the plan says: whole, or its heaviest feature
    alone."""
    room, model = plan["mask_bits"], plan["mask_model"]
    code = mask_code.encode(mask, model)
    for level in np.unique(weights[mask]):
        if len(code) <= room:
            break
        raised = weights > level
        if not raised.any():
            alone = np.arange(mask.size).reshape(mask.shape) == np.argmax(weights)
            raised = np.ones_like(mask) if plan["whole"] else alone
        mask = raised
        code = mask_code.encode(mask, model)
    return mask, code
