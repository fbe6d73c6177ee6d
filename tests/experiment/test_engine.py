"""The engine on fakes: every row once, whatever stops it, and nothing written when the input is bad."""

import json
from pathlib import Path

import fakes
import numpy as np
import pyarrow.parquet as pq
import pytest

from linksim.errors import UserError
from linksim.experiment import bounds, engine, points, setup
from linksim.experiment.setup import Setup
from linksim.link.burst import PURPOSES
from linksim.scenario import load


def answer(folder: Path, *overrides, fresh=False, **changes) -> Path:
    folder.parent.mkdir(exist_ok=True, parents=True)
    scenario = load(fakes.write(folder.parent / f"{folder.name}.yaml", **changes), overrides)
    return engine.run(scenario, folder, fresh)


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """The tiny scenario, run once."""
    return answer(tmp_path_factory.mktemp("runs") / "tiny")


def rows_of(folder: Path) -> dict[str, list[dict]]:
    return {path.name: pq.read_table(path).to_pylist() for path in sorted((folder / "rows").iterdir())}


def lines_of(folder: Path) -> list[dict]:
    return pq.read_table(folder / "table.parquet").to_pylist()


def test_every_point_has_every_row_once(done):
    rows = [row for name, part in rows_of(done).items() if not name.startswith("bound_") for row in part]
    keys = [(row["scheme"], row["snr_db"], row["picture"], row["realisation"]) for row in rows]
    assert len(keys) == len(set(keys)) == 3 * 3 * 6 * 2
    lines = [line for line in lines_of(done) if line["kind"] == "scheme"]
    assert sorted((line["scheme"], line["snr_db"]) for line in lines) == sorted({key[:2] for key in keys})
    assert all(line["rows"] == 12 for line in lines)


def test_all_schemes_saw_the_same_gain_at_every_snr(done):
    gains = {}
    for name, part in rows_of(done).items():
        if not name.startswith("bound_"):
            for row in part:
                gains.setdefault((row["picture"], row["realisation"]), set()).add(row["gain_db"])
    assert len(gains) == 12 and all(len(found) == 1 for found in gains.values())
    assert len(set.union(*gains.values())) == 12


def test_purposes_sum_to_the_uses_and_the_budget_holds(done):
    spent = {}
    for name, part in rows_of(done).items():
        for row in part if not name.startswith("bound_") else []:
            assert row["uses"] == sum(row[f"uses_{purpose}"] for purpose in PURPOSES)
            spent[row["scheme"], row["picture"]] = row["uses"]
    plan = load(done / "scenario.yaml").plan
    assert plan["third"]["budget"] == [spent["half", picture] for picture in range(6)]
    assert all(spent["third", picture] <= spent["half", picture] for picture in range(6))
    assert plan["half"]["budget"] is None and plan["half"]["choices"]["header_uses"] == 90


def test_a_lost_header_is_a_lost_picture_before_the_judge(done):
    rows = [row for part in rows_of(done).values() for row in part if "header_ok" in row]
    lost = [row for row in rows if not row["header_ok"]]
    assert lost and all(row["boxes"] == [] and not row["ok"] for row in lost)


def test_the_table_says_what_was_chosen_and_what_bounds_it(done):
    lines = lines_of(done)
    assert {line["choice"] for line in lines if line["scheme"] == "third"} == {"analog"}
    bounds = {(line["scheme"], line["snr_db"]): line for line in lines if line["kind"] == "bound"}
    assert bounds["no channel", 0.0]["ap50"] == 1 and bounds["no channel", 0.0]["rows"] == 6
    assert bounds["third: white", 10.0]["choice"] == "0 dB"
    assert (done / "table.csv").read_text().count("\n") == len(lines) + 1


def test_uses_over_mu_carry_the_metric_where_it_was_measured(done):
    import csv

    found = list(csv.DictReader((done / "symbols_vs_mu.csv").open()))
    assert [float(row["uses"]) for row in found] == [96, 48, 0]
    assert [float(row["kept"]) for row in found] == [1, 0.5, 0]
    at_20 = {line["scheme"]: line["ap50"] for line in lines_of(done) if line["snr_db"] == 20}
    assert [row["ap50"] for row in found] == [str(at_20["Whole 0.0"]), str(at_20["half"]), ""]
    assert {row["snr_db"] for row in found} == {"20.0"} and found[2]["ap50_lo"] == ""
    assert all(float(row["ap50_lo"]) <= float(row["ap50"]) <= float(row["ap50_hi"]) for row in found[:2])


def test_examples_hold_what_the_figure_needs(done):
    arrays = dict(np.load(done / "examples.npz"))
    assert arrays["sent"].shape == (2, 32, 32, 3) and arrays["pictures"].tolist() == [0, 2]
    assert arrays["snr_db"] == 20  # the point nearest to the 16 dB asked for
    assert all(arrays[f"received/{name}"].dtype == np.uint8 for name in ("third", "half", "Whole 0.0"))
    assert arrays["boxes/truth/1"].shape == (1, 4) and arrays["labels/truth/0"].tolist() == ["dot"]
    assert arrays["weights/half"].shape == arrays["mask/half"].shape == (2, 8, 8)
    spent = {line["scheme"]: line["uses"] for line in lines_of(done) if line["snr_db"] == 20}
    assert arrays["uses/half"].tolist() == [spent["half"]] * 2
    assert {"boxes/half/0", "scores/half/1", "boxes/sent/0"} <= set(arrays)


def test_provenance_names_what_numbers_depend_on(done):
    record = json.loads((done / "provenance.json").read_text())
    assert record["seed"] == 3 and record["versions"]["numpy"] == np.__version__ and record["tile"] == 4
    assert record["identity"] == load(done / "scenario.yaml").identity()
    assert record["sessions"][0]["stages"]["points of half"] > 0


def test_a_stopped_run_goes_on_and_gives_the_same_table(done, tmp_path, monkeypatch):
    measured, right = [], points.measure

    def stops_after_four(on, name, snr_db, clock, part):
        if len(measured) == 4:
            raise KeyboardInterrupt
        measured.append((name, snr_db, part.number))
        return right(on, name, snr_db, clock, part)

    monkeypatch.setattr(points, "measure", stops_after_four)
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path / "tiny")
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "tiny" / "rows").iterdir()}
    assert len(kept) == 4
    (tmp_path / "tiny" / "rows" / "half_5_0000.parquet.part").write_bytes(b"half a file")
    monkeypatch.setattr(points, "measure", lambda *about: measured.append(
        (*about[1:3], about[4].number)) or right(*about))
    answer(tmp_path / "tiny")
    assert len(measured) == len(set(measured)) == 9
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    assert rows_of(tmp_path / "tiny") == rows_of(done)
    assert (tmp_path / "tiny" / "table.csv").read_bytes() == (done / "table.csv").read_bytes()


def test_rows_do_not_depend_on_what_is_in_flight(done, tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "ROWS", 5)
    monkeypatch.setattr(points, "ROWS", 5)
    monkeypatch.setattr(points, "order", lambda snr_db: snr_db[::-1])
    assert rows_of(answer(tmp_path / "tiny")) == rows_of(done)


def test_the_resolved_scenario_gives_the_same_rows_without_planning(done, tmp_path, monkeypatch):
    monkeypatch.setattr(fakes.Echo, "make_plan", lambda *_: pytest.fail("planned again"))
    again = engine.run(load(done / "scenario.yaml"), tmp_path / "again")
    assert rows_of(again) == rows_of(done)


def test_a_scheme_runs_alone_given_its_plan(done, tmp_path):
    whole = load(done / "scenario.yaml")
    alone = whole.model_copy(update={"schemes": [whole.scheme("third")], "plan": {"third": whole.plan["third"]},
                                     "symbols_vs_mu": None, "against": None})
    out = engine.run(alone, tmp_path / "alone")
    rows = {name: part for name, part in rows_of(done).items() if name.startswith(("third", "bound_third"))}
    assert rows and rows_of(out) == rows


def test_what_is_planned_first_is_measured_before_the_rest_is_planned(done, tmp_path, monkeypatch):
    made, make = [], fakes.Echo.make_plan

    def planned(scheme, survey):
        if len(made) == 1:
            made.append("interrupted")
            raise KeyboardInterrupt
        made.append(scheme.config.name)
        return make(scheme, survey)

    monkeypatch.setattr(fakes.Echo, "make_plan", planned)
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path / "tiny")
    assert [path.name for path in (tmp_path / "tiny" / "rows").iterdir()] == ["half_0_0000.parquet"]
    assert rows_of(answer(tmp_path / "tiny")) == rows_of(done)
    assert made == ["half", "interrupted", "third", "Whole 0.0"]  # each once: the plan goes on too
    assert (tmp_path / "tiny" / "table.csv").read_bytes() == (done / "table.csv").read_bytes()


@pytest.mark.parametrize("earlier", [False, True])
def test_a_scheme_that_cannot_be_planned_leaves_everything_as_it_was(tmp_path, monkeypatch, earlier):
    before = {}
    if earlier:
        answer(tmp_path / "tiny", "seed=4")
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "tiny").rglob("*")}

    def never(*_):
        raise UserError("no room")

    monkeypatch.setattr(fakes.Follower, "make_plan", never)
    with pytest.raises(UserError, match="no room"):
        answer(tmp_path / "tiny", fresh=earlier)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "tiny").rglob("*")} == before
    assert (tmp_path / "tiny").exists() == earlier


def test_a_plan_for_other_pictures_is_refused(done, tmp_path):
    text = (done / "scenario.yaml").read_text().replace("\npictures: 6", "\npictures: 5")
    (tmp_path / "edited.yaml").write_text(text)
    with pytest.raises(UserError, match="delete `plan`"):
        engine.run(load(tmp_path / "edited.yaml"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_computed_twice(tmp_path):
    fakes.Echo.analysed = fakes.Find.judged = 0
    answer(tmp_path / "tiny", "link.channel={model: awgn}", "snr_db=[110, 111]")
    assert fakes.Echo.analysed == 3 * (6 + 2)
    # At 110 dB all realisations of a picture look alike: 6 originals, 6 of `half` and `third` together,
    # 6 of the whole, a lost one and a white one.
    assert fakes.Find.judged == 6 + 6 + 6 + 2


def test_another_scenario_does_not_touch_the_folder(done, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*")}
    with pytest.raises(UserError, match=r"differs in seed\)[^$]*--fresh"):
        answer(done, "seed=4")
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*")} == before


def test_another_plan_does_not_touch_the_folder(done, tmp_path):
    text = (done / "scenario.yaml").read_text()
    (tmp_path / "edited.yaml").write_text(text.replace("header_uses: 90", "header_uses: 95"))
    with pytest.raises(UserError, match=r"differs in plan\)"):
        engine.run(load(tmp_path / "edited.yaml"), done)


def test_fresh_replaces_a_run_and_nothing_but_a_run(tmp_path):
    out = answer(tmp_path / "tiny", "snr_db=[0, 20]")
    (out / "notes.txt").write_text("mine")
    (out / "examples.png").write_text("of the earlier run")
    answer(out, "snr_db=[10]", fresh=True)
    assert {path.name for path in (out / "rows").glob("half*")} == {"half_10_0000.parquet"}
    assert (out / "notes.txt").read_text() == "mine" and not (out / "examples.png").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files but no run"):
        answer(tmp_path / "other", fresh=True)


@pytest.mark.parametrize(("override", "part"), [
    ("source.count=3", "pictures: should be at most 3"), ("source.count=0", "no picture"),
    ("schemes.half.mu=much", "schemes.1.mu")])
def test_bad_input_leaves_nothing_behind(tmp_path, override, part):
    with pytest.raises(UserError, match=part):
        answer(tmp_path / "out", override)
    assert not (tmp_path / "out").exists()


def test_points_come_coarse_to_fine():
    assert points.order([0, 2, 4, 6, 8]) == [0, 8, 4, 2, 6]
    assert points.order([5]) == [5] and sorted(points.order(list(range(7)))) == list(range(7))


def test_psnr_is_finite_for_equal_pictures_and_right_for_others():
    image = np.full((2, 4, 4, 3), 100, np.uint8)
    other = image.copy()
    other[1] += 10
    equal, ten = points.psnr_db(other, image)
    assert equal == pytest.approx(10 * np.log10(255**2 * 48), abs=1e-4)
    assert ten == pytest.approx(20 * np.log10(25.5), abs=1e-4)


def test_a_bound_takes_the_best_candidate_at_every_snr(done):
    on = Setup(load(done / "scenario.yaml"))
    on.adopt(on.scenario.plan)

    class TwoCandidates:
        budgeted = None

        def bounds(self, analysis, budget):
            from types import SimpleNamespace

            wrong = np.zeros_like(on.images)
            yield SimpleNamespace(curve="best", label="robust", images=wrong, threshold_db=np.full(6, -100.0))
            yield SimpleNamespace(curve="best", label="fine", images=on.images, threshold_db=np.full(6, 10.0))
            yield SimpleNamespace(curve="best", label="never", images=Unseen(), threshold_db=np.full(6, np.inf))

    class Unseen:
        """Pictures that arrive nowhere: nobody looks at them."""

        def __len__(self):
            return 6

        def __getitem__(self, rows):
            assert len(rows) == 0
            return on.images[rows]

    from rich.console import Console

    from linksim.experiment.progress import Clock

    on.schemes["half"] = TwoCandidates()
    on._analyses["half", False] = None
    found = {line["snr_db"]: line for line in bounds.lines(on, "half", Clock(Console()))}
    gain = 10 * np.log10(on.link.gain(on.draw(*points.pairs(on))))
    for snr_db in (10, 20):
        assert found[snr_db]["choice"] == "fine"
        assert found[snr_db]["ap50"] == pytest.approx(np.mean(gain + snr_db >= 10))
        assert found[snr_db]["lost"] == pytest.approx(np.mean(gain + snr_db < 10))


def test_bounds_that_were_stopped_go_on_with_what_was_seen(done, tmp_path):
    from types import SimpleNamespace

    from rich.console import Console

    from linksim.experiment.progress import Clock

    on, looked = Setup(load(done / "scenario.yaml")), []
    on.adopt(on.scenario.plan)
    power = False

    class Looked:
        def __init__(self, name):
            self.name = name

        def __len__(self):
            return 6

        def __getitem__(self, rows):
            looked.append(self.name)
            if self.name == "second" and not power:
                raise KeyboardInterrupt
            return on.images[rows]

    class Two:
        budgeted = None

        def bounds(self, analysis, budget):
            for name, threshold in (("first", 5.0), ("second", 12.0)):
                yield SimpleNamespace(curve="best", label=name, images=Looked(name), threshold_db=np.full(6, threshold))

    def answer(folder):
        return bounds.lines(on, "half", Clock(Console(quiet=True)), folder)

    on.schemes["half"] = Two()
    on._analyses["half", False] = None
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path / "seen")
    kept = next((tmp_path / "seen").glob("0_*"))
    power = True
    lines = answer(tmp_path / "seen")
    assert looked == ["first", "second", "second"]
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / kept.name).write_bytes(b"damaged")
    again = answer(tmp_path / "again")
    assert looked[3:] == ["first", "second"]
    assert [line["ap50"] for line in again] == [line["ap50"] for line in lines]
