"""What a course computes with, what it refuses, and how it goes on from weights: two batches, end to end."""

import numpy as np
import pytest

from linksim import weights
from linksim.errors import UserError
from linksim.training import cards, precision
from linksim.training.sesc import train

START = "sesc-scenes-unmasked"  # whose semantic-aware model is for detection alone


@pytest.mark.parametrize("devices, wanted", [([], "float32"), (["a GPU"], "mixed_bfloat16")])
def test_a_cpu_takes_float32_and_a_gpu_bfloat16(monkeypatch, devices, wanted):
    monkeypatch.setattr(cards, "accelerators", lambda: devices)
    assert precision.suited() == wanted


@pytest.mark.parametrize("options, says", [
    ({"often": (60, 300)}, "often: .* at most 192"), ({"often": (96, 48)}, "often"), ({"often": (0, 10)}, "often"),
    ({"alone": 1.5}, "alone"), ({"saving": 1.2}, "saving: should be a share"),
    ({"saving": 0.2, "start": START, "aware_pictures": 0}, "saving: .*aware_pictures above 0"),
    ({"saving": 0.2, "aims": ("classification",)}, "saving: needs a semantic-aware model for detection"),
    ({"aware_pictures": 0}, "aware_pictures: 0 leaves"),
    ({"aware_pictures": 0, "start": START, "aims": ("classification",)}, "has none for classification"),
    ({"aware_pictures": 0, "start": START, "detector": "yolov5-second-scenes"}, "taught on yolov5n-scenes")])
def test_what_no_course_can_be_is_refused_before_a_picture_is_looked_at(tmp_path, options, says):
    given = {"detector": "yolov5n-scenes"} | options
    with pytest.raises(UserError, match=says):
        train(tmp_path / "x.npz", 1, [{"type": "nowhere"}], input_size=96, **given)


@pytest.mark.slow
def test_a_course_goes_on_and_keeps_the_semantic_aware_models_of_its_start(tmp_path):
    before, _ = weights.load(START, "sesc")
    out = train(tmp_path / "mine.npz", 30, [{"type": "scenes"}], "yolov5n-scenes", 96, crop=64, pictures=40, batch=2,
                aware_pictures=0, start=START, steps=2, often=(24, 40), alone=0.9)
    after, card = weights.load(str(out), "sesc")
    aware = [key for key in before if key.startswith("awareness")]
    assert aware and all(np.array_equal(before[key], after[key]) for key in aware)
    assert any((before[key] != after[key]).any() for key in before if key.startswith("decoder/"))
    assert "aware_pictures=0" in card["command"] and "often=[24, 40]" in card["command"]
    assert card["config"]["aims"] == ["detection"]


@pytest.mark.slow
def test_further_aims_are_taught_beside_those_of_a_start(tmp_path):
    before, _ = weights.load(START, "sesc")
    out = train(tmp_path / "mine.npz", 30, [{"type": "scenes"}], "yolov5n-scenes", 96, crop=64, pictures=40, batch=2,
                aware_pictures=20, aims=("classification", "reconstruction"), start=START, steps=0)
    after, card = weights.load(str(out), "sesc")
    assert card["config"]["aims"] == ["detection", "classification", "reconstruction"]
    aware = [key for key in before if key.startswith("awareness/")]
    assert all(np.array_equal(before[key], after[key]) for key in aware)
    parts = {key.split("/")[0] for key in after}
    assert {"awareness", "awareness_classification", "awareness_reconstruction"} <= parts
    assert not any(key.startswith("awareness_") for key in before)


@pytest.mark.slow
@pytest.mark.parametrize("aims", [("detection",), ()])
def test_weights_get_the_scale_that_was_asked_for_and_keep_it(tmp_path, aims):
    """Whether the semantic-aware model is taught here or kept."""
    given = [{"type": "scenes"}], "yolov5n-scenes", 96
    out = train(tmp_path / "mine.npz", 30, *given, crop=64, pictures=40, batch=2, aware_pictures=40, saving=0.237,
                aims=aims, start=START, steps=0)
    scaled, card = weights.load(str(out), "sesc")
    assert 0.2 <= scaled["powers/detection"] <= 3 and "saving=0.237" in card["command"]
    again = train(tmp_path / "again.npz", 30, *given, crop=64, pictures=40, batch=2, aware_pictures=0, start=str(out),
                  steps=0)
    assert weights.load(str(again), "sesc")[0]["powers/detection"] == scaled["powers/detection"]
