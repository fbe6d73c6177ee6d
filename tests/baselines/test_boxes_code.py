import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.codecs.boxes import BoxesCode, drawn

CODE = BoxesCode(classes=8, side=256)


def finds(count, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 200, (count, 2))
    return {"boxes": np.concatenate([corner, corner + rng.uniform(8, 56, (count, 2))], 1).astype(np.float32),
            "scores": np.sort(rng.uniform(0.02, 1, count).astype(np.float32))[::-1],
            "labels": rng.integers(0, 8, count).astype(np.int32)}


def test_what_is_sent_is_what_was_found_to_the_step():
    found = finds(20)
    back = CODE.decode(CODE.encode(found, 500))
    assert np.abs(back["boxes"] - found["boxes"]).max() <= 256 / 127 / 2 + 1e-4
    assert np.abs(back["scores"] - found["scores"]).max() <= 1 / 126 + 1e-6
    np.testing.assert_array_equal(back["labels"], found["labels"])
    assert (back["boxes"].dtype, back["scores"].dtype, back["labels"].dtype) == (np.float32, np.float32, np.int32)


def test_a_box_costs_what_its_fields_do():
    """3 bits of class, 6 of score, 4 x 7 of corners, after 6 bits of count: 20 boxes in 746 bits."""
    assert len(CODE.encode(finds(20), 500)) == CODE.size(20) == 94
    assert BoxesCode(1, 256).size(8) == -(-(6 + 8 * 35) // 8)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 80), size=st.integers(0, 400), seed=st.integers(0, 9))
def test_the_best_that_fit_are_sent(count, size, seed):
    found = finds(count, seed)
    order = np.random.default_rng(seed).permutation(count)
    message = CODE.encode({key: value[order] for key, value in found.items()}, size)
    if size == 0:
        assert message is None
        return
    kept = min(count, (8 * size - 6) // 37, 63)
    assert len(message) <= size
    back = CODE.decode(message)
    assert len(back["scores"]) == kept
    assert np.abs(back["scores"] - found["scores"][:kept]).max(initial=0) <= 1 / 126 + 1e-6


def test_scores_that_round_to_nothing_stay_at_home():
    found = finds(6) | {"scores": np.array([0.9, 0.5, 0.02, 0.007, 0.003, 0.001], np.float32)}
    assert len(CODE.decode(CODE.encode(found, 100))["scores"]) == 3


@pytest.mark.parametrize("count", [0, 1, 13])
def test_filler_behind_and_zeros_cut_off_change_nothing(count):
    message = CODE.encode(finds(count), 200)
    for other in (message + bytes(40), message.rstrip(b"\0")):
        back = CODE.decode(other)
        for key, value in CODE.decode(message).items():
            np.testing.assert_array_equal(back[key], value)
    assert len(CODE.decode(b"")["boxes"]) == 0


def test_boxes_outside_the_picture_are_clipped():
    found = {"boxes": np.array([[-20, 10, 300, 90]], np.float32), "scores": np.array([0.8]), "labels": np.array([1])}
    np.testing.assert_allclose(CODE.decode(CODE.encode(found, 50))["boxes"][0], [0, 10, 256, 90], atol=1.01)


def test_nonsense_raises_nothing_and_gives_sound_boxes():
    code = BoxesCode(5, 64)
    for seed in range(50):
        back = code.decode(np.random.default_rng(seed).bytes(120))
        assert (back["labels"] < 5).all() and (back["boxes"][:, 2:] >= back["boxes"][:, :2]).all()
        assert back["boxes"].shape == (len(back["scores"]), 4)


def test_the_picture_shows_frames_of_what_scored_well():
    found = {"boxes": np.array([[10, 20, 40, 60], [50, 50, 60, 60]], np.float32), "labels": np.array([2, 3]),
             "scores": np.array([0.9, 0.1], np.float32)}
    picture = drawn(found, 64)
    changed = (picture != 114).any(2)
    assert changed[[20, 59], 10:40].all() and changed[20:60, [10, 39]].all()
    assert not changed[24:56, 14:36].any() and not changed[50:, 50:].any()
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
