"""Average precision at IoU .5: COCO's (101 points) and the VOC devkit's (all-point and 11-point), with bootstrap.

Matching runs over many rows at once, by rank of the detection. After it, a resample of pictures changes only how often
each detection counts, w, the number of times that its picture is drawn: with the detections by falling score, at the
k-th true positive
    precision_k = T_k / (T_k + F_k),   recall_k = T_k / (w positives),
T, F: running sums of w over true and false positives. Rows are matched, and resamples counted, a bounded number at a
time, so memory doesn't grow with them; sums are of whole numbers, so nothing depends on how they are cut.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Protocol = Literal["coco", "voc_all", "voc_11"]
IOU = 0.5
COCO_MAX_DETECTIONS = 100  # per picture and class
ROWS, ENTRIES = 512, 1 << 18  # matched at once; counted at once: detections times resamples


@dataclass(frozen=True)
class Matches:
    """Detections that count, best score first, and objects to find. Ignored ones are gone.

    row, label: int32 [N]; hit: bool [N]; positives: int [R, C] objects that aren't difficult, per row and class.
    """

    row: np.ndarray
    label: np.ndarray
    hit: np.ndarray
    positives: np.ndarray


def match(observations: list[dict], truths: list, classes: tuple[str, ...], protocol: Protocol = "coco") -> Matches:
    """Match detections to objects, row by row.

    observations: dicts of boxes [K, 4], scores [K], labels [K]; truths: `sources.base.Truth`; both R long.
    "coco" is pycocotools' rule with `difficult` as `iscrowd`; the others follow the devkit's VOCevaldet.
    """
    starts = range(0, len(observations), ROWS)
    parts = [_match_rows(observations[i : i + ROWS], truths[i : i + ROWS], classes, protocol) for i in starts]
    row = np.concatenate([part[0] + np.int32(i) for part, i in zip(parts, starts, strict=True)])
    label, hit, scores, positives = (np.concatenate([part[k] for part in parts]) for k in range(1, 5))
    order = np.argsort(-scores, kind="stable")
    return Matches(row[order], label[order], hit[order], positives)


def _match_rows(observations: list[dict], truths: list, classes: tuple[str, ...], protocol: Protocol):
    """row, label int32 [N], hit bool [N], scores [N], positives int [R, C] as in `Matches`, by row and label."""
    row = np.repeat(np.arange(len(observations)), [len(o["scores"]) for o in observations])
    boxes = np.concatenate([np.reshape(o["boxes"], (-1, 4)) for o in observations]).astype(np.float64)
    scores = np.concatenate([o["scores"] for o in observations])
    label = np.concatenate([o["labels"] for o in observations]).astype(np.int64)
    index = {name: i for i, name in enumerate(classes)}
    of_truth = [(r, index[n], d, *b) for r, t in enumerate(truths)
                for n, d, b in zip(t.labels, t.difficult, t.boxes, strict=True) if n in index]
    of_truth = np.array(of_truth, np.float64).reshape(-1, 7)
    counts = of_truth[of_truth[:, 2] == 0, :2].astype(np.int64)
    positives = np.zeros((len(truths), len(classes)), np.int64)
    np.add.at(positives, (counts[:, 0], counts[:, 1]), 1)

    order = np.lexsort((-scores, label, row))
    row, label, boxes, scores = row[order], label[order], boxes[order], scores[order]
    rank = _rank(row * len(classes) + label)
    if protocol == "coco":
        keep = rank < COCO_MAX_DETECTIONS
        row, label, boxes, scores, rank = (a[keep] for a in (row, label, boxes, scores, rank))
    hit, ignored = _match(row * len(classes) + label, rank, boxes, of_truth, len(classes), protocol)
    kept = ~ignored
    return row[kept].astype(np.int32), label[kept].astype(np.int32), hit[kept], scores[kept], positives


def _match(group, rank, boxes, of_truth, classes: int, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """hit, ignored: bool [N]. group: row and class as one integer, sorted; rank: by score inside a group."""
    hit, ignored = np.zeros(len(group), bool), np.zeros(len(group), bool)
    truth_group = (of_truth[:, 0] * classes + of_truth[:, 1]).astype(np.int64)
    order = np.argsort(truth_group, kind="stable")
    of_truth, truth_group = of_truth[order], truth_group[order]
    known, place = np.unique(truth_group, return_inverse=True)
    if not len(known) or not len(group):
        return hit, ignored
    slot = _rank(truth_group)
    truth = np.zeros((len(known), slot.max() + 1, 4))
    present, difficult, taken = (np.zeros(truth.shape[:2], bool) for _ in range(3))
    truth[place, slot], present[place, slot], difficult[place, slot] = of_truth[:, 3:], True, of_truth[:, 2] > 0

    where = np.minimum(np.searchsorted(known, group), len(known) - 1)
    relevant = np.flatnonzero(known[where] == group)
    relevant = relevant[np.argsort(rank[relevant], kind="stable")]
    for n in np.split(relevant, np.flatnonzero(np.diff(rank[relevant])) + 1):
        g = where[n]
        iou = np.where(present[g], _iou(boxes[n, None], truth[g], difficult[g] & (protocol == "coco")), -1.0)
        if protocol == "coco":  # free objects that count come first; a difficult one takes any number of detections
            best, value = _best(np.where(taken[g] | difficult[g], -1, iou))
            hit[n] = value >= IOU
            ignored[n] = ~hit[n] & (np.where(difficult[g], iou, -1).max(1) >= IOU)
        else:  # the object of largest IoU decides, taken or not
            best = iou.argmax(1)
            near = iou.max(1) >= IOU
            ignored[n] = near & difficult[g, best]
            hit[n] = near & ~difficult[g, best] & ~taken[g, best]
        taken[g[hit[n]], best[hit[n]]] = True
    return hit, ignored


def average_precision(matches: Matches, pictures: np.ndarray, draws: np.ndarray | None = None,
                      protocol: Protocol = "coco") -> np.ndarray:
    """AP per class, float64 [W, C]; NaN for a class without objects.

    pictures: int [R], the picture a row shows. draws: float [W, P], how often each of P distinct pictures
    (sorted) is drawn; None: each once (W = 1).
    """
    names, picture = np.unique(pictures, return_inverse=True)
    draws = np.ones((1, len(names))) if draws is None else np.asarray(draws, np.float64)
    aps = np.full((len(draws), matches.positives.shape[1]), np.nan)
    for c in range(aps.shape[1]):
        mine = matches.label == c
        hit, of = matches.hit[mine], picture[matches.row[mine]]
        last = int(np.flatnonzero(hit)[-1]) + 1 if hit.any() else 0  # nothing behind the last hit counts
        hit, of, positives = hit[:last], of[:last], np.bincount(picture, matches.positives[:, c], len(names))
        step = max(1, ENTRIES // max(last, 1))
        for few in (slice(start, start + step) for start in range(0, len(draws), step)):
            wanted, weight = draws[few] @ positives, draws[few][:, of]  # (w,), (w, N)
            found, hits = np.cumsum(weight, 1)[:, hit], np.cumsum(weight[:, hit], 1)
            precision = hits / np.maximum(found, np.finfo(float).eps)
            precision = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
            recall = hits / np.maximum(wanted, 1)[:, None]
            ok = wanted > 0
            aps[few, c][ok] = _area(recall[ok], precision[ok], protocol)
    return aps


def bootstrap(matches: Matches, pictures: np.ndarray, resamples: int, seed: int,
              protocol: Protocol = "coco") -> np.ndarray:
    """Mean AP over classes of `resamples` draws of pictures with replacement, float64 [resamples]."""
    count, random, found = len(np.unique(pictures)), np.random.default_rng(seed), []
    step = max(1, ENTRIES // count)
    for few in (min(step, resamples - start) for start in range(0, resamples, step)):
        draws = random.multinomial(count, np.full(count, 1 / count), few)
        found.append(mean(average_precision(matches, pictures, draws, protocol)))
    return np.concatenate(found) if found else np.zeros(0)


def mean(aps: np.ndarray) -> np.ndarray:
    """Mean over the classes that have objects, [W, C] -> [W]; 0 where none has."""
    there = ~np.isnan(aps)
    return np.where(there, aps, 0).sum(-1) / np.maximum(there.sum(-1), 1)


def _area(recall: np.ndarray, precision: np.ndarray, protocol: Protocol) -> np.ndarray:
    """Area under the interpolated curve, [W, K] -> [W]."""
    if not recall.shape[1]:
        return np.zeros(len(recall))
    if protocol == "voc_all":
        return (np.diff(recall, axis=1, prepend=0) * precision).sum(1)
    points = np.linspace(0, 1, 101 if protocol == "coco" else 11)
    at = np.stack([np.searchsorted(r, points, "left") for r in recall])
    padded = np.concatenate([precision, np.zeros((len(precision), 1))], 1)
    return np.take_along_axis(padded, at, 1).mean(1)


def _rank(group: np.ndarray) -> np.ndarray:
    """Position of each element inside its run of equal values; group is sorted."""
    start = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(start, np.diff(start, append=len(group)))


def _best(iou: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and value of each row's maximum; of equals the last, as pycocotools has it."""
    best = iou.shape[1] - 1 - iou[:, ::-1].argmax(1)
    return best, iou[np.arange(len(iou)), best]


def _iou(a: np.ndarray, b: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU of boxes x0 y0 x1 y1; where crowd, intersection over the first one's area. [n, 1, 4], [n, G, 4] -> [n, G]"""
    inner = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0).prod(-1)
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)
    return inner / np.maximum(np.where(crowd, area_a, area_a + area_b - inner), 1e-12)
