"""Training sees what the judge of a run sees."""

import numpy as np
import pytest

from linksim.registry import lookup
from linksim.tasks.nms import nms, observations, suppress
from linksim.training.eyes import Eyes


def test_finds_and_features_are_the_judges():
    source = lookup("source", "scenes")
    images = source(source.Config(type="scenes"), "train").batch(np.arange(3))[0]
    task = lookup("task", "detection")
    classes = ("bird", "fish", "hound")
    judge = task(task.Config(type="detection", weights="yolov5n-scenes", input_size=256), classes)
    finds, maps = Eyes("yolov5n-scenes", 256, classes).look(images, 0.1)
    for seen, (boxes, scores) in zip(judge.observe(images), finds, strict=True):
        sure = seen["scores"] >= 0.1
        np.testing.assert_allclose(scores, seen["scores"][sure], atol=1e-3)
        np.testing.assert_allclose(boxes, seen["boxes"][sure], atol=0.1)
    assert sum(len(boxes) for boxes, _ in finds) > 0
    for mine, judges in zip(maps, judge.features(images), strict=True):
        np.testing.assert_allclose(mine, judges, atol=1e-2)


def test_all_of_the_detectors_classes_count_where_a_source_has_none():
    eyes = Eyes("yolov5n-scenes", 64)
    finds, maps = eyes.look(np.full((2, 96, 96, 3), 90, np.uint8), 0.9)
    assert eyes._network.outputs[1].shape[-1] == 8
    assert [m.shape[:3] for m in maps] == [(2, 8, 8), (2, 4, 4), (2, 2, 2)]
    assert len(finds) == 2


def test_suppression_keeps_the_best_of_each_heap_and_class():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [0, 0, 10, 5]], np.float32)
    scores = np.array([[.5, .0], [.9, .3], [.2, .05], [.4, .0]], np.float32)
    kept, found, labels = suppress(boxes, scores, 0.1, 0.6)
    assert found.tolist() == np.float32([.9, .4, .3, .2]).tolist() and labels.tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(kept, boxes[[1, 3, 1, 2]])  # IoU .82 falls, .45 stays
    assert [a.shape for a in suppress(boxes, scores, 0.95, 0.6)] == [(0, 4), (0,), (0,)]


@pytest.mark.parametrize("most", [300, 7])
def test_suppression_is_the_compiled_one(most):
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(0, 60, (5, 80, 2)), rng.uniform(5, 30, (5, 80, 2))
    boxes = np.concatenate([corner, corner + side], -1).astype(np.float32)
    scores = rng.random((5, 80, 3)).astype(np.float32)
    for b, s, seen in zip(boxes, scores, observations(*(np.asarray(a) for a in nms(boxes, scores, 0.2, 0.3, most))),
                          strict=True):
        kept, found, labels = suppress(b, s, 0.2, 0.3, most)
        np.testing.assert_array_equal(kept, seen["boxes"])
        np.testing.assert_array_equal(found, seen["scores"])
        np.testing.assert_array_equal(labels, seen["labels"])
        assert 0 < len(found) <= most
