"""AP against pycocotools, a plain transcription of the devkit's rule, and hand-made cases."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from linksim.sources.base import Truth
from linksim.tasks import average_precision as ap

CLASSES = ("a", "b", "c")


def _boxes(rng, count):
    corner = rng.uniform(0, 60, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(8, 40, (count, 2))], 1).astype(np.float32)


def _random_rows(seed, rows=40, difficult=0.2, extra=12):
    """Truths, and detections near some of them and elsewhere, with distinct scores."""
    rng = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(rows):
        boxes = _boxes(rng, rng.integers(0, 5))
        labels = rng.integers(0, 3, len(boxes))
        truths.append(Truth(boxes, tuple(CLASSES[i] for i in labels), rng.random(len(boxes)) < difficult))
        near = np.repeat(boxes, 3, axis=0) + rng.normal(0, 4, (3 * len(boxes), 4)).astype(np.float32)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        all_boxes = np.concatenate([near, _boxes(rng, extra)])
        wrong = rng.random(3 * len(boxes)) < 0.2
        guess = np.concatenate([np.where(wrong, rng.integers(0, 3, 3 * len(boxes)), np.repeat(labels, 3)),
                                rng.integers(0, 3, extra)])
        found.append({"boxes": all_boxes, "scores": rng.permutation(len(guess)) / 100 + rng.random(len(guess)) / 200,
                      "labels": guess.astype(np.int32)})
    return found, truths


def _coco_ap50(found, truths):
    """pycocotools' AP at IoU .5 per class, difficult objects as iscrowd."""
    def wh(b):
        return [float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])]

    objects = [{"image_id": i + 1, "category_id": CLASSES.index(n) + 1, "bbox": wh(b), "area": 1.0, "iscrowd": int(d)}
               for i, t in enumerate(truths) for n, d, b in zip(t.labels, t.difficult, t.boxes, strict=True)]
    detections = [{"image_id": i + 1, "category_id": int(c) + 1, "bbox": wh(b), "score": float(s)}
                  for i, o in enumerate(found) for b, s, c in zip(o["boxes"], o["scores"], o["labels"], strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": i + 1} for i in range(len(truths))], "info": {},
                         "categories": [{"id": i + 1} for i in range(3)],
                         "annotations": [{"id": i + 1} | o for i, o in enumerate(objects)]}
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(detections), "bbox")
        judge.evaluate()
        judge.accumulate()
    return judge.eval["precision"][0, :, :, 0, 2].mean(0)  # IoU .5, all areas, 100 detections: (101, classes)


def _devkit_ap(found, truths, label, eleven):
    """VOCevaldet, line by line."""
    dets = sorted(((s, i, b) for i, o in enumerate(found)
                   for b, s, c in zip(o["boxes"], o["scores"], o["labels"], strict=True) if CLASSES[c] == label),
                  key=lambda d: -d[0])
    objects = [[(b, d) for n, d, b in zip(t.labels, t.difficult, t.boxes, strict=True) if n == label] for t in truths]
    taken, tp, fp = set(), [], []
    for _, i, box in dets:
        best, where = -1.0, None
        for j, (other, _) in enumerate(objects[i]):
            inner = np.maximum(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0).prod()
            iou = inner / ((box[2:] - box[:2]).prod() + (other[2:] - other[:2]).prod() - inner)
            if iou > best:
                best, where = iou, j
        hit = best >= 0.5
        if hit and objects[i][where][1]:
            tp.append(0), fp.append(0)
        else:
            first = hit and (i, where) not in taken
            if first:
                taken.add((i, where))
            tp.append(int(first)), fp.append(int(not first))
    tp, fp = np.cumsum(tp), np.cumsum(fp)
    recall = tp / sum(not d for o in objects for _, d in o)
    precision = tp / np.maximum(tp + fp, 1e-12)
    if eleven:
        return sum(max(precision[recall >= t], default=0) for t in np.linspace(0, 1, 11)) / 11
    recall, precision = np.concatenate([[0], recall, [1]]), np.concatenate([[0], precision, [0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * precision[1:]).sum())


@pytest.mark.parametrize("seed", range(4))
def test_coco_ap_equals_pycocotools(seed):
    found, truths = _random_rows(seed)
    mine = ap.average_precision(ap.match(found, truths, CLASSES), np.arange(len(found)))[0]
    np.testing.assert_allclose(mine, _coco_ap50(found, truths), atol=1e-12)
    assert 0.1 < mine.mean() < 0.9


def test_coco_takes_a_hundred_detections_per_picture_and_class():
    found, truths = _random_rows(5, rows=6, extra=500)
    mine = ap.average_precision(ap.match(found, truths, CLASSES), np.arange(len(found)))[0]
    np.testing.assert_allclose(mine, _coco_ap50(found, truths), atol=1e-12)


@pytest.mark.parametrize("protocol", ["voc_all", "voc_11"])
def test_voc_ap_equals_the_devkit(protocol):
    found, truths = _random_rows(11)
    mine = ap.average_precision(ap.match(found, truths, CLASSES, protocol), np.arange(len(found)), protocol=protocol)[0]
    theirs = [_devkit_ap(found, truths, label, protocol == "voc_11") for label in CLASSES]
    np.testing.assert_allclose(mine, theirs, atol=1e-9)


def test_resampling_pictures_equals_scoring_the_repeated_rows():
    found, truths = _random_rows(21, rows=24)
    pictures = np.arange(24) // 2  # two rows of each picture
    draws = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), 5)
    fast = ap.average_precision(ap.match(found, truths, CLASSES), pictures, draws)
    for weights, mine in zip(draws, fast, strict=True):
        rows = [r for r in range(24) for _ in range(weights[pictures[r]])]
        again = ap.match([found[r] for r in rows], [truths[r] for r in rows], CLASSES)
        np.testing.assert_allclose(mine, ap.average_precision(again, np.arange(len(rows)))[0], atol=0.02)
        # Copies of a row tie in score, so a copy's hit may come before another's miss: hence not to the last bit.


def test_bootstrap_surrounds_the_estimate_and_follows_its_seed():
    found, truths = _random_rows(31, rows=60)
    matches, pictures = ap.match(found, truths, CLASSES), np.arange(60)
    value = ap.mean(ap.average_precision(matches, pictures))[0]
    resampled = ap.bootstrap(matches, pictures, 200, seed=1)
    assert np.array_equal(resampled, ap.bootstrap(matches, pictures, 200, seed=1))
    low, high = np.percentile(resampled, (2.5, 97.5))
    assert low < value < high and 0.02 < high - low < 0.3


def test_perfect_nothing_and_absent_classes():
    box = np.array([[0, 0, 10, 10]], np.float32)
    truth = Truth(box, ("a",), np.array([False]))
    right = {"boxes": box, "scores": np.array([0.9]), "labels": np.array([0])}
    none = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, int)}
    for protocol in ("coco", "voc_all", "voc_11"):
        aps = ap.average_precision(ap.match([right], [truth], CLASSES, protocol), np.array([0]), protocol=protocol)
        assert aps[0, 0] == 1 and np.isnan(aps[0, 1:]).all() and ap.mean(aps)[0] == 1
        aps = ap.average_precision(ap.match([none], [truth], CLASSES, protocol), np.array([0]), protocol=protocol)
        assert ap.mean(aps)[0] == 0


def test_a_difficult_object_is_neither_rewarded_nor_punished():
    boxes = np.array([[0, 0, 10, 10], [40, 40, 60, 60]], np.float32)
    truth = Truth(boxes, ("a", "a"), np.array([False, True]))
    both = {"boxes": boxes, "scores": np.array([0.5, 0.9]), "labels": np.array([0, 0])}
    for protocol in ("coco", "voc_all", "voc_11"):
        matches = ap.match([both], [truth], CLASSES, protocol)
        assert len(matches.hit) == 1 and matches.positives.sum() == 1
        assert ap.average_precision(matches, np.array([0]), protocol=protocol)[0, 0] == 1
