"""A codec taught by a detector must not paint what the detector likes to see.

Scenes without objects, and payloads of pure noise, give no more pictures with a box than the clean empty scenes: a
one-sided exact McNemar test at level .01 for each case, so that of four honest cases one fails in 25 tries at most.
`benchmarks/empty.py` does the same on many pictures.
"""

import numpy as np
import pytest
import yaml

from benchmarks.empty import Empty, more
from linksim import registry
from linksim.errors import UserError
from linksim.scenario import load
from linksim.sources.base import SourceConfig

LEVEL = 0.01


def scenario(folder, pictures: int):
    path = folder / "empty.yaml"
    path.write_text(yaml.safe_dump({
        "name": "empty", "seed": 11, "source": {"type": "scenes"}, "pictures": pictures,
        "calibration": {"pictures": 8, "realisations": 4}, "task": {"type": "detection", "weights": "yolov5n-scenes"},
        "link": {"channel": {"model": "rayleigh", "fading": "slow"}}, "snr_db": [0, 10],
        "schemes": [{"name": "few", "type": "sesc", "weights": "sesc-scenes", "mu": 0.2},
                    {"name": "full", "type": "sesc", "weights": "sesc-scenes", "mu": 0.0}],
        "bootstrap": 0, "examples": {"pictures": [0]}}))
    return load(path)


def holds(empty: Empty, names=("few", "full"), snrs=(10.0,)) -> None:
    for name in names:
        cases = {"noise": empty.noise(name), "silence": empty.silence(name)}
        cases |= {f"empty at {snr_db:g} dB": empty.empty(name, snr_db) for snr_db in snrs}
        p = {case: more(empty.clean, found) for case, found in cases.items()}
        assert min(p.values()) > LEVEL, (name, p)


@pytest.fixture
def photographs(monkeypatch):
    """A source of labelled pictures that has no say in how many objects are in them, registered for one test."""
    scenes = registry.lookup("source", "scenes")
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))

    class Photographs(scenes):
        class Config(SourceConfig):
            pass

        def __init__(self, config, split):
            super().__init__(scenes.Config(type="scenes", size=config.size), split)

    registry.register("source", "photographs")(Photographs)
    return Photographs.Config(type="photographs", size=256)


def test_pictures_that_cant_be_emptied_have_silence_and_noise_alone(tmp_path, photographs):
    pictures = Empty(scenario(tmp_path, 4).model_copy(update={"source": photographs}))
    assert not pictures.emptied and pictures.clean.tolist() == [0] * 4, "a grey picture has objects"
    assert pictures.boxes(pictures.images).sum() >= 4, "the control sees nothing where objects are"
    assert len(pictures.noise("few")) == len(pictures.silence("few")) == 4
    with pytest.raises(UserError, match="'photographs' can't be emptied of its objects"):
        pictures.empty("few", 10.0)


def test_the_test_can_fail(tmp_path):
    """Where objects are, the count sees them; and it tells more from as many."""
    seen = Empty.__new__(Empty)
    seen.confidence = 0.25
    seen.setup = type("Two", (), {"task": type("Task", (), {"observe": staticmethod(
        lambda images: [{"scores": np.array([0.9, 0.3, 0.2][:n], np.float32)} for n in images])})})
    assert seen.boxes(np.array([0, 1, 2, 3])).tolist() == [0, 1, 2, 2]
    none, some = np.zeros(24, int), np.arange(24) % 3 == 0
    assert more(none, some.astype(int)) < LEVEL and more(some.astype(int), none) == 1 and more(some, some) == 1


def test_no_boxes_out_of_nothing(tmp_path):
    empty = Empty(scenario(tmp_path, 16))
    assert (empty.boxes(empty.setup.images) > 0).mean() > 0.7, "the detector finds nothing at all"
    assert not empty.clean.mean() > 0.5, "the detector sees objects in clean empty scenes"
    holds(empty, ("few",))


@pytest.mark.slow
def test_no_boxes_out_of_nothing_on_more_pictures(tmp_path):
    holds(Empty(scenario(tmp_path, 96)), snrs=(0.0, 10.0))
