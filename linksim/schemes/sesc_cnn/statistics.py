"""The distributions of quantised latents, counted on training pictures once the networks are trained.

What is expected of a magnitude is a weighted sum of the terms of `context` (weighted least squares per channel); values
of about equal expectation share one distribution, whatever their channel, step and mask. Everything becomes integers.
"""

import numpy as np

from linksim.schemes.sesc import mask_code
from linksim.schemes.sesc_cnn import context as ctx
from linksim.schemes.sesc_cnn.quantiser import STEPS, quantise, sent
from linksim.schemes.sesc_cnn.stream import LARGEST, symbols


def fit(latents: np.ndarray, masks: np.ndarray, contexts: np.ndarray, every: int = 6) -> dict[str, np.ndarray]:
    """The entropy model, arrays of integers, from latents float [N, h, w, C], masks bool [N, h, w] and the number of
    context channels int [N] of each; at every `every`-th step.

    Returns `base` int32 [steps, 2, C], `mean` int16 [C], `weights` int16 [2, C, 5], `tables` uint16 [classes, symbols],
    `mask` uint16 [16]; the `model` of `stream` and `context`."""
    channels = latents.shape[-1]
    model = {"base": _base(latents, masks), "mean": np.zeros(channels, np.int16)}
    seen = [(quantise(y, step) * sent(keep, few, channels), keep, sent(keep, few, channels), step)
            for i, (y, keep, few) in enumerate(zip(latents, masks, contexts, strict=True))
            for step in range(i % every, len(STEPS), every)]
    model["mean"] = _means(seen)
    model["weights"] = _weights(seen, model)
    counts = np.zeros((len(ctx.LEVELS) + 1, 2 * LARGEST + 1))
    for q, _, there, step in seen:
        residual, level = symbols(model, q, there, step)
        np.add.at(counts, (level[there], np.clip(residual[there], -LARGEST, LARGEST) + LARGEST), 1)
    model["tables"] = _tables(counts)
    ones, everyone = np.full(16, 0.5), np.ones(16)
    for keep in masks:
        known = mask_code.contexts(keep)
        ones += np.bincount(known[keep], minlength=16)
        everyone += np.bincount(known.ravel(), minlength=16)
    model["mask"] = np.clip(np.rint(2**16 * ones / everyone), 64, 2**16 - 64).astype(np.uint16)
    return model


def _base(latents: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Mean magnitudes at every step, of features not kept and kept, in units of 1 / ONE, at least 1."""
    means = np.empty((len(STEPS), 2, latents.shape[-1]))
    for step in range(len(STEPS)):
        magnitude = np.abs(quantise(latents, step))
        for kept in (0, 1):
            rows = masks == bool(kept)
            means[step, kept] = magnitude[rows if rows.any() else ~rows].mean(0)
    return np.maximum(np.rint(means * ctx.ONE), 1).astype(np.int32)


def _means(seen: list) -> np.ndarray:
    """How much of its neighbours' mean a value of an odd patch is, in units of 1 / WEIGHT; 0 where it is little."""
    along = square = 0
    for q, _, there, step in seen:
        odd = ctx.odd_patches(*q.shape[:2])[..., None] & there
        mean = ctx.neighbours(q) / np.maximum(ctx.neighbours(there.astype(int)), 1) * odd
        along = along + (q * mean).sum((0, 1)) * STEPS[step] ** 2
        square = square + (mean**2).sum((0, 1)) * STEPS[step] ** 2
    share = along / np.maximum(square, 1e-9)
    return np.where(share > 0.15, np.rint(np.minimum(share, 1.2) * ctx.WEIGHT), 0).astype(np.int16)


def _weights(seen: list, model: dict) -> np.ndarray:
    """Weights int16 [2, C, 5] of the terms, even and odd patches: least squares of magnitudes, relative to base."""
    channels, count = model["base"].shape[2], len(ctx.TERMS)
    gram, along = np.zeros((2, channels, count, count)), np.zeros((2, channels, count))
    for q, _, there, step in seen:
        values, mean = ctx.whole(model, q, there, step)
        target, values = np.abs(q - mean).astype(np.float64), values / ctx.ONE
        trust = there / (values[0] + 0.05) ** 2
        odd = ctx.odd_patches(*q.shape[:2])
        for part, rows in enumerate((~odd, odd)):
            v, t, y = values[:, rows], trust[rows], target[rows]
            gram[part] += np.einsum("ipc,jpc,pc->cij", v, v, t)
            along[part] += np.einsum("ipc,pc,pc->ci", v, y, t)
    scale = np.trace(gram, axis1=2, axis2=3)[..., None, None] / count
    gram = gram + (0.01 * scale + 1e-9) * np.eye(count)
    along = along + (0.01 * scale[..., 0] + 1e-9) / count  # towards the mean of the terms
    solved = np.linalg.solve(gram, along[..., None])[..., 0]
    return np.clip(np.rint(solved * ctx.WEIGHT), -(2**15), 2**15 - 1).astype(np.int16)


def _tables(counts: np.ndarray) -> np.ndarray:
    """Symmetric probabilities uint16 out of 2^16, none 0, from counts [classes, symbols]."""
    counts = counts + counts[:, ::-1]
    usual = 0.5 ** np.abs(np.arange(-LARGEST, LARGEST + 1))  # where a class was hardly seen: its neighbours, then this
    pooled = np.apply_along_axis(lambda c: np.convolve(c, [0.01, 1, 0.01], "same"), 0, counts) + 0.5 * usual
    shares = pooled / pooled.sum(1, keepdims=True)
    return np.maximum(np.rint(shares * (2**16 - 2 * counts.shape[1])), 1).astype(np.uint16)
