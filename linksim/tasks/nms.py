"""Class-aware non-maximum suppression over a batch, compiled."""

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
