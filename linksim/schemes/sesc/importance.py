"""What a weight means, by what the receiver wants, and how the detector's feature maps reach the token grid.

detection: how much the detector's findings rest on a patch: the score of the nearest find, fading with the distance
between patch and box,

    w(patch) = max_d  score_d * exp(-(distance(patch, box_d) / reach) ** steepness)

with the distance in patches, 0 where they touch. Where weights are steep, raising mu gives up finds of low score before
it trims what is around the others. classification: the same, of the main find alone.
reconstruction: the share of the picture's energy around its mean colour that lies in patches no heavier than this one;
keeping w >= mu then gives up at most the share mu of what the mean colour leaves to be explained.

The semantic-aware model learns to predict it from the detector's intermediate features, the finds being the detector's
own on the clean picture: no boxes drawn by people are needed.
"""

from typing import Literal

import numpy as np
from PIL import Image

from linksim.tasks.classification import main_find

Aim = Literal["detection", "classification", "reconstruction"]
REACH, STEEPNESS = 1.0, 1.0  # patches over which a find's importance falls to 1/e, and how suddenly


def importance_for(aim: Aim, image: np.ndarray, boxes: np.ndarray, scores: np.ndarray, patch: int = 16,
                   reach: float = REACH, steepness: float = STEEPNESS) -> np.ndarray:
    """Weights float32 [S/patch, S/patch] in [0, 1] for a receiver's aim. image: uint8 [S, S, 3]; boxes, scores: what
    the detector finds in it, as for `importance`. ValueError: an unknown aim."""
    if aim == "reconstruction":
        return energy_share(image, patch)
    if aim == "classification":
        main = main_find({"boxes": boxes, "scores": scores, "labels": np.arange(len(scores))})
        kept = [] if main is None else [main]
        boxes, scores = np.asarray(boxes).reshape(-1, 4)[kept], np.asarray(scores)[kept]
    elif aim != "detection":
        raise ValueError(f"aim: should be detection, classification or reconstruction, got {aim!r}")
    return importance(boxes, scores, image.shape[0], patch, reach, steepness)


def sensitivity(image: np.ndarray, slopes: np.ndarray, patch: int = 16) -> np.ndarray:
    """What greying a patch does to the detector's sure scores, to first order: with g the scores' derivative by a
    pixel, |sum over the patch of g (pixel - mean colour)|, as a share of the picture's largest, square rooted (a
    few patches hold most of it). float32 [S/patch, S/patch], 0 everywhere where nothing is sure.

    image: uint8 [S, S, 3]; slopes: float [Z, Z, 3], of the picture resized to Z (`linksim.training.eyes`)."""
    side, size = image.shape[0] // patch, slopes.shape[0]
    pixels = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC), np.float64) / 255
    effect = (slopes * (pixels - pixels.mean((0, 1)))).reshape(side, size // side, side, size // side, 3)
    effect = np.abs(effect.sum((1, 3, 4)))
    return np.sqrt(effect / max(effect.max(), 1e-12)).astype(np.float32)


def energy_share(image: np.ndarray, patch: int = 16) -> np.ndarray:
    """Weights float32 [S/patch, S/patch]: with e the squared distance of a patch of uint8 [S, S, 3] to the picture's
    mean colour, the sum of all e' <= e over the sum of all. The heaviest patch has 1, a flat picture 0 everywhere."""
    side = image.shape[0] // patch
    patches = image[: side * patch, : side * patch].astype(np.float64).reshape(side, patch, side, patch, 3)
    energy = np.square(patches - patches.mean(axis=(0, 1, 2, 3))).sum(axis=(1, 3, 4)).ravel()
    order = np.sort(energy)
    total = np.cumsum(order)
    share = total[np.searchsorted(order, energy, side="right") - 1] / max(total[-1], 1e-12)
    return share.reshape(side, side).astype(np.float32)


def importance(boxes: np.ndarray, scores: np.ndarray, size: int, patch: int = 16, reach: float = REACH,
               steepness: float = STEEPNESS) -> np.ndarray:
    """boxes float [K, 4] x0 y0 x1 y1 in pixels, scores float [K] -> weights float32 [size/patch, size/patch]."""
    edge = np.arange(size // patch) * patch
    if len(boxes) == 0:
        return np.zeros((len(edge), len(edge)), np.float32)
    x0, y0, x1, y1 = np.asarray(boxes, np.float32).T[:, :, None]  # (K, 1)

    def gap(low, high):  # (K, n): pixels between the patch interval and the box interval
        return np.maximum(0, np.maximum(low - (edge + patch), edge - high))

    distance = np.maximum(gap(y0, y1)[:, :, None], gap(x0, x1)[:, None, :]) / patch
    return (np.asarray(scores)[:, None, None] * np.exp(-((distance / reach) ** steepness))).max(0).astype(np.float32)


def to_grid(features, grid: int) -> np.ndarray:
    """Feature maps float [B, h_l, w_l, C_l] of any resolution -> float32 [B, grid, grid, sum C_l] (area average
    where a map is finer, bilinear where it is coarser)."""
    from keras import ops

    maps = [ops.image.resize(ops.cast(f, "float32"), (grid, grid), "bilinear", antialias=True) for f in features]
    return np.asarray(ops.concatenate(maps, axis=-1))
