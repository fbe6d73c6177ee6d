"""The feasibility study: which features are sent, and where a curve has reached its plateau."""

from pathlib import Path

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.experiment.feasibility import heaviest, optimum, study
from linksim.scenario import load


def rows(curves: np.ndarray, counts) -> list[dict]:
    """Rows of a study in which picture p has similarity curves[p, i] with counts[i] features, twice."""
    return [{"features": count, "picture": p, "realisation": r, "uses": 100 + 10 * count, "ok": True,
             "similarity": float(curves[p, i]) + (0.01 if r else -0.01)}
            for p in range(len(curves)) for i, count in enumerate(counts) for r in (0, 1)]


def test_the_heaviest_features_are_chosen_and_of_equals_the_first():
    weights = np.array([[[0.1, 0.9], [0.5, 0.5]], [[0.2, 0.2], [0.2, 0.2]]], np.float32)
    assert heaviest(weights, 2).tolist() == [[[0, 1], [1, 0]], [[1, 1], [0, 0]]]
    assert (heaviest(weights, 4) == 1).all()
    with pytest.raises(UserError, match=r"feasibility.features.*at most 4.*found 5"):
        heaviest(weights, 5)


@pytest.mark.parametrize(("curve", "tolerance", "expected"), [
    ([0.1, 0.5, 0.9, 1.0, 1.0], 0.1, 4),      # met on the spot
    ([0.1, 0.5, 0.9, 1.0, 1.0], 0.05, 6),     # half way between 4 and 8
    ([0.1, 0.5, 0.9, 1.0, 0.8], 0.05, 6),     # what falls afterwards doesn't matter
    ([0.7, 0.7, 0.7, 0.7, 0.7], 0.01, 1)])    # one feature says it all
def test_the_optimum_is_where_the_plateau_is_reached(curve, tolerance, expected):
    assert optimum(np.array([1, 2, 4, 8, 16]), np.array(curve), tolerance) == pytest.approx(expected)


def test_a_study_of_equal_pictures_has_no_interval_and_the_means_of_its_rows():
    counts, curve = [1, 2, 4, 8, 16], [0.1, 0.5, 0.9, 1.0, 1.0]
    lines, found = study(rows(np.tile(curve, (5, 1)), counts), "similarity", 0.05, bootstrap=200, seed=1)
    assert [line["features"] for line in lines] == counts
    assert [line["similarity"] for line in lines] == pytest.approx(curve)
    assert [line["uses"] for line in lines] == [100 + 10 * count for count in counts]
    for key in ("optimum", "optimum_lo", "optimum_hi"):
        assert found[key] == pytest.approx(6)
    assert found["uses"] == pytest.approx(160) and found["plateau"] == pytest.approx(1)


def test_pictures_that_need_different_numbers_make_an_interval_around_the_optimum():
    counts, needed = np.array([1, 2, 4, 8, 16, 32]), np.random.default_rng(7).uniform(2, 30, 40)
    curves = np.minimum(1, counts / needed[:, None])
    _, found = study(rows(curves, counts.tolist()), "similarity", 0.02, bootstrap=500, seed=1)
    assert found["optimum_lo"] < found["optimum"] < found["optimum_hi"]
    assert optimum(counts, curves.mean(0), 0.02) == pytest.approx(found["optimum"])


def test_a_scheme_whose_uses_are_free_cannot_be_studied():
    with pytest.raises(UserError, match="give uses a number"):
        load(Path(__file__).parents[2] / "scenarios" / "feasibility.yaml",
             ["schemes.0.uses=auto", "schemes.0.budget=5000"])
