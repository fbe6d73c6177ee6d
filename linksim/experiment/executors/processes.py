"""Several processes of this machine. A process that is lost is replaced, and its job given to another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection, get_context

from linksim.errors import UserError
from linksim.experiment.executors.base import Executor, Measured
from linksim.experiment.executors.jobs import TRIES, Job, jobs
from linksim.experiment.executors.worker import Worker, threads
from linksim.experiment.sweep import Sweep, Unit


class Processes(Executor):
    """`workers` processes, spawned, each with its share of the machine's cores."""

    def __init__(self, workers: int):
        self.workers = workers
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._threads = max(1, cores // workers)
        self._crew: dict[connection.Connection, _Process] = {}

    def declared(self) -> str:
        return f"{self.workers} processes of {self._threads} threads"

    def run(self, units: list[tuple[Sweep, Unit]]) -> Iterator[Measured]:
        waiting = jobs(units, self.workers)
        busy: dict[connection.Connection, Job] = {}
        while waiting or busy:
            while waiting and len(busy) < self.workers:
                line = next((one for one in self._crew if one not in busy), None) or self._hire()
                try:
                    self._crew[line].give(waiting[0])
                    busy[line] = waiting.pop(0)
                except OSError:  # it was lost while it had nothing to do
                    self._dismiss(line)
            for line in connection.wait(list(busy)):
                job = busy[line]
                try:
                    answer = line.recv()
                except (EOFError, OSError):
                    del busy[line]
                    self._dismiss(line)
                    waiting.insert(0, retried(job))
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                unit, part = job.pieces.pop(0)
                rows, seconds = answer
                job.counted(unit, part, seconds / self.workers)
                if not job.pieces:
                    del busy[line]
                yield Measured(job.sweep, unit, part, rows, seconds)

    def close(self) -> None:
        for line in list(self._crew):
            self._dismiss(line)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._crew.values()]

    def _hire(self) -> connection.Connection:
        process = _Process(self._threads)
        self._crew[process.line] = process
        return process.line

    def _dismiss(self, line: connection.Connection) -> None:
        self._crew.pop(line).end()


def retried(job: Job) -> Job:
    """The job of a worker that was lost, with what is left of it. UserError where it lost too many."""
    job.tries += 1
    if job.tries >= TRIES:
        unit, part = job.pieces[0]
        at = "" if unit.snr_db is None else f" at {unit.snr_db:g} dB (part {part.number})"
        raise UserError(f"{TRIES} workers were lost over the {unit.stage}{at}: killed, or out of memory. What was "
                        "measured is kept; give the same command again, with fewer --workers.")
    return job


class _Process:
    """A worker's process and the line to it."""

    def __init__(self, count: int):
        self._known, spawn = set(), get_context("spawn")
        self.line, far = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(far,), daemon=True)
        with _environment(threads(count)):
            self._process.start()
        far.close()
        self.pid = self._process.pid

    def give(self, job: Job) -> None:
        key = id(job.sweep)
        question = None
        if key not in self._known:
            setup, store = job.sweep.setup, job.sweep.store
            question = setup.scenario, {name: store.seen(name) for name in setup.schemes}
        self._known.add(key)
        self.line.send((key, question, job.asked))

    def end(self) -> None:
        self.line.close()
        self._process.kill()
        self._process.join()


def _serve(line: connection.Connection) -> None:
    """A worker's life: it ends when the other side of the line is gone."""
    worker = Worker()
    try:
        while True:
            key, question, job = line.recv()
            try:
                if question is not None:
                    worker.learn(key, *question)
                for answer in worker.measure(key, job):
                    line.send(answer)
            except (EOFError, BrokenPipeError):
                raise
            except Exception as error:  # said where somebody reads it
                line.send(error)
    except (EOFError, OSError, KeyboardInterrupt):
        pass


@contextmanager
def _environment(extra: dict[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in extra}
    os.environ |= extra
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)
