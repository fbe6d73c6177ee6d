"""Mutated scenarios are accepted or refused with one message: 150 of them, or LINKSIM_FUZZ=5000."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from fuzz_guard import budget, needs_alarm, verdict
from fuzz_mutations import OVERRIDES, SHIPPED, TEXTS, extremes, texts
from hypothesis import HealthCheck, Phase, given, settings

from linksim.errors import UserError
from linksim.experiment.rehearsal import survey
from linksim.registry import names
from linksim.scenario import load

pytestmark = needs_alarm


@pytest.fixture(scope="module", autouse=True)
def warm():
    """What is loaded once, so that no example pays for it or writes byte code."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    names("scheme")
    yield
    sys.dont_write_bytecode = before


@pytest.fixture
def somewhere(tmp_path, monkeypatch):
    """An empty folder to stand in: relative paths of a scenario lead nowhere."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


ACCEPTED = []


def read(path, overrides=()) -> None:
    scenario = load(path, overrides)
    survey(scenario)
    ACCEPTED.append(scenario)
    again = path.with_name("again.yaml")
    again.write_text(scenario.dump(), encoding="utf-8")  # what was accepted can be written and read back
    assert load(again).identity() == scenario.identity()


COUNTS = Counter()


@settings(max_examples=budget(150), deadline=None, database=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(text=texts(), overrides=OVERRIDES)
def _mutated(path, text, overrides):
    path.write_bytes(text)
    COUNTS[verdict(lambda: read(path, overrides), path.parent)] += 1


def test_mutated_scenarios_are_accepted_or_refused(somewhere):
    COUNTS.clear()
    ACCEPTED.clear()
    _mutated(somewhere / "mutated.yaml")
    print(dict(COUNTS))
    assert COUNTS["refused"] > COUNTS["accepted"] > 0
    assert not list((somewhere / "here").iterdir())


def test_extreme_numbers_in_every_place(somewhere):
    """60 of a thousand, or a fifth of LINKSIM_FUZZ."""
    cases, counts, path = extremes(), Counter(), somewhere / "extreme.yaml"
    for case in np.random.default_rng(7).permutation(len(cases))[: budget(60, 0.2)]:
        path.write_text(yaml.safe_dump(cases[case]), encoding="utf-8")
        counts[verdict(lambda: read(path), somewhere)] += 1
    print(dict(counts))
    assert counts["refused"] and counts["accepted"]


@pytest.mark.slow
def test_what_is_accepted_goes_through_the_whole_dry_run(somewhere):
    """A few of what the test above has accepted, or a hundredth of LINKSIM_FUZZ; those that load no more pictures and
    no larger networks than a test has time for."""
    from linksim.cli import _wake_tensorflow
    from linksim.experiment.rehearsal import rehearse

    _wake_tensorflow()
    if not ACCEPTED:
        _mutated(somewhere / "mutated.yaml")
    small = [one for one in ACCEPTED if one.source.size <= 256 and one.pictures <= 600 and len(one.schemes) < 9]
    step, counts = max(len(small) // budget(3, 0.01), 1), Counter()
    for one in small[::step]:
        few = one.model_copy(update={"pictures": 2, "calibration": one.calibration.model_copy(update={"pictures": 1})})
        counts[verdict(lambda few=few: rehearse(few, somewhere / "out"), somewhere, seconds=120)] += 1
    print(dict(counts))
    assert counts["accepted"] and not (somewhere / "out").exists()


@pytest.mark.parametrize("text", SHIPPED, ids=range(len(SHIPPED)))
def test_shipped_scenarios_as_they_are(somewhere, text):
    path = somewhere / "shipped.yaml"
    path.write_text(text, encoding="utf-8")
    verdict(lambda: load(path), somewhere)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_odd_texts_are_refused(somewhere, text):
    path = somewhere / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    assert verdict(lambda: read(path), somewhere) == "refused"


@pytest.mark.parametrize("act", [lambda: Path("elsewhere").touch(), lambda: 1 / 0, lambda: sys.stdout.undefined])
def test_the_guard_sees_what_it_forbids(tmp_path, monkeypatch, act):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    with pytest.raises((AssertionError, ZeroDivisionError, AttributeError)) as seen:
        verdict(act, tmp_path / "run")
    assert not isinstance(seen.value, UserError)
