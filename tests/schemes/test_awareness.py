"""Semantic-aware models: weights in [0, 1], the same every time, and an error where something is missing."""

from types import SimpleNamespace

import numpy as np
import pytest

from linksim import weights
from linksim.errors import UserError
from linksim.schemes.sesc.awareness import NAMES, build, entropy, fit_entropy
from linksim.schemes.sesc.importance import importance
from linksim.schemes.sesc.rate import allot

GRID, SIZE, VALUES = 4, 64, 10
CARD = {"name": "some", "sha256": "0"}


def pictures(count=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def features(count=200, seed=1):
    """Neighbours correlate, values differ in spread: [N, h, w, V]."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((count, 1, 1, VALUES))
    return ((common + rng.standard_normal((count, GRID, GRID, VALUES))) / np.arange(1, VALUES + 1)).astype(np.float32)


def made(name, arrays=None, task=None, **more):
    return build(name, arrays=arrays or {}, card=CARD, task=task, grid=GRID, **more)


def test_random_weights_follow_the_picture_alone():
    images, model = pictures(), made("random", seed=5)
    found = model.weigh(images)
    assert found.shape == (3, GRID, GRID) and found.dtype == np.float32 and 0 <= found.min() < found.max() < 1
    np.testing.assert_array_equal(made("random", seed=5).weigh(images[[2, 0]]), found[[2, 0]])
    assert not np.array_equal(made("random", seed=6).weigh(images), found)
    assert made("random", seed=5).key() == model.key() != made("random", seed=6).key()
    # Uniform: the mean of 200 x 16 draws is within 5 standard errors (false alarms 6e-7).
    assert abs(model.weigh(pictures(200)).mean() - 0.5) < 5 * np.sqrt(1 / 12 / 3200)


def test_all_is_one_everywhere():
    np.testing.assert_array_equal(made("all").weigh(pictures(2)), np.ones((2, GRID, GRID)))


def test_the_oracle_weighs_what_the_detector_surely_finds():
    box, score = np.array([[0, 0, 20, 20], [40, 40, 60, 60]], np.float32), np.array([0.8, 0.05], np.float32)
    task = SimpleNamespace(observe=lambda images: [{"boxes": box, "scores": score, "labels": np.zeros(2, int)}] * 2)
    found = made("oracle", task=task).weigh(pictures(2))
    np.testing.assert_array_equal(found[1], importance(box[:1], score[:1], SIZE))
    with pytest.raises(UserError, match="finds boxes"):
        made("oracle", task=SimpleNamespace(observe=lambda images: [{"image": 0}])).weigh(pictures(1))


def test_a_transmitter_that_runs_the_detector_keeps_margins_whole_and_its_best_find():
    faint = {"boxes": np.array([[16, 16, 32, 32]], np.float32), "scores": np.array([0.05], np.float32), "labels": [0]}
    nothing = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": []}
    found = made("finds", task=SimpleNamespace(observe=lambda images: [faint, nothing])).weigh(pictures(2))
    assert found[0].max() == pytest.approx(0.05) and found[0, 1, 1] == found[0].max() and not found[1].any()
    mask, _ = allot(found.reshape(2, -1), 0.2, 32)
    assert mask[0].reshape(GRID, GRID)[1, 1] and mask[0].sum() < mask[0].size and mask[1].sum() == 1
    assert allot(found.reshape(2, -1), 0.0, 32)[0].all()  # mu 0 sends everything, whatever it weighs


def test_entropy_weights_are_ranks_in_0_to_1():
    seen = features()
    arrays = {f"entropy/{key}": value for key, value in fit_entropy(seen).items()}
    assert all(value.dtype == np.float32 for value in arrays.values())
    model = made("entropy", arrays, features=lambda images: seen[: len(images)].reshape(len(images), -1, VALUES))
    found = model.weigh(pictures(100))
    assert found.shape == (100, GRID, GRID) and found.min() >= 0 and found.max() <= 1
    assert np.quantile(found, 0.3) == pytest.approx(0.3, abs=0.05)  # mu is about the share left out
    np.testing.assert_array_equal(model.weigh(pictures(5)), found[:5])


def test_what_was_not_expected_tells_more():
    seen = features()
    model = fit_entropy(seen)
    usual, odd = np.zeros_like(seen[:1]), np.zeros_like(seen[:1])
    odd[0, 1, 2] = seen.std((0, 1, 2)) * 3
    told = entropy.information(odd, model) - entropy.information(usual, model)
    assert told[0, 1, 2] > 5 and told[0, 0, 0] == 0


def test_bits_are_those_of_a_distribution():
    """Over all steps of a quantiser the probabilities of one value add up to 1."""
    model = fit_entropy(features())
    step, quantiles = float(model["step"][0]), model["quantiles"][0]
    edges = (np.arange(-200, 201) + 0.5) * step
    shares = np.diff(entropy._cumulative(edges, quantiles))
    assert (shares >= 0).all() and shares.sum() == pytest.approx(1, abs=1e-6)


def test_task_weights_come_from_the_arrays_of_the_aim():
    from linksim.schemes.sesc.networks import build_awareness

    networks = {"awareness": build_awareness((3,), GRID), "awareness_classification": build_awareness((3,), GRID)}
    arrays = {f"{prefix}/{k}": v for prefix, net in networks.items() for k, v in weights.model_arrays(net).items()}
    maps = np.random.default_rng(2).random((2, GRID, GRID, 3), np.float32)
    task = SimpleNamespace(features=lambda images: (maps[: len(images)],))
    scaled = arrays | {"powers/detection": np.float32(0.5)}
    for aim, part, power in ((None, "awareness", 0.5), ("classification", "awareness_classification", 1)):
        found = made("task", arrays, task, tile=2, aim=aim).weigh(pictures(2))
        np.testing.assert_allclose(found, np.asarray(networks[part](maps)), atol=1e-5)
        raised = made("task", scaled, task, tile=2, aim=aim).weigh(pictures(2))
        np.testing.assert_allclose(raised, found**power, atol=1e-5)
        assert found.min() >= 0 and found.max() <= 1
    with pytest.raises(UserError, match="'reconstruction', only for detection, classification"):
        made("task", arrays, task, aim="reconstruction")
    with pytest.raises(UserError, match="has none"):
        made("task", arrays, SimpleNamespace()).weigh(pictures(1))


def test_errors_name_what_there_is():
    with pytest.raises(UserError, match="did you mean 'entropy'"):
        made("entropie")
    with pytest.raises(UserError, match="no entropy model"):
        made("entropy", features=lambda images: images)
    with pytest.raises(UserError, match="awareness: task alone"):
        made("random", aim="classification")
    assert set(NAMES) == {"task", "finds", "entropy", "random", "oracle", "all"}
