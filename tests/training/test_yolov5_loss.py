"""The loss against a plain loop over assigned predictions."""

import math

import numpy as np

from linksim.tasks.yolov5.network import STRIDES
from linksim.training.yolov5_data import assign
from linksim.training.yolov5_loss import BALANCE, ciou, yolov5_loss

SIZE, CLASSES = 64, 3
ANCHORS = np.array([[[8, 8], [16, 12], [12, 20]], [[30, 30], [40, 20], [20, 44]], [[60, 60], [90, 50], [50, 100]]])
OBJECTS = [np.array([[2, 10, 12, 30, 34], [0, 5, 5, 60, 55]], np.float32), np.array([[1, 40, 40, 50, 62]], np.float32)]


def _ciou(p, t):
    """Zheng et al., eq. 10, for two boxes x y w h."""
    lo = [max(p[i] - p[i + 2] / 2, t[i] - t[i + 2] / 2) for i in (0, 1)]
    hi = [min(p[i] + p[i + 2] / 2, t[i] + t[i + 2] / 2) for i in (0, 1)]
    out = [max(p[i] + p[i + 2] / 2, t[i] + t[i + 2] / 2) - min(p[i] - p[i + 2] / 2, t[i] - t[i + 2] / 2)
           for i in (0, 1)]
    inner = max(hi[0] - lo[0], 0) * max(hi[1] - lo[1], 0)
    iou = inner / (p[2] * p[3] + t[2] * t[3] - inner)
    v = 4 / math.pi**2 * (math.atan(t[2] / t[3]) - math.atan(p[2] / p[3])) ** 2
    distance = ((p[0] - t[0]) ** 2 + (p[1] - t[1]) ** 2) / (out[0] ** 2 + out[1] ** 2)
    return iou - distance - v * v / (1 - iou + v + 1e-7)


def _bce(logit, t):
    p = 1 / (1 + math.exp(-logit))
    return -t * math.log(p) - (1 - t) * math.log(1 - p)


def test_loss_is_the_sum_over_assigned_predictions():
    rng = np.random.default_rng(0)
    heads = [rng.normal(0, 1, (2, SIZE // s, SIZE // s, 3 * (5 + CLASSES))).astype(np.float32) for s in STRIDES]
    target, start, expected = assign(OBJECTS, ANCHORS, SIZE), 0, 0.0
    for head, anchors, stride, balance in zip(heads, ANCHORS, STRIDES, BALANCE, strict=True):
        cells = SIZE // stride
        t = target[:, start : start + 3 * cells**2].reshape(2, cells, cells, 3, 6)
        start += 3 * cells**2
        boxes, kinds, objectness = [], [], []
        for b, y, x, a in np.ndindex(2, cells, cells, 3):
            raw, goal = head[b, y, x].reshape(3, -1)[a].astype(float), t[b, y, x, a]
            s = 1 / (1 + np.exp(-raw[:4]))
            iou = 0.0
            if goal[5]:
                box = [(2 * s[0] - 0.5 + x) * stride, (2 * s[1] - 0.5 + y) * stride, *(2 * s[2:]) ** 2 * anchors[a]]
                iou = _ciou(box, goal[:4].astype(float))
                boxes.append(1 - iou)
                kinds += [_bce(raw[5 + c], float(c == goal[4])) for c in range(CLASSES)]
            objectness.append(_bce(raw[4], max(iou, 0.0)))
        expected += 0.05 * np.mean(boxes) + balance * (SIZE / 640) ** 2 * np.mean(objectness)
        expected += 0.5 * CLASSES / 80 * np.mean(kinds)
    np.testing.assert_allclose(float(yolov5_loss(heads, target, ANCHORS, SIZE)), expected, rtol=1e-4)


def test_ciou_of_equal_boxes_is_one_and_falls_with_distance():
    xy, wh = np.array([[20.0, 20], [20, 20], [20, 20]], np.float32), np.full((3, 2), 10, np.float32)
    other = np.array([[20, 20], [25, 20], [60, 20]], np.float32)
    values = np.asarray(ciou(xy, wh, other, wh))
    np.testing.assert_allclose(values, [1, 1 / 3 - 25 / (15**2 + 10**2), -1600 / (50**2 + 10**2)], atol=1e-4)
