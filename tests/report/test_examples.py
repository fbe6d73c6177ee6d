"""The example figure: a column per stage and scheme, two rows per picture; and warnings on every figure there is."""

import csv
import json

import numpy as np
import pytest

from linksim.report import budgets, examples, feasibility
from linksim.report.store import Run

STUDY = [{"features": count, "uses": 300 + 70 * count, "similarity": value, "similarity_lo": value - 0.05,
          "similarity_hi": value + 0.05} for count, value in ((1, 0.2), (16, 0.6), (64, 0.85), (128, 0.9), (256, 0.9))]
FOUND = {"scheme": "SE-SC", "snr_db": 15.0, "metric": "similarity", "metric_label": "cosine, neck of yolov5n-scenes",
         "definition": "smallest L", "plateau": 0.9, "optimum": 102.4, "optimum_lo": 90.0, "optimum_hi": 120.0,
         "uses": 7468.0, "tolerance": 0.01}


def said(figure) -> str:
    texts = [text.get_text() for text in figure.texts + [t for ax in figure.axes for t in ax.texts]]
    return " ".join(" ".join(texts).split())


@pytest.fixture
def run(make_run) -> Run:
    folder = make_run(schemes=4, snrs=(6, 16), warnings=["the weights of SE-SC were trained on voc, not on scenes"])
    with (folder / "feasibility.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(STUDY[0]))
        out.writeheader()
        out.writerows(STUDY)
    (folder / "feasibility.json").write_text(json.dumps(FOUND))
    return Run.read(folder)


def test_every_picture_has_two_rows_and_every_scheme_a_column_headed_by_its_uses(run):
    figure = examples.figure(run)
    columns = 1 + 1 + 4  # truth, the one scheme that chooses features, four schemes
    assert len(figure.axes) == 3 * 2 * columns
    heads = [text.get_text() for text in figure.texts]
    assert "SE-SC\n5,200 uses" in heads and "full\n6,900 uses" in heads
    words = said(figure)
    assert "5,203 uses" in words  # of one picture, by the fourth scheme
    assert "kept" in words and "mean 0." in words and "lost" in words


def test_every_scheme_that_chooses_shows_its_own_mask(run):
    data = run.examples
    data["weights/full"], data["mask/full"] = data["weights/SE-SC"], np.ones_like(data["mask/SE-SC"])
    assert len(examples.figure(run).axes) == 3 * 2 * 6  # a mask that keeps everything needs no column
    data["mask/full"] = data["weights/full"] > 0.6
    figure = examples.figure(run)
    assert len(figure.axes) == 3 * 2 * 7
    for name in ("SE-SC", "full"):
        assert f"{data[f'mask/{name}'][0].mean():.0%} kept" in said(figure)


def test_the_feasibility_figure_names_both_regions_and_the_optimum(run):
    words = said(feasibility.figure(run))
    for part in ("semantic-parsing region", "semantic-explicit region", "= 102 (90 to 120)", "7,468 channel uses",
                 "neck of yolov5n-scenes"):
        assert part in words, part


def test_weights_of_other_data_are_told_on_these_figures_too(run):
    for module in (examples, feasibility, budgets):
        assert "trained on voc, not on scenes" in said(module.figure(run))
