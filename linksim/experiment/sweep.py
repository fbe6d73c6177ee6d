"""The points of one scenario: what is left to measure, stage by stage, and what the store has of each point.

Without `stop` there is one stage, all parts. With it a point's sampling ends at the first preset milestone where its
intervals are as narrow as asked (`linksim.experiment.stopping`): what the store holds decides, never who measured it or
when, so the table is the same for any workers, in any order, and after any interruption.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

from linksim.experiment import bounds, points, stopping
from linksim.experiment.blocks import KEPT
from linksim.experiment.parts import Part, parts
from linksim.experiment.progress import Clock
from linksim.experiment.rows import Rows
from linksim.experiment.setup import Setup
from linksim.experiment.store import Store

BOUNDS = 10  # units of their stage that a scheme's bounds count as


@dataclass(frozen=True)
class Unit:
    """What is handed on at once: parts of a point, over so few blocks of pictures that what was made of them is kept
    for the scheme's next SNR. Without an SNR: all bounds of a scheme, its one part holding all rows."""

    scheme: str
    snr_db: float | None
    parts: tuple[Part, ...]

    @property
    def stage(self) -> str:
        """What the clock calls it."""
        return f"bounds of {self.scheme}" if self.snr_db is None else f"points of {self.scheme}"

    def size(self, part: Part) -> int:
        """A part in units of the stage."""
        return BOUNDS if self.snr_db is None else len(part)

    def work(self, setup: Setup, clock: Clock, part: Part, folder: Path | None = None) -> list[dict]:
        """A part's rows, or the bounds' lines. folder: where what bounds have seen is kept until they are there."""
        if self.snr_db is None:
            return bounds.lines(setup, self.scheme, clock, folder)
        return points.measure(setup, self.scheme, self.snr_db, clock, part)


class Sweep:
    """All points of a planned setup. taken: (scheme, SNR) -> how many parts the point has, so far."""

    def __init__(self, setup: Setup, store: Store, clock: Clock):
        self.setup, self.store, self.clock = setup, store, clock
        self.parts = parts(setup.scenario)
        self._at = [(name, snr_db) for snr_db in points.order(setup.scenario.snr_db) for name in setup.schemes]
        self._milestones = stopping.milestones(setup.scenario, self.parts)
        self.taken, self._open, self._sound, self._stage = dict.fromkeys(self._at, 0), list(self._at), set(), 0
        self._unbounded = [name for name, scheme in setup.schemes.items()
                           if hasattr(scheme, "bounds") and store.read_rows(store.bounds(name)) is None]
        self._whole = Part(-1, 0, *points.pairs(setup))

    def units(self) -> list[Unit]:
        """What is to be measured now, in order; empty when every point has what it needs, and every scheme its
        bounds."""
        while self._open and self._stage < len(self._milestones):
            end = self._milestones[self._stage]
            start = self._milestones[self._stage - 1] if self._stage else 0
            missing = {at: {part.number for part in self.parts[start:end] if not self.has(*at, part)}
                       for at in self._open}
            if any(missing.values()):
                return [Unit(*at, some) for few in _stretches(self.parts[start:end])
                        for at in self._open if (some := tuple(part for part in few if part.number in missing[at]))
                        ] + self._bounds()
            self.taken |= dict.fromkeys(self._open, end)
            self._stage += 1
            if self._stage < len(self._milestones):
                self._open = stopping.unsettled(self, self._open)
        return self._bounds()

    def _bounds(self) -> list[Unit]:
        return [Unit(name, None, (self._whole,)) for name in self._unbounded]

    def put(self, unit: Unit, part: Part, rows: list[dict]) -> None:
        """Keep a part that was measured."""
        if unit.snr_db is None:
            self._unbounded.remove(unit.scheme)
            if rows:
                self.store.write_rows(self.store.bounds(unit.scheme), rows)
            rmtree(self.store.seen(unit.scheme), ignore_errors=True)
            self.clock.say(f"bounds of {unit.scheme}")
            return
        self.store.write_rows(self.store.part(unit.scheme, unit.snr_db, part.number), rows)
        self._sound.add((unit.scheme, unit.snr_db, part.number))
        if part is unit.parts[-1]:
            self.clock.say(f"{unit.scheme} at {unit.snr_db:g} dB: {sum(map(len, unit.parts))} rows up to picture "
                           f"{part.picture[-1] + 1} of {self.setup.scenario.pictures}")

    def has(self, name: str, snr_db: float, part: Part) -> bool:
        """Whether the store has a part, and sound; a damaged one is set aside."""
        key = name, snr_db, part.number
        if key not in self._sound and self.store.read_rows(self.store.part(*key), part.keys) is not None:
            self._sound.add(key)
        return key in self._sound

    def point(self, name: str, snr_db: float, count: int | None = None) -> Rows:
        """The rows of a point's first parts (`count`; all it has), read as they are gone through."""
        some = self.parts[: self.taken[name, snr_db] if count is None else count]
        return Rows([partial(self._read, name, snr_db, part) for part in some], [len(part) for part in some])

    def bounds(self, name: str) -> list[dict]:
        """The finished lines of a scheme's bounds."""
        return self.store.read_rows(self.store.bounds(name)) or bounds.lines(self.setup, name, self.clock)

    def _read(self, name: str, snr_db: float, part: Part) -> list[dict]:
        path = self.store.part(name, snr_db, part.number)
        rows = self.store.read_rows(path, part.keys)
        if rows is None:  # gone since it was looked at
            self.store.write_rows(path, points.measure(self.setup, name, snr_db, self.clock, part))
            rows = self.store.read_rows(path, part.keys)
        return rows


def _stretches(some: list[Part]) -> list[list[Part]]:
    """Consecutive parts, each list of at most KEPT blocks."""
    out: list[list[Part]] = []
    blocks: set[int] = set()
    for part in some:
        blocks = blocks | {part.block}
        if not out or len(blocks) > KEPT:
            out.append([])
            blocks = {part.block}
        out[-1].append(part)
    return out
