"""The far side of an executor: a process that builds a scenario's setup once and measures parts with it."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def threads(count: int) -> dict[str, str]:
    """Environment that keeps a process to `count` threads in NumPy and TensorFlow; to be set before they load."""
    return dict.fromkeys(THREADS, str(count)) | {
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # several may share one


class Worker:
    """Keeps the setup of every resolved scenario that it was told of."""

    def __init__(self):
        self._setups = {}

    def learn(self, key: int, scenario, seen: dict[str, Path] | None = None) -> None:
        """Build what a resolved scenario names, plan adopted; known by `key` from now on. seen: scheme -> where what
        its bounds have seen is kept, where this machine has the run's folder."""
        from linksim.experiment.setup import Setup

        if key not in self._setups:
            setup = Setup(scenario)
            setup.adopt(scenario.plan)
            self._setups[key] = setup, seen or {}

    def measure(self, key: int, pieces: Iterable[tuple]) -> Iterator[tuple[list[dict], float]]:
        """For each (unit, part) its rows, and the seconds they took."""
        from rich.console import Console

        from linksim.experiment.progress import Clock

        (setup, seen), clock = self._setups[key], Clock(Console(quiet=True))
        for unit, part in pieces:
            began = time.perf_counter()
            rows = unit.work(setup, clock, part, seen.get(unit.scheme))
            yield rows, time.perf_counter() - began
