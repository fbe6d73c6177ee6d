"""What training shows the codec: its air is the link's air, its masks are of every kind."""

import numpy as np
import pytest
from scipy import stats

from linksim.link.burst import Burst, Draw
from linksim.link.link import Link, LinkConfig
from linksim.schemes.sesc.importance import importance
from linksim.training.lessons import Lessons, draw_mask, fading_noise


def noise_of_the_link(model: str, snr_db: float, count: int) -> np.ndarray:
    burst = Burst(np.ones((count, 8), np.complex64), np.full(count, 8), np.zeros((count, 0), np.uint8), 0)
    draw = Draw(5, np.arange(count), np.zeros(count, np.int64))
    return Link(LinkConfig(channel={"model": model})).transmit(burst, snr_db, draw).noise_variance[:, 0]


@pytest.mark.parametrize("model, share", [("awgn", 0.0), ("rayleigh", 1.0)])
def test_noise_of_training_is_the_links(model, share):
    """Same law of the effective noise variance N0/|h|^2, up to training's floor at -10 dB."""
    link = np.minimum(noise_of_the_link(model, 10.0, 2000), 10.0)
    lessons = fading_noise(np.random.default_rng(0), 2000, (10.0, 10.0), share)
    if model == "awgn":
        assert lessons == pytest.approx(link, rel=1e-4)
    else:
        assert stats.ks_2samp(link, lessons).pvalue > 1e-3


def test_masks_are_full_weighted_and_random():
    rng = np.random.default_rng(0)
    weights = importance(np.array([[60, 60, 140, 120]]), np.array([0.8]), 256)
    masks = np.stack([draw_mask(rng, weights) for _ in range(400)])
    full = (masks == 1).all((1, 2))
    on_object = masks[~full][:, 5, 5].mean()
    elsewhere = masks[~full][:, 14, 14].mean()
    assert 0.25 < full.mean() < 0.45
    assert masks.any((1, 2)).all() and on_object > 0.75 > 0.35 > elsewhere


def test_lessons_are_the_same_at_every_call_and_differ_between_epochs():
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    finds = [(np.array([[8, 8, 40, 40]], np.float32), np.array([0.9], np.float32))] * 5
    lessons = Lessons(pictures, finds, crop=32, uses=3, batch=4, steps=2, seed=1)
    (pictures_a, keep, noise, unit), _ = lessons[1]
    assert pictures_a.shape == (4, 32, 32, 3) and keep.shape == (4, 2, 2)
    assert noise.shape == (4,) and unit.shape == (4, 4, 6)
    assert (lessons[1][0][0] == pictures_a).all()
    lessons.on_epoch_end()
    assert (lessons[1][0][3] != unit).any()


def test_importance_fades_with_distance_and_scales_with_score():
    weights = importance(np.array([[64, 64, 96, 96], [200, 200, 220, 220]]), np.array([0.9, 0.4]), 256)
    assert weights[4, 4] == weights[5, 5] == pytest.approx(0.9)
    assert weights[13, 13] == pytest.approx(0.4)
    assert weights[4, 7] == pytest.approx(0.9 * np.exp(-1), rel=1e-5)
    assert importance(np.zeros((0, 4)), np.zeros(0), 256).max() == 0
