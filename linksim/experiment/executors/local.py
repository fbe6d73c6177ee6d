"""In this process, one part after the other."""

import time
from collections.abc import Iterator

from linksim.experiment.executors.base import Executor, Measured
from linksim.experiment.sweep import Sweep, Unit


class Local(Executor):
    """The sweep's own setup does the work."""

    def run(self, units: list[tuple[Sweep, Unit]]) -> Iterator[Measured]:
        for sweep, unit in units:
            for part in unit.parts:
                began = time.perf_counter()
                rows = unit.work(sweep.setup, sweep.clock, part, sweep.store.seen(unit.scheme))
                yield Measured(sweep, unit, part, rows, time.perf_counter() - began)
