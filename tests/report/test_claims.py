"""benchmarks/claims.py: what it compares with what, and when it says yes."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from linksim.report.store import Run

FILE = Path(__file__).parents[2] / "benchmarks" / "claims.py"
SNRS, RESAMPLES = (0, 5, 10, 20), 4000
# name, config, channel uses, AP50
SCHEMES = [("SE-SC mu 0.2", {"type": "sesc", "mu": 0.2, "uses": 64}, 10_000, 0.50),
           ("SE-SC 23.7 % fewer", {"type": "sesc", "mu": 0.4, "uses": 64}, 7_600, 0.495),
           ("SE-SC full", {"type": "sesc", "mu": 0.0, "uses": 64}, 19_000, 0.48),
           ("SE-SC 40 % fewer than full", {"type": "sesc", "mu": 0.1, "uses": 64}, 11_400, 0.44),
           ("JPEG2000", {"type": "jpeg2000_ldpc", "budget_as": "SE-SC mu 0.2", "bounds": ["envelope"]}, 10_000, 0.2),
           ("linear", {"type": "linear", "uses": 64}, 19_000, 0.2),
           ("boxes", {"type": "boxes_ldpc", "budget_as": "SE-SC mu 0.2"}, 10_000, 0.8)]


@pytest.fixture(scope="module")
def claims():
    spec = importlib.util.spec_from_file_location("claims", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["claims"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["claims"]


@pytest.fixture
def run(tmp_path):
    """Scores that share the pictures' difficulty, and noise of .01 of their own."""
    rng = np.random.default_rng(11)
    common, table, resampled = rng.normal(0, 0.03, RESAMPLES), [], {}
    scenario = {"schemes": [{"name": name, "budget_as": None, "budget": None} | config for name, config, *_ in SCHEMES],
                "link": {"channel": {"model": "rayleigh", "fading": "slow"}}}
    points = [(name, "scheme", uses, value) for name, _, uses, value in SCHEMES]
    for name, kind, uses, value in [*points, ("JPEG2000: envelope", "bound", None, 0.24)]:
        for snr in map(float, SNRS):
            table.append({"scheme": name, "kind": kind, "snr_db": snr, "rows": 100, "ap50": value, "uses": uses})
            resampled[f"{kind}/{snr:g}/ap50/{name}"] = value + common * value + rng.normal(0, 0.002, RESAMPLES)
    return Run(tmp_path, scenario, {}, table, [], None, resampled, [], {})


def goal(claims, run, says: str):
    (found,) = [found for text, found in claims.goals(run) if says in text]
    return {finding.snr_db: finding for finding in found}


def test_a_loss_below_two_per_cent_holds_and_only_below_11_db_is_looked_at(claims, run):
    found = goal(claims, run, "23.7 % fewer")
    assert set(found) == {0, 5, 10} and all(one.verdict == "yes" for one in found.values())
    assert found[5].measured == pytest.approx(0.01) and 0.01 < found[5].hi < 0.02


def test_a_loss_of_more_does_not_and_one_at_the_edge_is_only_measured(claims, run):
    assert all(one.verdict == "NO" for one in goal(claims, run, "40 % fewer").values())
    for line in run.table:
        if line["scheme"] == "SE-SC 23.7 % fewer":
            line["ap50"] = 0.491
    for snr in SNRS:
        run.resampled[f"scheme/{snr}/ap50/SE-SC 23.7 % fewer"] -= 0.004
    assert {one.verdict for one in goal(claims, run, "23.7 % fewer").values()} == {"measured"}


def test_what_saves_too_little_is_not_held_to_the_claim(claims, run):
    for line in run.table:
        if line["scheme"] == "SE-SC 23.7 % fewer":
            line["uses"] *= 1.15
    assert {one.verdict for one in goal(claims, run, "23.7 % fewer").values()} == {""}


def test_a_rival_is_compared_with_whom_it_was_given_the_uses_of_by_the_better_of_it_and_its_envelope(claims, run):
    found = goal(claims, run, "times JPEG2000 or its envelope")
    assert {snr: one.least for snr, one in found.items()} == {0: 2.0, 5: 2.0, 10: 1.3, 20: 1.0}
    assert found[0].measured == pytest.approx(0.5 / 0.24) and found[0].verdict == "yes"
    next(line for line in run.table if line["scheme"] == "JPEG2000" and line["snr_db"] == 20)["ap50"] = 0.3
    assert goal(claims, run, "times JPEG2000 or")[20].measured == pytest.approx(0.5 / 0.3)


def test_a_rival_is_compared_with_every_scheme_of_as_many_uses(claims, run):
    assert claims.partners(run, "JPEG2000") == ["SE-SC mu 0.2"]
    for line in run.table:
        if line["scheme"] == "SE-SC 40 % fewer than full":
            line["uses"] = 10_200
    assert claims.partners(run, "JPEG2000") == ["SE-SC mu 0.2", "SE-SC 40 % fewer than full"]
    found = goal(claims, run, "SE-SC 40 % fewer than full, where both may spend as many")
    assert found[0].measured == pytest.approx(0.44 / 0.24)


def test_a_rival_that_could_not_spend_what_it_was_given_is_told(claims, run):
    next(line for line in run.table if line["scheme"] == "JPEG2000" and line["snr_db"] == 0)["uses"] = 500
    found = goal(claims, run, "times JPEG2000 or its envelope")
    assert str(found[0]).endswith("JPEG2000 spends 500 of 10,000 uses") and "spends" not in str(found[5])


def test_what_a_rival_was_given_counts_and_not_what_it_could_spend(claims, run):
    jpeg = next(scheme for scheme in run.scenario["schemes"] if scheme["name"] == "JPEG2000")
    jpeg |= {"budget_as": None, "uses": 10_100}
    for line in run.table:
        if line["scheme"] == "JPEG2000":
            line["uses"] = 6_000
    assert claims.partners(run, "JPEG2000") == ["SE-SC mu 0.2"]
    assert "spends 6,000 of 10,100" in str(goal(claims, run, "times JPEG2000 or its envelope")[5])


def test_without_fading_the_goals_are_others(claims, run):
    assert not any("at least .20 above" in text for text, _ in claims.goals(run))
    run.scenario["link"]["channel"]["model"] = "awgn"
    assert set(goal(claims, run, "times JPEG2000 or its envelope")) == {0, 5, 10}
    found = goal(claims, run, "SE-SC full at least .20 above linear")
    assert set(found) == {5, 10} and found[5].measured == pytest.approx(0.28) and found[5].verdict == "yes"


def test_what_a_run_lacks_is_left_out_and_saving_is_told(claims, run):
    texts = [text for text, _ in claims.goals(run)]
    assert any("saves 24.0% of the uses here" in text for text in texts)
    assert not any("without masks" in text for text in texts)
    assert any("no goal: SE-SC mu 0.2 minus boxes" in text for text in texts)
