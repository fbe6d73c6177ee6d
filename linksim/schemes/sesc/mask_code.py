"""Lossless code for masks: arithmetic coding with a context of four neighbours, in exact integers.

Each patch's bit is coded with the probability that its left, upper-left, upper and upper-right neighbours suggest;
importance comes in blobs, so neighbours say most of it. 256 bits in fixed-point probabilities make an interval of a few
thousand bits, which Python's integers hold exactly: no carry logic, no rounding.
Source of the method: Witten, Neal and Cleary, "Arithmetic coding for data compression", CACM 1987; contexts as in JBIG.
"""

from collections.abc import Callable

import numpy as np

ONE = 12  # bits of a probability
CONTEXTS = 16


def contexts(mask: np.ndarray) -> np.ndarray:
    """bool [..., h, w] -> context of every patch, int [..., h, w] in [0, 16); outside the picture is not sent."""
    mask = np.asarray(mask, np.int64)
    padded = np.pad(mask, (*[(0, 0)] * (mask.ndim - 2), (1, 0), (1, 1)))
    above = padded[..., :-1, :]
    return padded[..., 1:, :-2] + 2 * above[..., :-2] + 4 * above[..., 1:-1] + 8 * above[..., 2:]


def patch_by_patch(shape: tuple[int, int], bit: Callable[[int], int]) -> np.ndarray:
    """Mask bool [h, w] of patches that become known one by one: bit(context) tells each, given the context that
    `contexts` will have for it."""
    height, width = shape
    known = np.zeros((height + 1, width + 2), np.int64)
    for y in range(height):
        for x in range(width):
            context = known[y + 1, x] + 2 * known[y, x] + 4 * known[y, x + 1] + 8 * known[y, x + 2]
            known[y + 1, x + 1] = bit(context)
    return known[1:, 1:-1].astype(bool)


def learn(masks: np.ndarray) -> list[int]:
    """Probability that a patch is sent per context, in units of 2^-12 and inside (0, 1), from masks bool [B, h, w]."""
    ones, all_ = np.full(CONTEXTS, 0.4), np.full(CONTEXTS, 0.8)  # Krichevsky-Trofimov, nearly
    for mask in masks:
        context = contexts(mask)
        ones += np.bincount(context[np.asarray(mask, bool)], minlength=CONTEXTS)
        all_ += np.bincount(context.ravel(), minlength=CONTEXTS)
    return [int(p) for p in np.clip(np.rint(ones / all_ * 2**ONE), 1, 2**ONE - 1)]


def encode(mask: np.ndarray, model: list[int]) -> str:
    """Code of mask bool [h, w] as a string of 0 and 1, the shortest that stays decodable whatever follows it."""
    low, width, shift = 0, 1, 0
    for bit, context in zip(np.asarray(mask, bool).ravel(), contexts(mask).ravel(), strict=True):
        one = model[context]
        low, shift = low << ONE, shift + ONE
        if bit:
            width *= one
        else:
            low += width * one
            width *= 2**ONE - one
    # The shortest dyadic interval inside [low, low + width) / 2^shift.
    bits = max(0, shift - width.bit_length())
    while True:
        step = 1 << (shift - bits)
        start = -(-low // step)
        if (start + 1) * step <= low + width:
            return format(start, f"0{bits}b") if bits else ""
        bits += 1


def longest(shape: tuple[int, int], model: list[int], whole: bool) -> int:
    """Bits of the longest code among masks [h, w] of one patch; or, where that is shorter, of the whole mask."""
    single = np.eye(shape[0] * shape[1], dtype=bool).reshape(-1, *shape)
    alone = max(len(encode(mask, model)) for mask in single)
    return min(alone, len(encode(np.ones(shape, bool), model))) if whole else alone


def decode(code: np.ndarray, shape: tuple[int, int], model: list[int]) -> np.ndarray:
    """Mask bool [h, w] from bits uint8 [H] that start with its code; anything may follow."""
    shift = shape[0] * shape[1] * ONE
    code = np.asarray(code)
    value = int("".join("1" if b else "0" for b in code) or "0", 2)
    value = value << (shift - len(code)) if shift >= len(code) else value >> (len(code) - shift)
    low, width, left = 0, 1, shift

    def bit(context):
        nonlocal low, width, left
        one = model[context]
        left -= ONE
        low <<= ONE
        if (value >> left) < low + width * one:
            width *= one
            return 1
        low += width * one
        width *= 2**ONE - one
        return 0

    return patch_by_patch(shape, bit)
