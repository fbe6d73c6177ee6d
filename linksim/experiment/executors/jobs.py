"""Units cut and grouped into jobs for several workers: each a small share of the cost, one scheme over few pictures, so
that what a worker has analysed serves several SNRs."""

from dataclasses import dataclass, replace

from linksim.experiment.blocks import KEPT
from linksim.experiment.parts import Part
from linksim.experiment.sweep import Sweep, Unit

SHARE = 6  # jobs a worker has, about: more would analyse pictures more often, fewer leave workers idle at the end
TRIES = 3


@dataclass
class Job:
    """pieces: (unit, part) of one sweep, in order. seconds: what they are guessed to take. tries: workers lost over
    it."""

    sweep: Sweep
    pieces: list[tuple[Unit, Part]]
    seconds: float
    tries: int = 0

    @property
    def asked(self) -> list[tuple[Unit, Part]]:
        """What a worker is told: units without their other parts."""
        return [(replace(unit, parts=()), part) for unit, part in self.pieces]

    def counted(self, unit: Unit, part: Part, seconds: float) -> None:
        """Tell the clock of a part that was done, in seconds of this process's time."""
        self.sweep.clock.done(unit.stage, unit.size(part), seconds)


def jobs(units: list[tuple[Sweep, Unit]], workers: int) -> list[Job]:
    """Jobs of about equal cost, the dearest first. What a row of a scheme costs is taken from what was measured so far,
    or else guessed."""
    pieces = [(sweep, unit, part) for sweep, unit in units for part in unit.parts]
    total = sum(_seconds(sweep, unit, part) for sweep, unit, part in pieces)
    groups: dict[tuple, list[tuple[Sweep, Unit, Part]]] = {}
    for piece in pieces:
        sweep, unit, part = piece
        groups.setdefault((id(sweep), unit.stage, part.block // KEPT), []).append(piece)
    found = []
    for group in groups.values():
        job = None
        for sweep, unit, part in group:
            seconds = _seconds(sweep, unit, part)
            if job is None or job.seconds + seconds > total / (SHARE * workers):
                job = Job(sweep, [], 0.0)
                found.append(job)
            job.pieces.append((unit, part))
            job.seconds += seconds
    return sorted(found, key=lambda job: -job.seconds)


def _seconds(sweep: Sweep, unit: Unit, part: Part) -> float:
    return unit.size(part) * sweep.clock.rate(unit.stage)
