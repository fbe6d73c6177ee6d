"""A check: points to simulate through the real link, and the theory they are drawn on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SEEDS = (1, 2, 3)  # fixed before anything was run; every point is simulated with all three


@dataclass(frozen=True)
class Effort:
    """How much to simulate. scale: 1 is minutes for everything, larger ones give tighter intervals."""

    scale: float = 1.0

    def of(self, normal: float, least: int = 1) -> int:
        """Rows, symbols or blocks per seed where `normal` are simulated at scale 1."""
        return max(least, round(normal * self.scale))


@dataclass(frozen=True)
class Task:
    """One point. panel, curve: where it is drawn, at `x` (None: not drawn, only tested). simulate: seed -> evidence
    (`linksim.theory.evidence`). sentinel: simulated for every deliberate mistake of `linksim.theory.mutations`."""

    panel: str
    curve: str
    x: float | None
    simulate: Callable
    sentinel: bool = False


@dataclass(frozen=True)
class Line:
    """Theory, or a published table, as a line: x, y float arrays [n]; low, high: its own 95 % interval where it was
    simulated itself. stems: a stem at each x in the place of a line."""

    panel: str
    curve: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    stems: bool = False


@dataclass(frozen=True)
class Panel:
    """name: what tasks and lines refer to. xlabel, ylabel: with units. log: the y axis. ticks: names of x = 0, 1, ...
    where it is no number."""

    name: str
    xlabel: str
    ylabel: str
    log: bool = True
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """name: for `--only`. about: what is compared with what, and the source. build: effort -> tasks; lines: () ->
    theory of the panels."""

    name: str
    title: str
    about: str
    panels: tuple[Panel, ...]
    build: Callable[[Effort], list[Task]]
    lines: Callable[[], list[Line]]
