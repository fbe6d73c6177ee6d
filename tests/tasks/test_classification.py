"""Classification of the main object: the truth, the answer, accuracy and its interval."""

from functools import cache

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.registry import lookup
from linksim.schemes.base import lost_picture
from linksim.sources.base import Truth
from linksim.tasks.classification import main_find, main_object, wilson

CLASSES = ("cat", "dog")


@cache
def scenes():
    cls = lookup("source", "scenes")
    source = cls(cls.Config(type="scenes", size=256), "test")
    return source.classes, *source.batch(range(24))


@cache
def task():
    cls = lookup("task", "classification")
    return cls(cls.Config(type="classification"), scenes()[0])


def truth(*objects) -> Truth:
    """Objects as (name, side in pixels, difficult)."""
    boxes = np.array([[0, 0, side, side] for _, side, _ in objects], np.float32).reshape(-1, 4)
    return Truth(boxes, tuple(name for name, _, _ in objects), np.array([hard for *_, hard in objects], bool))


def found(*finds) -> dict:
    """Finds as (label, side in pixels, score)."""
    boxes = np.array([[0, 0, side, side] for _, side, _ in finds], np.float32).reshape(-1, 4)
    return {"boxes": boxes, "scores": np.array([score for *_, score in finds], np.float32),
            "labels": np.array([label for label, *_ in finds], np.int32)}


def test_the_main_object_is_the_largest_that_counts():
    assert main_object(truth(("cat", 10, False), ("dog", 20, False)), CLASSES) == 1
    assert main_object(truth(("cat", 10, False), ("dog", 20, True)), CLASSES) == 0
    assert main_object(truth(("cat", 10, False), ("tree", 20, False)), CLASSES) == 0
    assert main_object(truth(("cat", 10, True)), CLASSES) is None and main_object(truth(), CLASSES) is None


def test_the_answer_is_the_find_of_largest_expected_area():
    assert main_find(found((0, 10, 0.9), (1, 30, 0.2))) == 1  # 180 against 90 pixels
    assert main_find(found((0, 10, 0.9), (1, 30, 0.05))) == 0
    assert main_find(found()) is None


def test_accuracy_counts_pictures_with_an_object_and_nothing_found_is_wrong():
    small = lookup("task", "classification").__new__(lookup("task", "classification"))
    small.classes = CLASSES
    truths = [truth(("cat", 10, False)), truth(("dog", 10, False)), truth(("dog", 10, False)), truth(("cat", 9, True))]
    seen = [found((0, 9, 0.5)), found((0, 9, 0.5)), found(), found((1, 9, 0.9))]
    assert small.score(seen, truths, np.arange(4)) == {"accuracy": pytest.approx(1 / 3)}
    assert small.score(seen[3:], truths[3:], np.arange(1))["accuracy"] == 0
    right = [found((0, 9, 0.5)), found((1, 9, 0.5))]
    sure = small.score(right, truths[:2], np.arange(2), bootstrap=100, seed=1)
    assert sure["accuracy"] == sure["accuracy_hi"] == 1 and sure["accuracy_lo"] == pytest.approx(wilson(1, 2)[0])


def test_wilson_as_published():
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611),
                 (1, 29): (0.0061, 0.1718)}
    for (hits, trials), interval in published.items():
        assert wilson(hits / trials, trials) == pytest.approx(interval, abs=5e-5)


def test_on_scenes_clear_pictures_are_told_and_lost_ones_are_not():
    _, images, truths = scenes()
    rows = np.arange(len(images))
    clean = task().score(task().observe(images), truths, rows, bootstrap=300, seed=5)
    grey = task().observe(np.broadcast_to(lost_picture(256), images.shape))
    lost = task().score(grey, truths, rows, bootstrap=300, seed=5)
    noise = np.random.default_rng(0).normal(0, 40, images.shape)
    noisy = task().score(task().observe(np.clip(images + noise, 0, 255).astype(np.uint8)), truths, rows)
    assert clean["accuracy"] > 0.8 and clean["accuracy_lo"] <= clean["accuracy"] <= clean["accuracy_hi"]
    assert noisy["accuracy"] < clean["accuracy"] and lost["accuracy"] < clean["accuracy_lo"]
    assert task().metric_label.startswith("top-1 accuracy")
    assert [f.shape[1] for f in task().features(images[:1])] == [32, 16, 8]


def test_a_source_without_labels_is_refused():
    cls = lookup("task", "classification")
    with pytest.raises(UserError, match="no labelled classes"):
        cls(cls.Config(type="classification"), ())
