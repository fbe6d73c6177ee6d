"""Whoever measures, the table is the same to the last bit; a worker that is lost costs its job, measured again."""

import os
import signal

import numpy as np
import pytest
import runs

from linksim.errors import UserError
from linksim.experiment import engine
from linksim.experiment.executors import choose
from linksim.experiment.executors.jobs import Job, jobs
from linksim.experiment.executors.processes import TRIES, Processes, retried
from linksim.experiment.parts import Part
from linksim.experiment.sweep import Sweep, Unit
from linksim.scenario import load

MANY = {"pictures": 70, "realisations": 2, "snr_db": [0, 10, 20], "symbols_vs_mu": None}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.answer(tmp_path_factory.mktemp("executors") / "alone", **MANY)


class Killed(Processes):
    """Kills one of its workers after the second part."""

    def run(self, units):
        for i, measured in enumerate(super().run(units)):
            if i == 1:
                os.kill(self.pids[0], signal.SIGKILL)
            yield measured


def test_two_processes_one_of_them_killed_leave_the_same_table(done, tmp_path):
    out = runs.answer(tmp_path / "run", executor=Killed(2), **MANY)
    assert runs.rows_of(out) == runs.rows_of(done) and runs.table_of(out) == runs.table_of(done)


@pytest.mark.slow
def test_ray_leaves_the_same_table(done, tmp_path):
    pytest.importorskip("ray", reason="Ray isn't installed: pip install 'linksim[ray]'")
    out = runs.answer(tmp_path / "run", executor=choose("ray", workers=2), **MANY)
    assert runs.rows_of(out) == runs.rows_of(done) and runs.table_of(out) == runs.table_of(done)


def test_several_scenarios_share_one_executor(done, tmp_path):
    other = MANY | {"snr_db": [5]}
    questions = [(load(runs.asked(tmp_path / "a", **MANY)), tmp_path / "a"),
                 (load(runs.asked(tmp_path / "b", **other)), tmp_path / "b")]
    engine.run_all(questions)
    assert runs.table_of(tmp_path / "a") == runs.table_of(done)
    assert len(runs.rows_of(tmp_path / "b")) == len(runs.rows_of(done)) // 3 + 1


def test_jobs_hold_every_part_once_and_are_of_like_cost(done):
    from rich.console import Console

    from linksim.experiment.progress import Clock
    from linksim.experiment.setup import Setup
    from linksim.experiment.store import Store

    scenario, clock = load(done / "scenario.yaml"), Clock(Console(quiet=True))
    clock.expect("points of third", 1, 5.0)
    clock.expect("points of half", 1, 1.0)
    setup = Setup(scenario)
    sweep = Sweep(setup, Store(done.parent / "none", scenario, {}), clock)
    units = [(sweep, unit) for unit in sweep.units()]
    found = jobs(units, 3)
    asked = [(unit.stage, unit.snr_db, part.number) for job in found for unit, part in job.asked]
    assert len(asked) == len(set(asked)) == 3 * 3 * 3 + 1  # and the bounds of one scheme
    assert all(len({unit.stage for unit, _ in job.pieces}) == 1 for job in found)
    assert [job.seconds for job in found] == sorted((job.seconds for job in found), reverse=True)
    assert found[0].seconds <= max(sum(job.seconds for job in found) / 18, 5.0 * 64)


def test_a_job_that_loses_one_worker_after_the_other_is_given_up():
    part = Part(7, 0, np.arange(3), np.zeros(3, int))
    job = Job(None, [(Unit("half", 3.0, (part,)), part)], 1.0)
    for _ in range(TRIES - 1):
        assert retried(job) is job
    with pytest.raises(UserError, match=r"workers were lost over the points of half at 3 dB \(part 7\)"):
        retried(job)


@pytest.mark.slow
def test_work_that_takes_every_worker_with_it_is_given_up(tmp_path):
    schemes = [{"name": "half", "type": "fake_echo"}, {"name": "mine", "type": "fake_echo", "fail": True}]
    with pytest.raises(UserError, match="workers were lost over the points of mine"):
        runs.answer(tmp_path / "run", executor=Processes(2), **MANY | {"schemes": schemes})


@pytest.mark.parametrize(("asked", "part"), [
    ({"name": "slurm"}, "known are local, ray"), ({"address": "auto"}, "--executor ray"),
    ({"workers": 0}, "--workers")])
def test_what_does_not_go_together_is_refused(asked, part):
    with pytest.raises(UserError, match=part):
        choose(**asked)
