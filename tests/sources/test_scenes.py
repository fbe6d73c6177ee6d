"""The built-in scenes: the same by index, nothing shared by splits, honest truth, photographs' spectrum."""

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.registry import lookup
from linksim.sources.painting.compose import paint
from linksim.sources.painting.draws import CELLS, SPLITS, Draws, interleave
from linksim.sources.scenes import Scenes, scene

COUNT = 60


@pytest.fixture(scope="module")
def drawn():
    """COUNT training pictures with their truths."""
    return [scene("train", i) for i in range(COUNT)]


def source(split="test", **keys):
    cls = lookup("source", "scenes")
    return cls(cls.Config(type="scenes", **keys), split)


def digest(pictures: np.ndarray) -> str:
    return hashlib.sha256(pictures.tobytes()).hexdigest()


def test_contract():
    pictures, truths = source().batch([3, 999_999, 3])
    assert pictures.shape == (3, 256, 256, 3) and pictures.dtype == np.uint8
    assert np.array_equal(pictures[0], pictures[2]) and not np.array_equal(pictures[0], pictures[1])
    for truth in truths:
        assert truth.boxes.dtype == np.float32 and truth.boxes.shape == (len(truth.labels), 4)
        assert truth.difficult.dtype == bool and truth.difficult.shape == (len(truth.labels),)
        assert set(truth.labels) <= set(Scenes.classes)
    assert len(Scenes.classes) >= 8
    assert source(size=96).batch([0])[0].shape == (1, 96, 96, 3)
    assert source().batch([])[0].shape == (0, 256, 256, 3)


def test_same_in_another_process():
    code = ("import hashlib; from linksim.sources.scenes import scene;"
            "print(hashlib.sha256(scene('calibration', 7)[0].tobytes()).hexdigest())")
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(scene("calibration", 7)[0])


def test_order_and_company_do_not_matter():
    assert np.array_equal(source().batch([5, 1])[0][::-1], source().batch([1, 5])[0])


def test_refuses_what_it_has_not():
    for indices in ([-1], [1_000_000]):
        with pytest.raises(IndexError):
            source().batch(indices)
    with pytest.raises(UserError, match="source.size is 8"):
        source(size=8)


def test_interleave_keeps_splits_apart():
    unit = np.random.default_rng(0).random(20_000)
    cells = [set(np.floor(interleave(unit, code) * 3 * CELLS).astype(int)) for code in range(3)]
    assert [len(c) for c in cells] == [CELLS] * 3 and len(cells[0] | cells[1] | cells[2]) == 3 * CELLS
    for code in range(3):  # each still spreads evenly over the whole range
        values = interleave(unit, code)
        assert abs(values.mean() - .5) < .03 and values.min() < .05 and values.max() > .95


def test_splits_share_no_shape_or_texture_parameter():
    used = {}
    for split in SPLITS:
        values = np.concatenate([np.concatenate(paint(split, i, 256)[4].log) for i in range(12)])
        used[split] = set(np.floor(values * 3 * CELLS).astype(int))
        assert len(values) > 5_000 and len(used[split]) == CELLS
    assert not used["train"] & used["test"] and not used["train"] & used["calibration"]
    assert not used["calibration"] & used["test"]


def test_every_shape_is_logged():
    d = Draws("test", 0)
    assert 2 <= d.shape(2, 4) < 4 and d.shape(0, 1, 5).shape == (5,)
    assert sum(len(v) for v in d.log) == 6


def test_splits_differ():
    assert len({digest(scene(split, 0)[0]) for split in SPLITS}) == 3


def test_truth_is_of_what_is_visible(drawn):
    for _, truth in drawn:
        b = truth.boxes
        assert (b >= 0).all() and (b <= 256).all() and (b[:, 2:] > b[:, :2]).all()
        assert len(b) <= 6
    sides = np.concatenate([(t.boxes[:, 2:] - t.boxes[:, :2]).max(1) for _, t in drawn])
    assert sides.min() >= 10 and sides.min() < 30 and sides.max() > 140 and sides.max() <= 206
    assert 45 < np.median(sides) < 95
    count = np.mean([len(t.labels) for _, t in drawn])
    assert 1.5 < count < 3.5
    assert any(len(t.labels) >= 4 for _, t in drawn)


def test_classes_are_balanced():
    seen = Counter(label for i in range(1000, 1150) for label in scene("train", i, 64)[1].labels)
    assert set(seen) == set(Scenes.classes)
    assert max(seen.values()) < 2.5 * min(seen.values())


def test_classes_have_no_colour_of_their_own():
    means = {name: [] for name in Scenes.classes}
    for i in range(150):
        picture, truth = scene("train", i, 64)
        for (x0, y0, x1, y1), label in zip(truth.boxes.astype(int), truth.labels, strict=True):
            means[label].append(picture[y0:y1, x0:x1].reshape(-1, 3).mean(0))
    middle = np.array([np.mean(m, 0) for m in means.values()])
    within = np.mean([np.std(m, 0) for m in means.values()])
    assert middle.std(0).max() < .6 * within


def test_hidden_objects_are_difficult_or_left_out():
    found = [scene("train", i, 64)[1] for i in range(400)]
    assert any(t.difficult.any() for t in found)
    assert np.mean(np.concatenate([t.difficult for t in found])) < .1


def test_power_falls_as_in_photographs(drawn):
    """Radially averaged power, 4 to 100 cycles a picture, in bins of equal ratio: slope -2 within .3."""
    window = np.hanning(256)[:, None] * np.hanning(256)
    power = 0
    for picture, _ in drawn:
        grey = picture.mean(-1)
        power = power + np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    frequency = np.hypot(*np.meshgrid(*2 * (np.fft.fftfreq(256) * 256,)))
    edges = np.geomspace(4, 100, 15)
    bins = [(frequency >= a) & (frequency < b) for a, b in pairwise(edges)]
    x, y = np.log([frequency[b].mean() for b in bins]), np.log([power[b].mean() for b in bins])
    assert -2.3 < np.polyfit(x, y, 1)[0] < -1.7


def test_a_scene_without_objects_is_the_same_ground():
    empty, truths = source(objects=0).batch(range(4))
    full, found = source().batch(range(4))
    assert all(len(truth.boxes) == len(truth.labels) == len(truth.difficult) == 0 for truth in truths)
    for ground, picture, truth in zip(empty, full, found, strict=True):
        away = np.ones(ground.shape[:2], bool)
        for x0, y0, x1, y1 in truth.boxes.astype(int):
            away[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = False
        assert not np.array_equal(ground, picture)
        if len(truth.boxes):  # where no object is, hardly anything differs (hidden objects aside)
            assert (ground[away] == picture[away]).mean() > 0.9


def test_the_number_of_objects_is_written_only_where_asked_for():
    cls = lookup("source", "scenes")
    assert cls.Config(type="scenes").model_dump() == {"type": "scenes", "size": 256}
    assert cls.Config(type="scenes", objects=0).model_dump()["objects"] == 0
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        cls.Config(type="scenes", objects=-1)
