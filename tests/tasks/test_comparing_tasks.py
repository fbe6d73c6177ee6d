"""Reconstruction and similarity: what they keep of a picture beside the one sent, and their means and intervals."""

import csv
from functools import cache

import fakes
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from linksim.errors import UserError
from linksim.experiment import engine
from linksim.registry import lookup
from linksim.report import draw
from linksim.scenario import Scenario, check
from linksim.schemes.base import lost_picture

KEYS = {"reconstruction": {"psnr", "ms_ssim", "feature_distance"}, "similarity": {"similarity"}}
RISING = {"feature_distance"}  # the only one that grows as pictures get worse
SIZE = 128

pytestmark = pytest.mark.parametrize("kind", list(KEYS))


@cache
def task(kind: str, **keys):
    cls = lookup("task", kind)
    return cls(cls.Config(type=kind, input_size=SIZE, **keys), ())


@cache
def sent() -> np.ndarray:
    """Scenes as they were sent, uint8 [5, 128, 128, 3]."""
    scenes = lookup("source", "scenes")
    return scenes(scenes.Config(type="scenes", size=SIZE), "test").batch(range(5))[0]


def noisy(deviation: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, deviation, sent().shape)
    return np.clip(np.rint(sent() + noise), 0, 255).astype(np.uint8)


def column(observations: list[dict], key: str) -> np.ndarray:
    return np.array([seen[key] for seen in observations], np.float64)


def test_the_contract(kind):
    seen = task(kind).compare(noisy(10), sent())
    assert len(seen) == 5 and all(set(row) == KEYS[kind] for row in seen)
    assert all(np.ndim(value) == 0 and value.dtype == np.float32 for row in seen for value in row.values())
    found = task(kind).score(seen, [None] * 5, np.arange(5))
    assert set(found) == KEYS[kind] and task(kind).metric in found
    for key in KEYS[kind]:
        assert found[key] == pytest.approx(column(seen, key).mean())
    assert [f.shape for f in task(kind).features(sent())] == [(5, 16, 16, 64), (5, 8, 8, 128), (5, 4, 4, 256)]
    with pytest.raises(UserError, match="task.type: detection"):
        task(kind).observe(sent())


def test_equal_pictures_are_at_the_end_of_the_scale(kind):
    best = {"psnr": 10 * np.log10(255**2 * SIZE**2 * 3), "ms_ssim": 1, "feature_distance": 0, "similarity": 1}
    for row in task(kind).compare(sent(), sent()):
        assert row == pytest.approx({key: best[key] for key in row}, abs=1e-5)


def test_more_noise_is_worse_and_a_lost_picture_too(kind):
    grey = np.broadcast_to(lost_picture(SIZE), sent().shape)
    grades = [task(kind).compare(images, sent()) for images in (noisy(2), noisy(8), noisy(40))]
    lost = task(kind).compare(grey, sent())
    for key in KEYS[kind]:
        worse = np.diff([column(grade, key).mean() for grade in grades])
        assert (worse > 0 if key in RISING else worse < 0).all(), key
        gap = column(lost, key) - column(grades[0], key)
        assert (gap > 0 if key in RISING else gap < 0).all(), key


def test_the_interval_holds_the_mean_and_counts_pictures_not_rows(kind):
    """Ten realisations of equal rows tell no more than one: the interval stays as wide."""
    one, key = task(kind), task(kind).metric
    seen = one.compare(noisy(10), sent())
    once = one.score(seen, [None] * 5, np.arange(5), bootstrap=400, seed=2)
    often = one.score([row for row in seen for _ in range(10)], [None] * 50, np.repeat(np.arange(5), 10), 400, 2)
    assert once[f"{key}_lo"] < once[key] < once[f"{key}_hi"]
    assert {k: often[k] for k in (key, f"{key}_lo", f"{key}_hi")} == pytest.approx(
        {k: once[k] for k in (key, f"{key}_lo", f"{key}_hi")})


def test_a_scenario_over_a_folder_without_labels(kind, tmp_path):
    """Every row is compared with its own picture, and figures can be drawn of it."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i, image in enumerate(sent()[:3, :64, :64]):
        Image.fromarray(image).save(pictures / f"{i}.png")
    asked = fakes.scenario(source={"type": "folder", "path": str(pictures), "size": 64}, pictures=3,
                           task={"type": kind, "input_size": 128}, symbols_vs_mu=None, examples={"pictures": [0]})
    asked["calibration"] = {"pictures": 2, "realisations": 1}
    scenario = check(Scenario, asked, "")
    out = engine.run(scenario, tmp_path / "run", console=Console(quiet=True))
    with (out / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    metric = task(kind).metric
    best = {"psnr": 10 * np.log10(255**2 * 64 * 64 * 3), "similarity": 1}[metric]
    for line in table:
        score, low, high = (float(line[key]) for key in (metric, f"{metric}_lo", f"{metric}_hi"))
        assert low - 1e-6 <= score <= high + 1e-6 and score <= best + 1e-3
        if line["kind"] == "scheme" and kind == "reconstruction":
            assert score == pytest.approx(float(line["psnr_db"]), abs=1e-4)  # the engine's own, picture by picture
    # The pictures as sent are no line: that they equal themselves says nothing.
    assert {line["scheme"] for line in table} == {"third", "third: white", "half", "Whole 0.0"}
    assert (out / "provenance.json").exists() and {p.suffix for p in draw(out)} >= {".png", ".html"}
