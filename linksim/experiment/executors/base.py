"""The contract of an executor: it is given units of work and hands back each part as it is measured.

What a part holds follows from the resolved scenario alone, so it may be measured anywhere, in any order, twice where a
worker was lost: nobody can tell from the table.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from linksim.experiment.parts import Part
from linksim.experiment.sweep import Sweep, Unit


class Measured(NamedTuple):
    """A part of a unit of a sweep, its rows, and the seconds it took its worker."""

    sweep: Sweep
    unit: Unit
    part: Part
    rows: list[dict]
    seconds: float


class Executor(ABC):
    """Measures units. To be used in a `with` block, which frees its workers."""

    workers = 1

    @abstractmethod
    def run(self, units: list[tuple[Sweep, Unit]]) -> Iterator[Measured]:
        """Every part of every unit, each once."""

    def declared(self) -> str:
        """For the record: who measured."""
        return "this process"

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027  (nothing to free is no oversight)
        """Free what is held."""
