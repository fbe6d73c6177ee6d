"""A scheme at several budgets: what it is read as, and what is refused."""

import fakes
import pytest
import yaml

from linksim.errors import UserError
from linksim.scenario import Scenario, check, load

SCHEMES = [{"name": "JPEG2000", "type": "jpeg2000_ldpc", "uses": "each"},
           {"name": "linear", "type": "linear", "budget_as": "JPEG2000 twin"},
           {"name": "JPEG2000 twin", "type": "linear", "budget": "each"},
           {"name": "alone", "type": "fake_echo"}]
PLAIN = {"schemes": SCHEMES, "symbols_vs_mu": None}


def read(**changes) -> Scenario:
    return check(Scenario, fakes.scenario(**PLAIN | changes), "")


def test_each_budget_makes_a_scheme_of_the_series_and_what_follows_one_follows_all():
    scenario = read(budgets=[2000, 4000])
    assert [scheme.name for scheme in scenario.schemes] == [
        "JPEG2000 @ 2,000", "JPEG2000 @ 4,000", "linear @ 2,000", "linear @ 4,000", "JPEG2000 twin @ 2,000",
        "JPEG2000 twin @ 4,000", "alone"]
    assert [scheme.series for scheme in scenario.schemes] == [
        *["JPEG2000"] * 2, *["linear"] * 2, *["JPEG2000 twin"] * 2, None]
    assert [scenario.scheme(f"JPEG2000 @ {budget}").uses for budget in ("2,000", "4,000")] == [2000, 4000]
    assert scenario.scheme("linear @ 4,000").budget_as == "JPEG2000 twin @ 4,000"


def test_what_a_run_writes_down_reads_back_as_itself(tmp_path):
    scenario = read(budgets=[2000, 4000])
    (tmp_path / "resolved.yaml").write_text(scenario.dump())
    assert load(tmp_path / "resolved.yaml") == scenario


def test_overrides_reach_the_series_before_it_is_expanded(tmp_path):
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump(fakes.scenario(**PLAIN | {"budgets": [2000]})))
    scenario = load(tmp_path / "asked.yaml", ["budgets=[3000, 6000]", "schemes.jpeg2000.bounds=[]"])
    assert [scheme.uses for scheme in scenario.schemes if scheme.series == "JPEG2000"] == [3000, 6000]
    assert all(scheme.bounds == [] for scheme in scenario.schemes if scheme.series == "JPEG2000")


@pytest.mark.parametrize(("changes", "parts"), [
    ({}, ["budgets: missing", "'JPEG2000'"]),
    ({"budgets": [2000, "many"]}, ["budgets", "whole numbers", "many"]),
    ({"budgets": 2000}, ["budgets", "list"]),
    ({"budgets": [-1]}, ["budgets", "above 0"]),
    ({"budgets": [2000], "schemes": SCHEMES[3:]}, ["budgets", "no scheme", "each"]),
    ({"budgets": [2000, 2000]}, ["names must differ", "JPEG2000 @ 2,000"]),
    ({"budgets": [2000], "against": "nobody"}, ["against", "'nobody'"]),
])
def test_half_a_series_is_refused(changes, parts):
    with pytest.raises(UserError) as error:
        read(**changes)
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_a_series_can_be_what_others_are_compared_with():
    assert read(budgets=[2000, 4000], against="linear").compared == "linear @ 2,000"
    assert read(budgets=[2000], against="alone").compared == "alone"
