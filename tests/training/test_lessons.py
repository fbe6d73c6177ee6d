"""What training shows the codec: its air is the link's air, its masks are of every kind."""

import numpy as np
import pytest
from scipy import stats

from linksim.link.burst import Burst, Draw
from linksim.link.link import Link, LinkConfig
from linksim.schemes.sesc.importance import importance
from linksim.training.lessons import Air, Lessons, draw_counts, draw_mask


def noise_of_the_link(model: str, snr_db: float, count: int) -> np.ndarray:
    burst = Burst(np.ones((count, 8), np.complex64), np.full(count, 8), np.zeros((count, 0), np.uint8), 0)
    draw = Draw(5, np.arange(count), np.zeros(count, np.int64))
    return Link(LinkConfig(channel={"model": model})).transmit(burst, snr_db, draw).noise_variance[:, 0]


@pytest.mark.parametrize("model, share", [("awgn", 0.0), ("rayleigh", 1.0)])
def test_noise_of_training_is_the_links(model, share):
    """Same law of the effective noise variance N0/|h|^2, up to training's floor at -10 dB."""
    link = np.minimum(noise_of_the_link(model, 10.0, 2000), 10.0)
    rng, air = np.random.default_rng(0), Air(fading=share, snr_db=(10.0, 10.0))
    lessons = np.array([air.draw(rng, 1)[1][0] for _ in range(2000)])
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
    lessons = Lessons(pictures, finds, np.ones(20, np.float32), crop=32, batch=4, steps=2, seed=1, air=Air())
    (pictures_a, counts, snr_db, gains, noise, unit), _ = lessons[1]
    assert pictures_a.shape == (4, 32, 32, 3) and counts.shape == (4, 2, 2) and snr_db.shape == (4,)
    assert gains.shape == (4, 20) and noise.shape == (4, 4, 10) and unit.shape == (4, 4, 20)
    assert (lessons[1][0][0] == pictures_a).all()
    lessons.on_epoch_end()
    assert (lessons[1][0][5] != unit).any()


def test_importance_fades_with_distance_and_scales_with_score():
    weights = importance(np.array([[64, 64, 96, 96], [200, 200, 220, 220]]), np.array([0.9, 0.4]), 256)
    assert weights[4, 4] == weights[5, 5] == pytest.approx(0.9)
    assert weights[13, 13] == pytest.approx(0.4)
    assert weights[4, 7] == pytest.approx(0.9 * np.exp(-1), rel=1e-5)
    assert importance(np.zeros((0, 4)), np.zeros(0), 256).max() == 0


def test_steep_importance_keeps_a_margin_whole_and_then_ends():
    box, score = np.array([[64, 64, 96, 96]]), np.array([0.9])
    soft = importance(box, score, 256)[4]
    steep = importance(box, score, 256, reach=1.25, steepness=4)[4]
    assert np.allclose(steep[3:7], 0.9)  # the box, and the patches that touch it
    assert steep[2] > soft[2] > 0.3 and steep[1] < 0.01 < soft[1]  # one patch further, two patches further


def test_rows_of_the_link_follow_each_other_as_sent():
    """A row of noise is read in the order of its symbols, at its SNR where it holds at one alone."""
    rows = {"noise": np.arange(1, 9, dtype=np.float16)[None], "snr_db": np.array([8.0], np.float32)}
    air, rng = Air(rows, flat=0.0), np.random.default_rng(0)
    for _ in range(20):
        snr_db, noise = air.draw(rng, 8)
        relative = np.rint(noise * 10 ** (snr_db / 10)).astype(int)
        assert 4 <= snr_db <= 12
        assert (np.diff(relative) % 8 == 1).all()


def test_counts_are_one_number_for_what_is_kept_and_at_most_half_for_the_rest():
    rng = np.random.default_rng(0)
    mask = np.zeros((4, 4), np.float32)
    mask[1, 1:3] = 1
    many = [draw_counts(rng, mask, 96) for _ in range(400)]
    kept, rest = (np.array([c[chosen].max() for c in many]) for chosen in (mask > 0, mask == 0))
    assert all(len(np.unique(c[chosen])) == 1 for c in many for chosen in (mask > 0, mask == 0))
    assert (2 * rest <= np.maximum(kept, 2)).all() and kept.min() < 10 and kept.max() > 80
    assert 0.4 < (rest == 0).mean() < 0.6 and rest.max() > 20


def test_half_of_the_counts_keep_to_what_is_often_asked_for():
    rng, mask = np.random.default_rng(0), np.zeros((4, 4), np.float32)
    mask[1, 1:3] = 1
    many = [draw_counts(rng, mask, 192, alone=1.0, often=(60, 66)) for _ in range(400)]
    kept = np.array([counts.max() for counts in many])
    assert 0.5 < ((kept >= 60) & (kept <= 66)).mean() < 0.65 and kept.min() < 15 and kept.max() > 150
    assert all(counts[mask == 0].max() == 0 for counts in many)
