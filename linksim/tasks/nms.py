"""Class-aware non-maximum suppression: over a batch, compiled, on TensorFlow; of one picture in NumPy, for training on
any backend."""

import numpy as np


def nms(boxes, scores, confidence: float, iou: float, max_detections: int):
    """Greedy suppression inside each class; a box may stand for several classes.

    boxes: float32 [B, N, 4] x0 y0 x1 y1; scores: float32 [B, N, C]; scores must exceed `confidence`.
    Returns TensorFlow tensors boxes [B, M, 4], scores [B, M], labels [B, M], count [B], best first; M = max_detections.
    Usable inside a tf.function (not compiled by XLA).
    """
    import tensorflow as tf

    found = tf.image.combined_non_max_suppression(
        tf.expand_dims(boxes, 2), scores, max_detections, max_detections, iou, confidence, clip_boxes=False)
    return found.nmsed_boxes, found.nmsed_scores, found.nmsed_classes, found.valid_detections


def observations(boxes, scores, labels, count, scale: float = 1.0) -> list[dict[str, np.ndarray]]:
    """One dict per picture from the arrays of `nms`, boxes multiplied by `scale`."""
    return [{"boxes": (b[:n] * scale).astype(np.float32), "scores": s[:n].astype(np.float32),
             "labels": c[:n].astype(np.int32)}
            for b, s, c, n in zip(boxes, scores, labels, count, strict=True)]


def suppress(boxes: np.ndarray, scores: np.ndarray, confidence: float, iou: float, most: int = 300):
    """`nms` of one picture: boxes float [N, 4], scores float [N, C]. Returns boxes float32 [K, 4], scores float32 [K]
    and labels int32 [K], best first, at most `most` in all."""
    kept = []
    for label, column in enumerate(scores.T):
        left = np.flatnonzero(column > confidence)
        left = left[np.argsort(-column[left], kind="stable")]
        found = 0
        while len(left) and found < most:
            best, left = left[0], left[1:]
            kept.append((column[best], label, best))
            left, found = left[overlap(boxes[best], boxes[left]) <= iou], found + 1
    kept = sorted(kept, key=lambda find: -find[0])[:most]
    values, labels, which = zip(*kept, strict=True) if kept else ((), (), ())
    return boxes[list(which)].astype(np.float32), np.array(values, np.float32), np.array(labels, np.int32)


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box [4] with others [K, 4], float [K]."""
    sides = np.maximum(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0)
    shared = sides.prod(1)
    return shared / np.maximum((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - shared, 1e-9)
