"""YOLOv5's loss in `keras.ops`, on dense targets (`yolov5_data.assign`).

    L = sum over levels of  .05 mean(1 - CIoU)  +  balance BCE(objectness, IoU)  +  .5 C/80 mean BCE(class)

balance = 4, 1, .4 for strides 8, 16, 32; the first and last mean run over assigned predictions, the objectness'
over all. CIoU: Zheng et al., IEEE Trans. Cybernetics 52 (2022), eq. 10.
"""

import math

import numpy as np
from keras import ops

from linksim.tasks.yolov5.network import STRIDES

BALANCE = (4.0, 1.0, 0.4)


def yolov5_loss(heads, target, anchors: np.ndarray, size: int):
    """Scalar loss. heads: 3 x [B, h, w, 3 * (5 + C)] raw; target: [B, N, 6]; anchors: [3, 3, 2] pixels; size: of
    the network's input in pixels."""
    total, start = 0.0, 0
    for head, anchor, stride, balance in zip(heads, anchors, STRIDES, BALANCE, strict=True):
        cells, channels = size // stride, head.shape[-1] // 3
        n = cells * cells * 3
        p = ops.cast(ops.reshape(head, (-1, n, channels)), "float32")
        t, start = target[:, start : start + n], start + n
        mask = t[..., 5]
        matches = ops.maximum(ops.sum(mask), 1.0)
        cell, sizes = (ops.convert_to_tensor(a) for a in _grid(cells, stride, anchor))
        s = ops.sigmoid(p[..., :4])
        xy, wh = 2 * s[..., :2] * stride + cell, (2 * s[..., 2:]) ** 2 * sizes
        goal_wh = ops.where(mask[..., None] > 0, t[..., 2:4], ops.ones_like(wh))  # no zero sizes where unassigned
        iou = ciou(xy, wh, t[..., :2], goal_wh)
        box = ops.sum(mask * (1 - iou)) / matches
        objectness = ops.mean(bce(p[..., 4], ops.stop_gradient(ops.maximum(iou, 0.0)) * mask))
        classes = channels - 5
        label = ops.one_hot(ops.cast(t[..., 4], "int32"), classes)
        kind = ops.sum(mask[..., None] * bce(p[..., 5:], label)) / (matches * classes)
        total = total + 0.05 * box + balance * (size / 640) ** 2 * objectness + 0.5 * classes / 80 * kind
    return total


def _grid(cells: int, stride: int, anchor) -> tuple[np.ndarray, np.ndarray]:
    """Pixel of the prediction at sigmoid 0 [N, 2], and its anchor [N, 2], for one level."""
    y, x, a = np.meshgrid(np.arange(cells), np.arange(cells), np.arange(3), indexing="ij")
    corner = (np.stack([x, y], -1).reshape(-1, 2) - 0.5) * stride
    return corner.astype(np.float32), np.asarray(anchor, np.float32)[a.ravel()]


def bce(logit, target):
    """Binary cross-entropy of a logit, elementwise."""
    return ops.maximum(logit, 0.0) - logit * target + ops.log1p(ops.exp(-ops.abs(logit)))


def ciou(xy, wh, other_xy, other_wh):
    """Complete IoU of boxes given by centre and size, [..., 2] each. Returns [...]."""
    a0, a1, b0, b1 = xy - wh / 2, xy + wh / 2, other_xy - other_wh / 2, other_xy + other_wh / 2
    inner = ops.maximum(ops.minimum(a1, b1) - ops.maximum(a0, b0), 0.0)
    hull = ops.maximum(a1, b1) - ops.minimum(a0, b0)
    inner = inner[..., 0] * inner[..., 1]
    iou = inner / (wh[..., 0] * wh[..., 1] + other_wh[..., 0] * other_wh[..., 1] - inner + 1e-7)
    distance = ops.sum((xy - other_xy) ** 2, -1) / (ops.sum(hull**2, -1) + 1e-7)
    angle = ops.arctan(other_wh[..., 0] / other_wh[..., 1]) - ops.arctan(wh[..., 0] / (wh[..., 1] + 1e-7))
    v = 4 / math.pi**2 * angle**2
    alpha = ops.stop_gradient(v / (v - iou + 1 + 1e-7))
    return iou - distance - alpha * v
