"""One table, to the last bit: for any number of tiles in flight, workers, threads, in any order, for schemes together
or alone given the plan. On real networks and codecs."""

import pytest
import runs
import yaml

from linksim.experiment import engine, points, setup
from linksim.experiment.executors.processes import Processes
from linksim.scenario import load

SCENARIO = {
    "name": "identity", "seed": 4, "source": {"type": "scenes", "size": 128}, "pictures": 72, "realisations": 1,
    "calibration": {"pictures": 6, "realisations": 4},
    "task": {"type": "detection", "weights": "yolov5n-scenes", "input_size": 128},
    "link": {"channel": {"model": "awgn"}}, "snr_db": [4, 12],
    "schemes": [{"name": "linear", "type": "linear", "weights": "linear-scenes"},
                {"name": "JPEG2000", "type": "jpeg2000_ldpc", "mcs": 3, "budget_as": "linear", "bounds": ["envelope"]}],
    "bootstrap": 100, "tile": 8, "examples": {"snr_db": 10, "pictures": [0]}}
pytestmark = pytest.mark.slow


def ask(folder, executor=None, **changes):
    folder.parent.mkdir(exist_ok=True, parents=True)
    path = folder.parent / f"{folder.name}.yaml"
    path.write_text(yaml.safe_dump(SCENARIO | changes))
    return engine.run(load(path), folder, executor=executor)


def same(one, other):
    return runs.rows_of(one) == runs.rows_of(other) and runs.table_of(one) == runs.table_of(other)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return ask(tmp_path_factory.mktemp("identity") / "run")


@pytest.mark.parametrize("tiles", [1, 3, 8])
def test_tiles_in_flight(done, tmp_path, monkeypatch, tiles):
    for module in (setup, points):
        monkeypatch.setattr(module, "ROWS", tiles * SCENARIO["tile"])
    assert same(ask(tmp_path / "run"), done)


def test_four_workers_of_one_thread(done, tmp_path):
    assert same(ask(tmp_path / "run", Processes(4)), done)


def test_points_in_another_order(done, tmp_path, monkeypatch):
    monkeypatch.setattr(points, "order", lambda snr_db: snr_db[::-1])
    assert same(ask(tmp_path / "run"), done)


@pytest.mark.parametrize("name", ["linear", "JPEG2000"])
def test_a_scheme_alone_given_the_plan(done, tmp_path, name):
    """What it is given in place of the other's uses: the plan holds them."""
    whole = load(done / "scenario.yaml")
    alone = whole.model_copy(update={
        "schemes": [whole.scheme(name)], "plan": {name: whole.plan[name]}})
    out = engine.run(alone, tmp_path / "alone")
    mine = [line for line in runs.table_of(done).decode().splitlines() if line.startswith((f'"{name}', '"no channel'))]
    header = runs.table_of(out).decode().splitlines()[0]
    assert header and all(part in runs.rows_of(done).items() for part in runs.rows_of(out).items())
    lines = runs.table_of(out).decode().splitlines()[1:]
    keys = [runs.table_of(done).decode().splitlines()[0].split(","), header.split(",")]
    plain = [[dict(zip(key, line.split(","), strict=True)) for line in some]
             for key, some in zip(keys, (mine, lines), strict=True)]
    assert len(plain[0]) == len(plain[1]) > 2
    for one, other in zip(*plain, strict=True):
        assert {key: value for key, value in one.items() if value} == {k: v for k, v in other.items() if v}
