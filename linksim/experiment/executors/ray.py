"""The workers of a Ray cluster: a running one by its address, or one started on this machine for the run.

Every worker builds its setup from the resolved scenario, so weights and pictures must lie under the same paths on every
node. Where the cluster has GPUs a worker takes one; else it takes a core.
"""

import os
import sys
from collections.abc import Iterator

from linksim.errors import UserError
from linksim.experiment.executors.base import Executor, Measured
from linksim.experiment.executors.jobs import Job, jobs
from linksim.experiment.executors.processes import retried
from linksim.experiment.executors.worker import Worker, threads
from linksim.experiment.sweep import Sweep, Unit


class Ray(Executor):
    """workers: how many, at most one a core; one for every GPU, or else for every core, where left out. UserError where
    Ray isn't installed or no cluster answers at the address."""

    def __init__(self, address: str | None = None, workers: int | None = None):
        try:
            import ray
        except ImportError:
            raise UserError("--executor ray needs Ray: pip install 'linksim[ray]'") from None
        self._ray = ray
        try:
            if not ray.is_initialized():
                here = {} if address else {"num_cpus": workers, "include_dashboard": False}
                ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **here)
        except Exception as error:  # a node that doesn't come up raises no class of its own
            what = f"--address {address}: no Ray cluster answers there" if address else "Ray doesn't start here"
            raise UserError(f"{what} ({error})") from None
        there = ray.cluster_resources()
        cores, gpus = max(1, int(there.get("CPU", 1))), int(there.get("GPU", 0))
        self.workers = min(workers or gpus or cores, cores)
        self._gpu = min(1.0, gpus / self.workers)  # of a GPU, for each worker
        self._address, self._idle, self._questions = address or "local", [], {}

    def declared(self) -> str:
        share = f", each with {self._gpu:g} of a GPU" if self._gpu else ""
        return f"Ray at {self._address}, {self.workers} workers{share}"

    def run(self, units: list[tuple[Sweep, Unit]]) -> Iterator[Measured]:
        waiting, busy = jobs(units, self.workers), {}
        lost = (self._ray.exceptions.RayActorError, self._ray.exceptions.WorkerCrashedError,
                self._ray.exceptions.NodeDiedError, self._ray.exceptions.ObjectLostError)
        while waiting or busy:
            while waiting and len(busy) < self.workers:
                job, crew = waiting.pop(0), self._idle.pop() if self._idle else self._hire()
                busy[crew.do.remote(id(job.sweep), self._question(job), job.asked)] = job, crew
            (done, *_), _ = self._ray.wait(list(busy), num_returns=1)
            job, crew = busy.pop(done)
            try:
                answers = self._ray.get(done)
            except lost:
                waiting.insert(0, retried(job))
                continue
            except self._ray.exceptions.RayTaskError as error:
                raise (error.cause if isinstance(error.cause, UserError) else error) from None
            self._idle.append(crew)
            for (unit, part), (rows, seconds) in zip(job.pieces, answers, strict=True):
                job.counted(unit, part, seconds / self.workers)
                yield Measured(job.sweep, unit, part, rows, seconds)

    def close(self) -> None:
        self._idle.clear()
        self._questions.clear()
        self._ray.shutdown()

    def _hire(self):
        environment = threads(1) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return self._ray.remote(_Remote).options(
            num_cpus=1, num_gpus=self._gpu, runtime_env={"env_vars": environment}).remote()

    def _question(self, job: Job):
        """The resolved scenario, in Ray's store once for all workers."""
        key = id(job.sweep)
        if key not in self._questions:
            self._questions[key] = self._ray.put(job.sweep.setup.scenario)
        return self._questions[key]


class _Remote(Worker):
    """A worker as Ray's actor."""

    def do(self, key: int, scenario, pieces: list[tuple]) -> list[tuple[list[dict], float]]:
        self.learn(key, scenario)
        return list(self.measure(key, pieces))
