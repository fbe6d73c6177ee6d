"""A scenario is read, changed, checked and written again; what is wrong is told with its path."""

from pathlib import Path

import fakes
import pytest
import yaml

from linksim.errors import UserError
from linksim.scenario import Scenario, check, load, slug

SHIPPED = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))


def read(tmp_path, *overrides, **changes) -> Scenario:
    return load(fakes.write(tmp_path / "tiny.yaml", **changes), overrides)


def refusal(tmp_path, *overrides, **changes) -> str:
    with pytest.raises(UserError) as error:
        read(tmp_path, *overrides, **changes)
    return str(error.value)


def test_ranges_hold_both_ends_and_lists_are_sorted(tmp_path):
    assert read(tmp_path, "snr_db={start: -1, stop: 1, step: 0.1}").snr_db[-1] == 1
    assert len(read(tmp_path, "snr_db={start: -1, stop: 1, step: 0.1}").snr_db) == 21
    assert read(tmp_path, "snr_db=[10, 0]").snr_db == [0, 10]


@pytest.mark.parametrize(("override", "place"), [
    ("schemes.1.mu=0.25", 1), ("schemes.half.mu=0.25", 1), ("schemes.whole-0-0.mu=0.25", 2),
    ("schemes.fake_follower.mu=0.25", 0), ("schemes.-1.mu=0.25", 2)])
def test_overrides_find_schemes_by_index_name_slug_and_type(tmp_path, override, place):
    assert read(tmp_path, override).schemes[place].mu == 0.25


def test_overrides_make_what_was_left_out(tmp_path):
    assert read(tmp_path, "link.grid.fft_size=64", "calibration.pictures=9").link.grid.fft_size == 64


def test_another_channel_forgets_what_the_last_one_was_told(tmp_path):
    changed = read(tmp_path, "link.channel.model=awgn", link={"channel": {"model": "rayleigh", "fading": "slow"}})
    assert changed.link.channel.model == "awgn"
    with pytest.raises(UserError, match=r"link.channel.*fading"):
        read(tmp_path, "link.channel.model=awgn", "link.channel.fading=slow")


def test_what_the_receiver_knows_follows_from_its_channel_estimation(tmp_path):
    assert read(tmp_path).knowledge.receiver == "perfect"
    message = refusal(tmp_path, "knowledge.receiver=estimated")
    assert "knowledge.receiver" in message and "link.csi: perfect" in message


@pytest.mark.parametrize(("scheme", "link", "parts"), [
    ({"type": "jpeg2000_ldpc", "uses": 40}, {}, ["uses: should be at least", "header", "40"]),
    ({"type": "boxes_ldpc", "uses": 40}, {}, ["uses: should be at least", "header", "40"]),
    ({"type": "jpeg2000_ldpc", "uses": 4000, "mcs": "oracle"}, {}, ["mcs: oracle", "knowledge.transmitter"]),
    ({"type": "jpeg2000_ldpc", "uses": 4000, "mcs": 12}, {}, ["mcs", "0..11", "12"]),
    ({"type": "avif_ldpc", "uses": 4000, "failure": "prefix"}, {}, ["failure: prefix", "codec"]),
    ({"type": "linear"}, {"equaliser": "kbest", "antennas": {"receive": 2, "transmit": 2}}, ["kbest", "analog"]),
])
def test_what_a_scenario_cant_have_is_named_when_it_is_read(tmp_path, scheme, link, parts):
    message = refusal(tmp_path, schemes=[scheme | {"name": "one"}], symbols_vs_mu=None,
                      link={"channel": {"model": "rayleigh", "fading": "slow"}} | link)
    assert "schemes.0 (one)" in message and all(part in message for part in parts), message


@pytest.mark.parametrize(("override", "parts"), [
    ("seeed=1", ["seeed", "'seed'", "Allowed"]),
    ("calibration.picture=1", ["calibration.picture", "'pictures'", "realisations"]),
    ("link.grid.fft_siz=1", ["link.grid.fft_siz", "'fft_size'"]),
    ("link.channel.fading=fastt", ["link.channel.fading", "'fastt'", "'slow'"]),
    ("link.channel.model=rayleig", ["link.channel.model", "'rayleigh'"]),
    ("schemes.half.muu=1", ["schemes.1.muu", "'mu'"]),
    ("schemes.half.type=fake_eco", ["schemes.1.type", "'fake_echo'"]),
    ("schemes.half=7", ["schemes.1", "7", "type"]),
    ("source.size=big", ["source.size", "'big'", "integer"]),
    ("realisations=1000000000000000000000", ["realisations", "at most 2,000,000"]),
    ("calibration.realisations=1000000000", ["calibration.realisations", "at most 2,000,000"]),
    ("tile=1000000000", ["tile", "1024"]),
    ("snr_db=[" + "x, " * 50 + "x]", ["snr_db.0", "... and 31 more"]),
    ("pictures=0", ["pictures", "greater than 0", "0"]),
    ("snr_db={start: 20, stop: 0, step: 2}", ["snr_db", "20", "stop must not be below start"]),
    ("snr_db={start: 0, stop: 20, step: 0}", ["snr_db.step", "greater than 0"]),
    ("snr_db={start: 0, stop: 20, step: -2}", ["snr_db.step", "-2"]),
    ("snr_db=[]", ["snr_db", "at least 1"]),
    ("snr_db=[1, 1.0]", ["snr_db", "only once"]),
    ("snr_db=[.nan]", ["snr_db", "finite"]),
    ("snr_db=[500]", ["snr_db", "between -200 and 200", "500"]),
    ("snr_db={start: 0, stop: 20, step: 1.0e-9}", ["snr_db", "at most 1000", "larger step"]),
    ("seed=99999999999999999999", ["seed", "less than or equal to", "99999999999999999999"]),
    ("schemes=[]", ["schemes", "at least 1"]),
    ("schemes.half.name=third", ["schemes.1.name", "'third'"]),
    ("schemes.third.budget_as=hal", ["schemes.0.budget_as", "'hal'", "'half'"]),
    ("schemes.half.budget_as=half", ["circle", "half -> half"]),
    ("schemes.whole-0-0.budget_as=third", ["schemes.2.budget_as", "'third'", "SNR"]),
    ("symbols_vs_mu.scheme=none", ["symbols_vs_mu.scheme", "'none'"]),
    ("symbols_vs_mu.mu=[2]", ["symbols_vs_mu.mu", "between 0 and 1"]),
    ("examples.pictures=[6]", ["examples.pictures", "below 6", "[6]"]),
    ("name=../x", ["name", "'../x'"]),
    ("pictures", ["--set pictures", "key.path=value"]),
    ("pictures.x=1", ["pictures.x=1", "6"]),
    ("schemes.9.mu=1", ["'9'", "fits no entry", "half"]),
    ("schemes.fake_echo.mu=1", ["'fake_echo'", "several", "whole-0-0"]),
    ("pictures=[", ["--set", "YAML"]),
])
def test_bad_values_are_named(tmp_path, override, parts):
    message = refusal(tmp_path, override)
    assert all(part in message for part in parts), message
    assert "Traceback" not in message and "pydantic" not in message


def test_a_longer_circle_is_named(tmp_path):
    message = refusal(tmp_path, "schemes.half.budget_as=Whole 0.0", "schemes.whole-0-0.budget_as=half")
    assert "half -> Whole 0.0 -> half" in message


def test_all_mistakes_come_in_one_message(tmp_path):
    message = refusal(tmp_path, "pictures=-1", "seeed=1")
    assert "pictures" in message and "seeed" in message


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "broken.yaml").write_text("name: [")
    (tmp_path / "twice.yaml").write_text("name: a\nname: b\n")
    (tmp_path / "list.yaml").write_text("- 1")
    (tmp_path / "code.yaml").write_text("name: !!python/object/apply:os.getcwd []")
    for name, part in {"broken": "YAML", "twice": "written twice", "list": "mapping", "code": "YAML",
                       "brokn": "broken.yaml"}.items():
        with pytest.raises(UserError, match=part):
            load(tmp_path / f"{name}.yaml")


def test_budgets_come_after_what_they_depend_on(tmp_path):
    assert read(tmp_path).order() == ["half", "third", "Whole 0.0"]


def test_the_resolved_scenario_reads_back_as_itself(tmp_path):
    first = read(tmp_path).model_copy(update={"plan": {"half": {"budget": [1, 2], "choices": {"0.0": 1e-5}}}})
    (tmp_path / "resolved.yaml").write_text(first.dump())
    again = load(tmp_path / "resolved.yaml")
    assert again == first and again.plan == first.plan and again.identity() == first.identity()
    assert set(Scenario.model_fields) - set(yaml.safe_load(first.dump())) <= {"also", "stop", "budgets", "feasibility",
                                                                              "against"}  # nothing was asked of them


def test_an_override_drops_the_plan_and_changes_the_identity(tmp_path):
    first = read(tmp_path).model_copy(update={"plan": {"half": {}}})
    (tmp_path / "resolved.yaml").write_text(first.dump())
    changed = load(tmp_path / "resolved.yaml", ["seed=4"])
    assert changed.plan == {} and changed.identity() != first.identity()


def test_names_become_slugs():
    assert slug("SE-SC mu 0.2") == "se-sc-mu-0-2"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid_and_open_with_their_question(path):
    scenario = load(path)
    assert scenario.name == path.stem
    opening = path.read_text().split("\nname:")[0]
    assert all(line.startswith("#") for line in opening.splitlines())
    assert f"linksim run scenarios/{path.name}" in opening


def test_the_python_side_is_checked_too():
    with pytest.raises(UserError, match="name: missing"):
        check(Scenario, {key: value for key, value in fakes.scenario().items() if key != "name"}, "")
