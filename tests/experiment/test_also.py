"""Key `also`: further tasks on the same received pictures, each picture judged once by each."""

from pathlib import Path

import fakes
import numpy as np
import pyarrow.parquet as pq
import pytest

from linksim.errors import UserError
from linksim.experiment import engine, points
from linksim.registry import register
from linksim.scenario import load
from linksim.tasks.base import Task


@register("task", "fake_error")
class Error(Task):
    """Mean absolute difference from the picture that was sent."""

    metric, metric_label, compares = "error", "mean absolute error", True
    compared = 0  # pictures looked at

    def observe(self, images):
        raise AssertionError("a task that compares is asked with the pictures sent")

    def compare(self, images, sent):
        Error.compared += len(images)
        return [{"error": np.float32(e)} for e in np.abs(images.astype(float) - sent).mean(axis=(1, 2, 3))]

    def score(self, observations, truths, pictures, bootstrap=0, seed=0):
        return {"error": float(np.mean([o["error"] for o in observations]))}


ALSO = {"same": {"type": "fake_find"}, "how_far": {"type": "fake_error"}}


def answer(folder: Path, *overrides, **changes) -> Path:
    scenario = load(fakes.write(folder.with_suffix(".yaml"), **changes), overrides)
    return engine.run(scenario, folder)


def table(folder: Path) -> list[dict]:
    return pq.read_table(folder / "table.parquet").to_pylist()


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[Path, Path]:
    """The tiny scenario without further tasks, and with two."""
    folder = tmp_path_factory.mktemp("also")
    return answer(folder / "alone"), answer(folder / "judged", also=ALSO)


def test_the_main_task_scores_what_it_scores_alone(both):
    alone, judged = map(table, both)
    assert all(key in line and line[key] == value for mine, line in zip(alone, judged, strict=True)
               for key, value in mine.items())
    assert not any("." in key for key in alone[0])
    for path in (both[0] / "rows").glob("[!b]*.parquet"):
        with_also = pq.read_table(both[1] / "rows" / path.name)
        assert pq.read_table(path).equals(with_also.select(pq.read_table(path).column_names))


def test_a_task_like_the_main_one_scores_the_same_bounds_too(both):
    lines = table(both[1])
    assert {line["kind"] for line in lines} == {"scheme", "bound"}
    for line in lines:
        assert all(line[f"same.{key}"] == line[key] for key in ("ap50", "ap50_lo", "ap50_hi"))


def test_a_task_that_compares_has_its_columns_and_no_ceiling(both):
    for line in table(both[1]):
        assert (line["how_far.error"] is None) == (line["scheme"] == "no channel")
    whole = {line["snr_db"]: line["how_far.error"] for line in table(both[1]) if line["scheme"] == "Whole 0.0"}
    assert whole[20] < whole[10] < whole[0]


def test_the_table_comes_from_the_store_alone(both, monkeypatch):
    before = (both[1] / "table.csv").read_bytes()
    (both[1] / "table.csv").unlink()
    monkeypatch.setattr(points, "measure", lambda *_: pytest.fail("a finished point was measured again"))
    assert (answer(both[1], also=ALSO) / "table.csv").read_bytes() == before


def test_each_picture_is_judged_once_by_each_task(tmp_path):
    fakes.Find.judged = Error.compared = 0
    answer(tmp_path / "alone")
    once = fakes.Find.judged
    answer(tmp_path / "judged", also=ALSO)
    assert fakes.Find.judged == 3 * once  # alone, as the main task, and as its twin
    assert 0 < Error.compared <= once + 6 * 2  # lost pictures are all alike, but not what they are compared with


def test_further_tasks_belong_to_the_question(tmp_path, both):
    plain, more = (load(fakes.write(tmp_path / "t.yaml", **changes)) for changes in ({}, {"also": ALSO}))
    assert plain.identity() == load(fakes.write(tmp_path / "t.yaml", also={})).identity() != more.identity()
    assert "also" not in plain.dump() and "fake_error" in more.dump()
    with pytest.raises(UserError, match="differs in also"):
        answer(both[0], also=ALSO)


def test_a_report_draws_one_figure_per_task(both):
    from linksim.report import draw

    names = {path.name for path in draw(both[1])}
    assert {"map_vs_snr.png", "map_vs_snr_same.png", "map_vs_snr_how-far.pdf"} <= names
    assert not any("map_vs_snr_" in path.name for path in draw(both[0]))


@pytest.mark.parametrize(("also", "told"), [
    ({"1st": {"type": "fake_find"}}, "also: a label should be a letter"),
    ({"a.b": {"type": "fake_find"}}, "also: a label should be a letter"),
    ({"a-b": {"type": "fake_find"}, "A_b": {"type": "fake_find"}}, "labels must differ"),
    ({"second": {"type": "fake_fnd"}}, "also.second.type: .*fake_find"),
    ({"second": {"type": "fake_find", "weights": "x"}}, "also.second.weights: unknown key"),
    ({"second": "fake_find"}, "also.second: should have a `type`"),
    ([1], "also: should map labels to tasks"),
])
def test_bad_input_is_named(tmp_path, also, told):
    with pytest.raises(UserError, match=told):
        load(fakes.write(tmp_path / "bad.yaml", also=also))


def test_a_label_written_twice_is_an_error(tmp_path):
    path = fakes.write(tmp_path / "twice.yaml")
    path.write_text(path.read_text() + "also:\n  x: {type: fake_find}\n  x: {type: fake_find}\n")
    with pytest.raises(UserError, match="'x' is written twice"):
        load(path)


def test_a_further_task_is_set_from_the_command_line(tmp_path):
    scenario = load(fakes.write(tmp_path / "t.yaml"), ["also.second.type=fake_find"])
    assert scenario.also["second"].type == "fake_find"
