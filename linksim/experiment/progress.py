"""Where the time goes and how much of it is left, over all stages of a run.

A stage (analysing, planning, a scheme's points...) is expected with so many units and a first guess of the
seconds one takes; what is measured replaces the guess. The median counts, so that a compile in the first unit
doesn't.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass
class Stage:
    """units expected and done; rates: seconds per unit as measured, guess: before; seconds: their sum."""

    units: int
    guess: float
    done: int = 0
    seconds: float = 0.0
    rates: list[float] = field(default_factory=list)

    def left(self) -> float:
        return max(self.units - self.done, 0) * (median(self.rates) if self.rates else self.guess)


class Clock:
    """Shows a bar with the time left while in a `with` block. `seconds` afterwards: stage -> seconds."""

    def __init__(self, console: Console):
        self.console, self.stages = console, {}
        self._bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
                             TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(),
                             TextColumn("{task.fields[left]}"), console=console, transient=True)
        self._task = self._bar.add_task("starting", total=1.0, left="")

    def __enter__(self) -> "Clock":
        self._bar.start()
        return self

    def __exit__(self, *error) -> None:
        self._bar.stop()

    def expect(self, stage: str, units: int, guess: float) -> None:
        """Announce `units` more of a stage; guess: seconds per unit before any is measured."""
        self.stages.setdefault(stage, Stage(0, guess)).units += units

    @contextmanager
    def work(self, stage: str, units: int = 1, label: str = "") -> Iterator[None]:
        """Time a block that does `units` of a stage."""
        self._bar.update(self._task, description=label or stage)
        start = time.perf_counter()
        yield
        self.done(stage, units, time.perf_counter() - start)

    def done(self, stage: str, units: int, seconds: float) -> None:
        """Count units of a stage that took so many seconds, here or elsewhere."""
        at = self.stages.setdefault(stage, Stage(units, 0.0))
        at.done, at.seconds = at.done + units, at.seconds + seconds
        at.rates = [*at.rates, seconds / max(units, 1)]
        left = self.left()
        done = sum(s.seconds for s in self.stages.values())
        self._bar.update(self._task, completed=done / max(done + left, 1e-9), left=f"{spoken(left)} left")

    def rate(self, stage: str) -> float:
        """Seconds that a unit of a stage takes, as measured so far, or else guessed."""
        at = self.stages.get(stage, Stage(0, 1.0))
        return median(at.rates) if at.rates else at.guess

    def left(self) -> float:
        """Seconds left over all stages expected."""
        return sum(stage.left() for stage in self.stages.values())

    @property
    def seconds(self) -> dict[str, float]:
        return {name: round(stage.seconds, 3) for name, stage in self.stages.items()}

    def say(self, line: str) -> None:
        """One line for the record where no bar is seen (a log file); with the time left."""
        if not self.console.is_terminal:
            self.console.print(f"{line} ({spoken(self.left())} left)", highlight=False)


def spoken(seconds: float) -> str:
    """42 s, 3:05 min, 1:20 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    high, low = divmod(round(seconds) if seconds < 3600 else round(seconds / 60), 60)
    return f"{high}:{low:02d} {'min' if seconds < 3600 else 'h'}"
