"""What a weight means, and how the detector's feature maps reach the token grid.

The weight of a patch says how much the detector's findings rest on it: the score of the nearest find, fading with the
distance between patch and box,

    w(patch) = max_d  score_d * exp(-distance(patch, box_d) / REACH)

with the distance in patches, 0 where they touch. The semantic-aware model learns to predict it from the detector's
intermediate features, the finds being the detector's own on the clean picture: no boxes drawn by people are needed.
"""

import numpy as np

REACH = 1.0  # patches over which a find's importance falls to 1/e


def importance(boxes: np.ndarray, scores: np.ndarray, size: int, patch: int = 16) -> np.ndarray:
    """boxes float [K, 4] x0 y0 x1 y1 in pixels, scores float [K] -> weights float32 [size/patch, size/patch]."""
    edge = np.arange(size // patch) * patch
    if len(boxes) == 0:
        return np.zeros((len(edge), len(edge)), np.float32)
    x0, y0, x1, y1 = np.asarray(boxes, np.float32).T[:, :, None]  # (K, 1)

    def gap(low, high):  # (K, n): pixels between the patch interval and the box interval
        return np.maximum(0, np.maximum(low - (edge + patch), edge - high))

    distance = np.maximum(gap(y0, y1)[:, :, None], gap(x0, x1)[:, None, :]) / patch
    return (np.asarray(scores)[:, None, None] * np.exp(-distance / REACH)).max(0).astype(np.float32)


def to_grid(features, grid: int) -> np.ndarray:
    """Feature maps float [B, h_l, w_l, C_l] of any resolution -> float32 [B, grid, grid, sum C_l] (area average
    where a map is finer, bilinear where it is coarser)."""
    from keras import ops

    maps = [ops.image.resize(ops.cast(f, "float32"), (grid, grid), "bilinear", antialias=True) for f in features]
    return np.asarray(ops.concatenate(maps, axis=-1))
