"""Weights files: whole or refused."""

import json

import keras
import numpy as np
import pytest

from linksim import weights
from linksim.errors import UserError


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "mine.npz"
    weights.save(path, {"a/kernel": np.arange(6, dtype=np.float16).reshape(2, 3)}, {"kind": "linear", "name": "mine"})
    return path


def test_what_is_saved_is_loaded(saved):
    arrays, card = weights.load(str(saved), "linear")
    assert arrays["a/kernel"].dtype == np.float16 and arrays["a/kernel"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert card["name"] == "mine" and card["minutes"] is None and len(card["sha256"]) == 64
    assert sorted(p.name for p in saved.parent.iterdir()) == ["mine.json", "mine.npz"]  # nothing left aside


def test_another_kind_is_refused(saved):
    with pytest.raises(UserError, match="of kind 'linear', but 'yolov5' is needed"):
        weights.load(str(saved), "yolov5")


def test_missing_weights_name_the_shipped_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.save(tmp_path / "yolov5n-scenes.npz", {"a": np.zeros(1)}, {"kind": "yolov5"})
    assert weights.shipped("yolov5") == ["yolov5n-scenes"] and weights.shipped("sesc") == []
    assert weights.load("yolov5n-scenes", "yolov5")[0]["a"] == 0
    with pytest.raises(UserError, match="Did you mean 'yolov5n-scenes'"):
        weights.load("yolov5n-scnes", "yolov5")


def test_damage_is_seen(saved):
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    saved.write_bytes(data)
    with pytest.raises(UserError, match="sha256"):
        weights.load(str(saved), "linear")


def test_pickled_arrays_are_refused(saved):
    np.savez(saved, a=np.array([{"x": 1}], dtype=object))
    card = json.loads(saved.with_suffix(".json").read_text())
    card["sha256"] = weights._sha256(saved)
    saved.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="can't be read"):
        weights.load(str(saved), "linear")


def test_a_card_that_is_missing_or_broken_is_named(saved):
    saved.with_suffix(".json").write_text("{")
    with pytest.raises(UserError, match="not JSON"):
        weights.load(str(saved), "linear")
    saved.with_suffix(".json").unlink()
    with pytest.raises(UserError, match="card mine.json is missing"):
        weights.load(str(saved), "linear")


def test_arrays_fit_a_model_or_are_refused():
    image = keras.Input((3,))
    model = keras.Model(image, keras.layers.Dense(2, name="d")(image))
    arrays = weights.model_arrays(model)
    changed = {name: a + 1 for name, a in arrays.items()}
    weights.assign(model, changed)
    np.testing.assert_array_equal(np.asarray(model.get_layer("d").kernel), changed["d/kernel"])
    with pytest.raises(UserError, match="no array for 'd/bias'"):
        weights.assign(model, {"d/kernel": arrays["d/kernel"]})
    with pytest.raises(UserError, match="has shape"):
        weights.assign(model, arrays | {"d/kernel": np.zeros((4, 2))})
