"""What a course computes with, and the recipe that goes on from weights: two batches, end to end."""

import numpy as np
import pytest

from linksim import weights
from linksim.training import cards, precision
from linksim.training.sesc import train


@pytest.mark.parametrize("devices, wanted", [([], ("float32", False)), (["a GPU"], ("mixed_bfloat16", True))])
def test_a_cpu_takes_float32_by_its_own_operations_and_a_gpu_bfloat16_under_xla(monkeypatch, devices, wanted):
    import keras

    monkeypatch.setattr(cards, "accelerators", lambda: devices)
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    assert (precision.suited(), precision.compiled()) == wanted
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    assert not precision.compiled()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert precision.compiled()


@pytest.mark.slow
def test_a_course_goes_on_and_keeps_the_semantic_aware_models_of_its_start(tmp_path):
    before, _ = weights.load("sesc-scenes", "sesc")
    out = train(tmp_path / "mine.npz", 30, [{"type": "scenes"}], "yolov5n-scenes", 96, crop=64, pictures=40, batch=2,
                aware_pictures=0, start="sesc-scenes", steps=2, often=(24, 40), alone=0.9)
    after, card = weights.load(str(out), "sesc")
    aware = [key for key in before if key.startswith("awareness")]
    assert aware and all(np.array_equal(before[key], after[key]) for key in aware)
    assert any((before[key] != after[key]).any() for key in before if key.startswith("decoder/"))
    assert "aware_pictures=0" in card["command"] and "often=[24, 40]" in card["command"]
    assert card["config"]["aims"] == ["detection"]


@pytest.mark.slow
def test_further_aims_are_taught_beside_those_of_a_start(tmp_path):
    before, _ = weights.load("sesc-scenes", "sesc")
    out = train(tmp_path / "mine.npz", 30, [{"type": "scenes"}], "yolov5n-scenes", 96, crop=64, pictures=40, batch=2,
                aware_pictures=20, aims=("classification", "reconstruction"), start="sesc-scenes", steps=0)
    after, card = weights.load(str(out), "sesc")
    assert card["config"]["aims"] == ["detection", "classification", "reconstruction"]
    aware = [key for key in before if key.startswith("awareness/")]
    assert all(np.array_equal(before[key], after[key]) for key in aware)
    parts = {key.split("/")[0] for key in after}
    assert {"awareness", "awareness_classification", "awareness_reconstruction"} <= parts
