"""How masks get into a header of fixed size: made simpler where that is asked for, coded, and made to fit."""

import numpy as np

from linksim.schemes.sesc import mask_code
from linksim.schemes.sesc.tidy import in_blocks, margins, tidy

FITS = 90  # per cent of calibration masks that a header has room for as they are, where masks may be simplified
SURE = 2**mask_code.ONE  # a probability of 1
LEAST = (1, SURE // 256, SURE // 64, SURE // 16, SURE // 4, SURE // 2)  # probabilities that a flattened model keeps to
DOUBLINGS = 4  # of the strength, for a mask that doesn't fit


def learn(masks: np.ndarray, weights: np.ndarray, strength: float, grow: bool) -> tuple[np.ndarray, list[int]]:
    """From calibration masks bool [B, h, w] and their weights: the masks as they will be sent, and the code's model.
    strength, grow: as for `tidy`; strength 0 sends masks as they are."""
    model, simple = mask_code.learn(masks), masks
    for _ in range(2 if strength else 0):  # what is made simple by a code makes that code shorter yet
        simple = tidy(masks, weights, model, strength, grow)
        model = mask_code.learn(simple)
    return simple, model


def plan_for(masks: np.ndarray, model: list[int], strength: float, whole: bool) -> dict:
    """What a header has for masks such as these, as they are sent: mask_model, mask_bits, and whether a mask that can't
    be told becomes whole, every feature, or else its heaviest feature alone. Room for that one feature can cost more
    than any of these masks, most of all where they are whole: masks that are sent as they are get the model that is
    flattened as far as makes the header shortest."""
    models = [model] if whole or strength else [np.clip(model, least, SURE - least).tolist() for least in LEAST]
    plans = [{"mask_model": one, "mask_bits": _room(masks, one, strength, whole), "whole": whole} for one in models]
    return min(plans, key=lambda plan: plan["mask_bits"])


def _room(masks: np.ndarray, model: list[int], strength: float, whole: bool) -> int:
    """Bits of a header for masks such as these."""
    lengths = [len(mask_code.encode(mask, model)) for mask in masks]
    bits = int(np.ceil(np.percentile(lengths, FITS))) if strength else max(lengths)
    bits = max(bits, mask_code.longest(masks.shape[1:], model, whole))
    return -(-bits // 8) * 8


def roomy(plan: dict, masks: np.ndarray, beside: int) -> dict:
    """A scheme's plan with a header that has room for each of `masks`, bool [B, h, w], as it is, at the plan's code
    rate or below. beside: what it says beside the mask, CRC included, in bits."""
    model = mask_code.learn(masks)
    bits = max(plan["mask_bits"], -(-max(len(mask_code.encode(mask, model)) for mask in masks) // 8) * 8)
    return plan | {"mask_model": model, "mask_bits": bits,
                   "header_uses": -(-plan["header_uses"] * (bits + beside) // (plan["mask_bits"] + beside))}


def tell(masks: np.ndarray, weights: np.ndarray, plan: dict, strength: float,
         grow: bool) -> tuple[np.ndarray, np.ndarray]:
    """The masks as sent, bool [B, h, w], and their codes, uint8 [B, mask_bits]. plan: of `plan_for`."""
    sent = masks
    if strength:
        sent = tidy(masks, weights, plan["mask_model"], strength, grow)
        for b in range(len(masks)):
            if len(mask_code.encode(sent[b], plan["mask_model"])) > plan["mask_bits"]:
                sent[b] = _nearest(masks[b], weights[b], plan, strength, grow)
    told = [_fit(mask, weight, plan) for mask, weight in zip(sent, weights, strict=True)]
    return np.stack([mask for mask, _ in told]), np.stack([pad(code, plan) for _, code in told])


def pad(code: str, plan: dict) -> np.ndarray:
    """A code as the header has it, uint8 [mask_bits]."""
    return np.frombuffer(code.ljust(plan["mask_bits"], "0").encode(), np.uint8) - ord("0")


def _nearest(mask: np.ndarray, weights: np.ndarray, plan: dict, strength: float, grow: bool) -> np.ndarray:
    """Of simpler masks that the header has room for, the one that departs least from this one: whose changed patches
    were most in doubt. The mask as it is where none fits."""
    starts = np.concatenate([mask[None], in_blocks(mask, weights)])
    masks, many = (np.broadcast_to(x, (len(starts), *mask.shape)) for x in (mask, weights))
    simpler = np.concatenate([tidy(masks, many, plan["mask_model"], strength * 2**doubled, grow, starts)
                              for doubled in range(DOUBLINGS + 1)])
    doubt = (np.abs(margins(mask[None], weights[None])) * (simpler != mask)).sum((1, 2))
    for at in np.argsort(doubt, kind="stable"):
        if len(mask_code.encode(simpler[at], plan["mask_model"])) <= plan["mask_bits"]:
            return simpler[at]
    return mask


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
