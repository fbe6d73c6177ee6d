"""Mutated scenarios are accepted or refused with one message: 150 of them, or LINKSIM_FUZZ=5000."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from fuzz_guard import budget, needs_alarm, verdict
from fuzz_mutations import OVERRIDES, SHIPPED, TEXTS, texts
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


def read(path, overrides=()) -> None:
    scenario = load(path, overrides)
    survey(scenario)
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
    _mutated(somewhere / "mutated.yaml")
    print(dict(COUNTS))
    assert COUNTS["refused"] > COUNTS["accepted"] > 0
    assert not list((somewhere / "here").iterdir())


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
