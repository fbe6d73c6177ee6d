"""Sampling that stops by confidence: at preset milestones, by what the store holds, never by who measured it."""

import fakes
import numpy as np
import pyarrow.parquet as pq
import pytest
import runs
from scipy.stats import binomtest

from linksim.errors import UserError
from linksim.experiment import points, stopping
from linksim.experiment.parts import parts
from linksim.scenario import Scenario, check

BIG = {"pictures": 200, "realisations": 3, "snr_db": [0, 20], "bootstrap": 100, "symbols_vs_mu": None}


def asked(**stop):
    return check(Scenario, fakes.scenario(**BIG, stop=stop), "")


def lines_of(folder) -> dict:
    return {(line["scheme"], line["snr_db"]): line for line in pq.read_table(folder / "table.parquet").to_pylist()
            if line["kind"] == "scheme"}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Loss rates at 0 dB lie where 600 rows don't make the interval so narrow, at 20 dB a few do."""
    return runs.answer(tmp_path_factory.mktemp("stop") / "run", **BIG, stop={"lost": 0.06, "least": 60})


def test_milestones_are_preset_and_end_with_all_or_the_most():
    scenario = asked(lost=0.1, least=60)
    every = parts(scenario)
    assert [len(part) for part in every] == [64, 64, 64, 8] * 3
    assert [part.realisation[0] for part in every] == [0] * 4 + [1] * 4 + [2] * 4
    found = stopping.milestones(scenario, every)
    rows = np.cumsum([len(part) for part in every])
    assert found == sorted(set(found)) and rows[found[0] - 1] == 64 and found[-1] == len(every)
    capped = stopping.milestones(asked(lost=0.1, least=60, most=100), every)
    assert capped == [1, 2]


def test_without_stop_rows_lie_in_picture_order_in_one_stage():
    scenario = check(Scenario, fakes.scenario(pictures=70, realisations=2), "")
    every = parts(scenario)
    assert stopping.milestones(scenario, every) == [len(every)]
    assert np.array_equal(np.concatenate([part.picture for part in every]), np.repeat(np.arange(70), 2))
    assert np.array_equal(np.concatenate([part.realisation for part in every]), np.tile([0, 1], 70))
    assert all(len(set(part.picture // 64)) == 1 for part in every)


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (3, 40), (40, 40), (211, 600)])
def test_wilson_interval_is_scipys(hits, of):
    theirs = binomtest(hits, of).proportion_ci(0.95, "wilson")
    assert stopping.wilson(hits, of) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_a_point_stops_at_the_first_milestone_that_is_narrow_enough(stopped):
    scenario, lines = asked(lost=0.06, least=60), lines_of(stopped)
    every = parts(scenario)
    ends = np.cumsum([len(part) for part in every])[np.array(stopping.milestones(scenario, every)) - 1].tolist()
    counts = {line["rows"] for line in lines.values()}
    assert counts <= set(ends) and len(counts) > 1
    for (name, snr_db), line in lines.items():
        rows = [row for i in range(len(every)) if (path := stopped / "rows" / (
            f"{ {'Whole 0.0': 'whole-0-0'}.get(name, name)}_{snr_db:g}_{i:04d}.parquet")).exists()
            for row in pq.read_table(path).to_pylist()]
        assert len(rows) == line["rows"]
        half = {}
        for end in ends[: ends.index(line["rows"]) + 1]:
            low, high = stopping.wilson(sum(not row["ok"] for row in rows[:end]), end)
            half[end] = (high - low) / 2
        assert [end for end in half if half[end] <= 0.06] in ([line["rows"]], []), half
        assert half[line["rows"]] <= 0.06 or line["rows"] == ends[-1]
        assert line["lost_lo"] <= line["lost"] <= line["lost_hi"]


def test_who_measures_and_when_changes_nothing(stopped, tmp_path, monkeypatch):
    measured, right = [], points.measure

    def stops_after_three(*about):
        if len(measured) == 3:
            raise KeyboardInterrupt
        measured.append(about[1:3])
        return right(*about)

    monkeypatch.setattr(points, "order", lambda snr_db: snr_db[::-1])
    monkeypatch.setattr(points, "measure", stops_after_three)
    with pytest.raises(KeyboardInterrupt):
        runs.answer(tmp_path / "run", **BIG, stop={"lost": 0.06, "least": 60})
    monkeypatch.setattr(points, "measure", right)
    runs.answer(tmp_path / "run", **BIG, stop={"lost": 0.06, "least": 60})
    assert runs.table_of(tmp_path / "run") == runs.table_of(stopped)


def test_a_paired_difference_is_sampled_until_it_is_narrow(tmp_path):
    stop = {"paired": 0.07, "least": 64}
    lines = lines_of(runs.answer(tmp_path / "run", **BIG, against="half", stop=stop))
    for snr_db in (0, 20):
        for name in ("third", "Whole 0.0"):
            line, other = lines[name, snr_db], lines["half", snr_db]
            assert other["rows"] >= line["rows"]
            assert (line["diff_hi"] - line["diff_lo"]) / 2 <= 0.07 or line["rows"] == 600
            assert line["diff_lo"] <= line["diff"] <= line["diff_hi"] and 0 < line["diff_p"] <= 1
            if line["rows"] == other["rows"]:
                assert line["diff"] == pytest.approx(line["ap50"] - other["ap50"])
        assert lines["half", snr_db]["diff"] is None


def test_a_table_without_stop_has_no_further_columns(tmp_path):
    line = lines_of(runs.answer(tmp_path / "run", snr_db=[20]))["half", 20]
    assert not {"lost_lo", "diff", "diff_p"} & set(line)


@pytest.mark.parametrize(("stop", "changes", "part"), [
    ({}, {}, "should name one of metric"), ({"metric": 0.1}, {"bootstrap": 0}, "bootstrap"),
    ({"lost": 0.1, "least": 900}, {}, "least"), ({"lost": 0.7}, {}, "stop.lost"), ({"half": 1}, {}, "unknown key"),
    ({"paired": 0.1}, {"schemes": [{"name": "one", "type": "fake_echo"}]}, "no second scheme")])
def test_what_makes_no_sense_is_refused(stop, changes, part):
    with pytest.raises(UserError, match=part):
        check(Scenario, fakes.scenario(**BIG | changes, stop=stop), "")
