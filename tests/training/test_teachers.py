"""What a semantic-aware model is taught by: the detector's finds, people's boxes, the slopes of its scores."""

from dataclasses import replace

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.schemes.sesc.importance import importance, sensitivity
from linksim.sources.base import Truth
from linksim.training import sesc
from linksim.training.awareness import look
from linksim.training.eyes import derivative

SCENES = [{"type": "scenes", "size": 96}]


@pytest.fixture(scope="module")
def seen():
    return look(SCENES, "yolov5n-scenes", 96, 6, 4)


def test_pictures_finds_maps_and_truths_belong_together(seen):
    assert seen.images.shape == (6, 96, 96, 3) and len(seen.finds) == 6
    assert seen.maps.shape[:3] == (4, 6, 6) and len(seen.truths) == 4
    assert all(isinstance(truth, Truth) for truth in seen.truths)
    boxes, scores = seen.finds[1]
    np.testing.assert_array_equal(seen.targets("detection", "finds", 1.0, 1.0)[1], importance(boxes, scores, 96))


def test_boxes_of_people_all_weigh_one(seen):
    targets = seen.targets("detection", "boxes", 1.0, 1.0)
    for target, truth in zip(targets, seen.truths, strict=True):
        x, y = ((truth.boxes[0, :2] + truth.boxes[0, 2:]) / 2 // 16).astype(int)
        assert target[min(y, 5), min(x, 5)] == 1


def test_slopes_are_those_of_the_scores(seen):
    """Against a step along a picture's own direction, in the sum of its sure scores."""
    image = np.stack([seen.images[i] for i in range(4) if (seen.finds[i][1] > 0.3).any()])[:1]
    slopes = seen.eyes.slopes(image, 0.1)
    assert slopes.shape == (1, 96, 96, 3) and np.abs(slopes).max() > 0
    from keras import ops

    def total(pixels):
        scores = ops.convert_to_numpy(seen.eyes._scores(pixels)).astype(np.float64)
        return scores[start > 0.1].sum()

    pixels = image.astype(np.float32) / 255
    start = ops.convert_to_numpy(seen.eyes._scores(pixels))
    step = 2e-4 * np.sign(slopes)
    slope = (total(pixels + step) - total(pixels - step)) / 2
    assert slope == pytest.approx((slopes * step).sum(), rel=0.1)


def test_derivative_of_a_known_function():
    from keras import ops

    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(derivative(lambda a: ops.sum(a**3), x), 3 * x**2, atol=1e-6)


def test_sensitivity_is_the_effect_of_greying_a_patch():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), np.uint8)
    slopes = np.zeros((64, 64, 3))
    slopes[16:32, 32:48] = 1.0
    weights = sensitivity(image, slopes)
    assert weights.shape == (4, 4) and weights[1, 2] == 1 and weights.sum() == 1
    twice = sensitivity(image, np.repeat(np.repeat(slopes, 2, 0), 2, 1))
    assert twice.argmax() == weights.argmax()
    assert sensitivity(image, 0 * slopes).max() == 0


def test_teachers_that_have_nothing_to_say_are_refused(seen, tmp_path):
    with pytest.raises(UserError, match="gradients are those of detection"):  # before any picture is looked at
        sesc.train(tmp_path / "x.npz", 1, [{"type": "nowhere"}], "none", 96, teacher="gradients",
                   aims=("detection", "classification"))
    nothing = Truth(np.zeros((0, 4), np.float32), (), np.zeros(0, bool))
    with pytest.raises(UserError, match="no box is drawn"):
        replace(seen, truths=[nothing] * 4).targets("detection", "boxes", 1.0, 1.0)


def test_gradients_find_what_is_found(seen):
    """The detector's scores feel patches in its finds' boxes more than others."""
    targets = seen.targets("detection", "gradients", 1.0, 1.0)
    assert targets.shape == (4, 6, 6) and targets.min() >= 0 and targets.max() == 1
    inside = np.stack([importance(boxes, np.ones(len(boxes)), 96) == 1 for boxes, _ in seen.finds[:4]])
    assert targets[inside].mean() > 1.5 * targets[~inside].mean()
