"""The paired bootstrap of the report, on scores whose differences are known."""

import csv

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.report import draw, paired
from linksim.report.store import Run

PICTURES, RESAMPLES = 60, 2000


@pytest.fixture
def run(make_run):
    """Every picture scores `full` = x, `SE-SC` = x - .02, `linear` = x / 2 with noise; and the resamples of that."""
    folder = make_run(schemes=3, snrs=(0, 10), mu=False, examples=False)
    rng = np.random.default_rng(5)
    hard = rng.uniform(0.2, 0.9, PICTURES)
    draws = rng.multinomial(PICTURES, np.full(PICTURES, 1 / PICTURES), RESAMPLES) / PICTURES
    per_picture = {"full": hard, "SE-SC": hard - 0.02, "linear": hard / 2 + rng.normal(0, 0.02, PICTURES)}
    np.savez(folder / "bootstrap.npz", **{f"scheme/{snr}/ap50/{name}": draws @ values for snr in (0, 10)
                                          for name, values in per_picture.items()})
    run = Run.read(folder)
    for line in run.table:
        if line["scheme"] in per_picture:
            line["ap50"] = float(per_picture[line["scheme"]].mean())
    return run


def test_what_pictures_share_cancels(run):
    one = paired.pair(run, "SE-SC", "full", 10)
    assert one.difference == pytest.approx(-0.02) and one.difference_hi - one.difference_lo < 1e-9
    alone = np.ptp(np.percentile(run.resampled["scheme/10/ap50/full"], (2.5, 97.5)))
    assert alone > 0.05  # either score for itself is far less certain


def test_ratio_and_loss_bracket_their_values(run):
    one = paired.pair(run, "linear", "full", 0)
    assert one.ratio_lo < one.ratio < one.ratio_hi and one.ratio == pytest.approx(0.5, abs=0.02)
    assert one.loss == pytest.approx(1 - one.ratio) and one.loss < one.loss_upper < 1 - one.ratio_lo


def test_the_other_way_round_is_the_mirror_image(run):
    there, back = paired.pair(run, "linear", "full", 0), paired.pair(run, "full", "linear", 0)
    assert (there.difference_lo, there.difference_hi) == pytest.approx((-back.difference_hi, -back.difference_lo))


def test_only_schemes_on_the_same_rows_are_compared(run):
    next(line for line in run.table if line["scheme"] == "linear" and line["snr_db"] == 0)["rows"] = 64
    assert paired.pair(run, "linear", "full", 0) is None
    assert paired.pair(run, "linear", "full", 10) is not None
    assert paired.pair(run, "no channel", "full", 10) is None  # not resampled


def test_a_reference_without_a_find_has_no_ratio(run):
    run.resampled["scheme/0/ap50/full"] = np.zeros(RESAMPLES)
    next(line for line in run.table if line["scheme"] == "full" and line["snr_db"] == 0)["ap50"] = 0.0
    one = paired.pair(run, "linear", "full", 0)
    assert np.isnan([one.ratio, one.ratio_lo, one.loss_upper]).all() and one.difference > 0


def test_table_and_page_compare_with_what_the_scenario_says(run):
    run.scenario["against"] = "full"
    assert paired.reference(run) == "full"
    (path,) = paired.write(run)
    lines = list(csv.DictReader(path.open()))
    assert {line["scheme"] for line in lines} == {"SE-SC", "linear"} and {line["against"] for line in lines} == {"full"}
    draw(run.folder)  # without the key the first scheme is the reference
    assert "Against SE-SC" in (run.folder / "report.html").read_text()


def test_a_run_that_kept_no_resamples_has_no_comparison(make_run):
    run = Run.read(make_run(schemes=2, mu=False, examples=False))
    assert paired.reference(run) is None and paired.write(run) == []


def test_schemes_of_a_series_are_compared_at_the_same_budget(run):
    names = {"full": "full @ 2,000", "SE-SC": "SE-SC @ 2,000", "linear": "SE-SC @ 4,000"}
    run.scenario["schemes"] = [{"name": new, "series": new.split(" @")[0]} for new in names.values()]
    run.scenario["against"] = "full"
    for line in run.table:
        line["scheme"] = names.get(line["scheme"], line["scheme"])
    run.resampled.update({key.rsplit("/", 1)[0] + f"/{new}": run.resampled[key] for old, new in names.items()
                          for key in list(run.resampled) if key.endswith(f"/{old}")})
    assert paired.reference(run) == "full"
    assert {one.scheme for one in paired.pairs(run, "full")} == {"SE-SC @ 2,000"}


def test_a_further_judge_is_compared_by_its_own_resamples(run):
    """Before `second` the scheme is better than the reference, and its resamples say so."""
    run.provenance["also"] = {"second": {"metric": "ap50", "label": "AP50"}}
    run.scenario["also"] = {"second": {"type": "detection"}}
    for line in run.table:
        line["second.ap50"] = {"full": 0.3, "SE-SC": 0.4}.get(line["scheme"])
    run.resampled.update({f"scheme/10/second.ap50/{name}": np.full(RESAMPLES, value)
                          for name, value in (("full", 0.3), ("SE-SC", 0.4))})
    one = paired.pair(run.judged_by("second"), "SE-SC", "full", 10)
    assert one.difference == one.difference_lo == pytest.approx(0.1)
    with pytest.raises(UserError, match="no task 'third' judged .* those that did: second"):
        run.judged_by("third")
