"""What a weight means for each of the receiver's aims."""

from types import SimpleNamespace

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.schemes.sesc.awareness import build
from linksim.schemes.sesc.importance import energy_share, importance, importance_for

SIZE = 64
BOXES = np.array([[0, 0, 16, 16], [32, 32, 64, 64]], np.float32)
SCORES = np.array([0.9, 0.5], np.float32)


def picture() -> np.ndarray:
    """Grey, with patches of growing contrast in the first row and one of another brightness, uint8 [64, 64, 3]."""
    image = np.full((SIZE, SIZE, 3), 128, np.uint8)
    for i, swing in enumerate((10, 20, 40)):
        image[:16:2, 16 * i : 16 * i + 16], image[1:16:2, 16 * i : 16 * i + 16] = 128 + swing, 128 - swing
    return image


def test_detection_is_the_importance_of_all_finds():
    weights = importance_for("detection", picture(), BOXES, SCORES)
    np.testing.assert_array_equal(weights, importance(BOXES, SCORES, SIZE))


def test_classification_is_the_main_find_alone():
    """.5 x 1,024 pixels of expected area against .9 x 256."""
    weights = importance_for("classification", picture(), BOXES, SCORES)
    np.testing.assert_array_equal(weights, importance(BOXES[1:], SCORES[1:], SIZE))
    assert not importance_for("classification", picture(), BOXES[:0], SCORES[:0]).any()


def test_reconstruction_is_the_energy_no_heavier_patch_holds():
    """Contrasts of 10, 20 and 40 hold 1, 4 and 16 of 21 parts of the energy around the mean."""
    weights = importance_for("reconstruction", picture(), BOXES, SCORES)
    assert weights.shape == (4, 4) and weights.dtype == np.float32
    np.testing.assert_allclose(weights[0, :3], np.array([1, 5, 21]) / 21, atol=1e-6)
    assert not weights[1:].any() and weights[0, 3] == 0


@pytest.mark.parametrize("mu", [0.05, 0.2, 0.5])
def test_a_threshold_on_it_bounds_the_energy_given_up(mu):
    image = np.random.default_rng(6).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    image = (image * np.linspace(0, 1, SIZE)[:, None, None]).astype(np.uint8)
    left_out = np.kron(energy_share(image) < mu, np.ones((16, 16), bool))
    energy = np.square(image - image.mean(axis=(0, 1))).sum(axis=-1)
    assert 0 < energy[left_out].sum() <= mu * energy.sum()


def test_a_flat_picture_has_nothing_to_send_and_an_unknown_aim_is_an_error():
    flat = np.full((SIZE, SIZE, 3), [3, 77, 201], np.uint8)
    assert not importance_for("reconstruction", flat, BOXES, SCORES).any()
    with pytest.raises(ValueError, match="reconstruction"):
        importance_for("captioning", flat, BOXES, SCORES)


def test_the_oracle_follows_the_aim():
    """The detector is asked for its finds, and not where the picture alone says what counts."""
    def oracle(aim, observe):
        return build("oracle", arrays={}, card={"name": "w"}, task=SimpleNamespace(observe=observe), grid=4, aim=aim)

    def observe(images):
        return [{"boxes": BOXES, "scores": SCORES}] * len(images)

    images = np.stack([picture(), picture()])
    for aim in ("detection", "classification"):
        expected = importance_for(aim, picture(), BOXES, SCORES)
        np.testing.assert_allclose(oracle(aim, observe).weigh(images), [expected, expected])
    np.testing.assert_array_equal(oracle("reconstruction", None).weigh(images), [energy_share(picture())] * 2)
    assert len({oracle(aim, observe).key() for aim in ("detection", "classification", "reconstruction")}) == 3
    with pytest.raises(UserError, match="aim"):
        oracle("captioning", observe)
