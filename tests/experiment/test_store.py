"""What may happen to a run's folder: damage, a full disk, a second run, a kill. Each costs at most one part."""

import errno
import json
import os
import signal

import numpy as np
import pytest
import runs

from linksim.errors import UserError
from linksim.experiment import points, store
from linksim.experiment.lock import Lock
from linksim.experiment.store import Store
from linksim.scenario import load

TWO_PARTS = {"pictures": 70, "realisations": 1, "snr_db": [0, 20], "symbols_vs_mu": None}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.answer(tmp_path_factory.mktemp("store") / "whole", **TWO_PARTS)


@pytest.fixture
def again(done, tmp_path):
    """A copy of the finished run, to be damaged."""
    import shutil

    shutil.copytree(done, tmp_path / "copy")
    return tmp_path / "copy"


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x40
    path.write_bytes(data)


def swap(path):
    path.write_bytes((path.parent / "half_20_0000.parquet").read_bytes())


@pytest.mark.parametrize("damage", [cut, flip, swap, lambda path: path.write_bytes(b"")],
                         ids=["cut", "a bit flipped", "another part's", "empty"])
def test_a_damaged_part_is_named_set_aside_and_measured_again(again, monkeypatch, done, damage):
    path, measured, right = again / "rows" / "half_20_0001.parquet", [], points.measure
    damage(path)
    monkeypatch.setattr(points, "measure", lambda *about: measured.append(
        (*about[1:3], about[4].number)) or right(*about))
    runs.answer(again, **TWO_PARTS)
    assert measured == [("half", 20.0, 1)]
    assert path.with_name(path.name + ".damaged").exists()
    assert json.loads((again / "provenance.json").read_text())["sessions"][-1]["set_aside"] == [path.name]
    assert runs.rows_of(again) == runs.rows_of(done) and runs.table_of(again) == runs.table_of(done)


def test_no_flipped_bit_of_a_part_reaches_a_table(done, tmp_path):
    """A part with any one bit flipped is refused, or read as it was."""
    scenario, name = load(done / "scenario.yaml"), "half_20_0001.parquet"
    data, whole = (done / "rows" / name).read_bytes(), None
    (tmp_path / "rows").mkdir()
    one = Store(tmp_path, scenario, {})
    random = np.random.default_rng(5)
    for place in [None, *random.integers(0, 8 * len(data), 150).tolist()]:
        damaged = bytearray(data)
        if place is not None:
            damaged[place // 8] ^= 1 << place % 8
        (tmp_path / "rows" / name).write_bytes(damaged)
        rows = one.read_rows(tmp_path / "rows" / name)
        plain = None if rows is None else [
            {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in row.items()}
            for row in rows]
        whole = plain if place is None else whole
        assert plain in (None, whole), place
    assert len(whole) == 6


def test_arrays_come_back_in_their_shapes_and_kinds(tmp_path):
    one = Store(tmp_path / "run", load(runs.asked(tmp_path / "run")), {})
    (tmp_path / "run" / "rows").mkdir(parents=True)
    rows = [{"picture": i, "name": "a", "boxes": np.full((i, 4), i, np.float32), "labels": np.arange(i, dtype=np.int32)}
            for i in (2, 0, 1)]
    path = tmp_path / "run" / "rows" / "x.parquet"
    one.write_rows(path, rows)
    back = one.read_rows(path, {"picture": [2, 0, 1]})
    for row, other in zip(rows, back, strict=True):
        assert (row["picture"], row["name"]) == (other["picture"], other["name"])
        for key in ("boxes", "labels"):
            assert row[key].dtype == other[key].dtype and row[key].shape == other[key].shape
            assert np.array_equal(row[key], other[key])
    assert one.read_rows(path, {"picture": [2, 1, 0]}) is None and not path.exists()


def test_a_full_disk_is_one_message_and_loses_nothing(tmp_path, monkeypatch, done):
    calls, right = [], os.fsync

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        return right(descriptor)

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(UserError, match="no space is left.*is kept"):
        runs.answer(tmp_path / "run", **TWO_PARTS)
    assert not list((tmp_path / "run").rglob("*.part")) and not (tmp_path / "run" / ".lock").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run" / "rows").iterdir()}
    assert kept
    runs.answer(tmp_path / "run", **TWO_PARTS)
    now = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run" / "rows").iterdir()}
    assert kept.items() <= now.items() and runs.table_of(tmp_path / "run") == runs.table_of(done)


def test_two_runs_do_not_share_a_folder(done):
    lock = Lock(done / ".lock")
    lock.take()
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*")}
    with pytest.raises(UserError, match=f"in use by process {os.getpid()} on"):
        runs.answer(done, **TWO_PARTS)
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*")} == before
    lock.release()
    assert not (done / ".lock").exists()


def test_the_lock_of_a_dead_process_is_no_lock(tmp_path):
    (tmp_path / ".lock").write_text("process 1 on elsewhere\n")
    lock = Lock(tmp_path / ".lock")
    lock.take()
    assert str(os.getpid()) in (tmp_path / ".lock").read_text()
    lock.release()


@pytest.mark.parametrize("left", [["rows"], ["rows", ".lock"], ["rows", "weights.json", "scenario.yaml.part"]])
def test_a_run_killed_before_its_first_word_goes_on(tmp_path, left):
    scenario = load(runs.asked(tmp_path / "run"))
    (tmp_path / "run" / "rows").mkdir(parents=True)
    for name in left[1:]:
        (tmp_path / "run" / name).write_text("{}")
    Store(tmp_path / "run", scenario, {})
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files but no run"):
        Store(tmp_path / "run", scenario, {})


@pytest.mark.parametrize("name", ["weights.json", "provenance.json", "scenario.yaml"])
def test_a_damaged_record_is_named(again, name):
    (again / name).write_text('{"half of')
    with pytest.raises(UserError, match=f"{name} is damaged"):
        runs.answer(again, **TWO_PARTS)


def test_killed_again_and_again_a_run_ends_with_the_same_table(tmp_path, done):
    """Three kills at moments from a fixed seed: after so many parts, and a little later."""
    import time

    random, out = np.random.default_rng(11), tmp_path / "killed"
    kept = 0
    for kill in range(3):
        process, until = runs.elsewhere(out, **TWO_PARTS), kept + int(random.integers(0, 4))
        while process.poll() is None and len(list((out / "rows").glob("*.parquet"))) <= until:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()
        now = len(list((out / "rows").glob("*.parquet")))
        assert now > kept or kill
        kept = now
    assert len(json.loads((out / "provenance.json").read_text())["sessions"]) == 3
    runs.answer(out, **TWO_PARTS)
    sessions = json.loads((out / "provenance.json").read_text())["sessions"]
    assert [session["seconds"] is None for session in sessions] == [True, True, True, False]
    assert runs.rows_of(out) == runs.rows_of(done) and runs.table_of(out) == runs.table_of(done)
