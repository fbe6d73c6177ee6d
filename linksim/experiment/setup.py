"""What a scenario names, built and checked before anything is written: pictures, air, judge, schemes."""

import hashlib
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from linksim.errors import UserError
from linksim.experiment.blocks import BLOCK, KEPT, Blockwise, Latest, Pictures
from linksim.experiment.machine import sized
from linksim.experiment.memory import keep_little
from linksim.link.burst import Burst, Draw
from linksim.registry import lookup
from linksim.scenario import Scenario
from linksim.schemes.base import Bench, Knowledge, Scheme

ROWS = 64  # pictures handed on at once; what compiles below cuts them into tiles of its own
SEEN = 2048  # pictures already judged that are remembered, for each task


class Setup:
    """The scenario's objects. Analyses and bursts are made once and kept.

    images, truths: the P test pictures uint8 [P, S, S, 3] and what is in them; `calibration` likewise.
    task: what the receiver wants; also: label -> task judged beside it, on the same received pictures.
    budgets: scheme name -> int32 [P] total uses allowed per picture, or None; filled by the plan.
    """

    def __init__(self, scenario: Scenario, pictures: bool = True):
        """pictures: False builds the receiving side alone, which looks at no picture."""
        keep_little()
        self.scenario = scenario = sized(scenario)
        source = lookup("source", scenario.source.type)
        test = source(scenario.source, "test")
        if pictures:
            self._to_calibrate = source(scenario.source, "calibration")
            enough(test, scenario.pictures, "pictures")
            enough(self._to_calibrate, scenario.calibration.pictures, "calibration.pictures")
            self.images = Pictures(test, scenario.pictures)
        self.task = lookup("task", scenario.task.type)(scenario.task, tuple(test.classes))
        self.also = {label: _further(label, task, tuple(test.classes)) for label, task in scenario.also.items()}
        self.link = _link(scenario)
        bench = Bench(self.link, self.task, scenario.source.size, scenario.tile)
        self.schemes: dict[str, Scheme] = {
            config.name: lookup("scheme", config.type)(config, bench) for config in scenario.schemes}
        self.budgets: dict[str, np.ndarray | None] = {}
        self._analyses: dict[Any, Any] = {}
        self._bursts = {name: Latest(KEPT * scheme.rounds) for name, scheme in self.schemes.items()}
        self._seen: Latest = Latest(SEEN * (1 + len(self.also)))

    @cached_property
    def calibration(self) -> tuple[np.ndarray, list]:
        """Pictures uint8 [C, S, S, 3] and truths that parameters are chosen on."""
        return self._to_calibrate.batch(range(self.scenario.calibration.pictures))

    @property
    def truths(self) -> list:
        return self.images.truths

    def adopt(self, plan: dict) -> None:
        """Take budgets and choices from a scenario's plan, for the schemes that it has."""
        for name in self.schemes.keys() & plan.keys():
            budget = plan[name]["budget"]
            self.budgets[name] = None if budget is None else np.asarray(budget, np.int32)
            self.schemes[name].adopt(plan[name]["choices"])

    def analysis(self, name: str, calibration: bool = False) -> Any:
        """The scheme's analysis of the test pictures, made block by block (`Blockwise`), or of the calibration
        pictures. Schemes with equal `analysis_key()` share it."""
        scheme = self.schemes[name]
        own = getattr(scheme, "analysis_key", None)
        key = (own() if own else name, calibration)
        if key not in self._analyses:
            self._analyses[key] = scheme.analyse(self.calibration[0]) if calibration else Blockwise(
                lambda rows: scheme.analyse(self.images[rows]), self.scenario.pictures).follow(self.images)
        return self._analyses[key]

    def knowledge(self, snr_db: float) -> Knowledge:
        """What a transmitter knows at an SNR point, the realisation left out."""
        return Knowledge(None if self.scenario.knowledge.transmitter == "none" else snr_db)

    def burst(self, name: str, snr_db: float, attempt: int = 0) -> Burst:
        """What a scheme sends for all test pictures at an SNR point in a round, should it send. Not for schemes that
        follow the channel."""
        return encode(self.schemes[name], self.analysis(name), self.budgets[name], self.knowledge(snr_db), attempt)

    def block(self, name: str, snr_db: float, block: int, attempt: int = 0) -> tuple[Burst, int]:
        """The burst of one block of pictures, no wider than its longest row, and how wide it is by right. The latest
        are kept."""
        scheme, knowledge, analysis = self.schemes[name], self.knowledge(snr_db), self.analysis(name)
        rows = analysis.rows(block)
        budget = None if self.budgets[name] is None else self.budgets[name][rows]
        key = knowledge.snr_db if scheme.follows_snr else None, attempt, block
        return self._bursts[name].take(key, lambda: trimmed(
            encode(scheme, analysis[rows], budget, knowledge, attempt)))

    def sent(self, name: str, snr_db: float, draw: Draw) -> Burst:
        """The burst of the rows of a draw: for a scheme that knows the realisation, encoded row by row for it."""
        scheme = self.schemes[name]
        if not (scheme.follows_channel and self.scenario.knowledge.transmitter == "realisation"):
            blocks = draw.picture // BLOCK
            found = [(np.flatnonzero(blocks == block), block) for block in np.unique(blocks).tolist()]
            bursts = [widened(*self.block(name, snr_db, block, draw.attempt), draw.picture[rows] - block * BLOCK)
                      for rows, block in found]
            return bursts[0] if len(bursts) == 1 else joined(bursts).rows(
                np.argsort(np.concatenate([rows for rows, _ in found])))
        budget = None if self.budgets[name] is None else self.budgets[name][draw.picture]
        symbols = self.symbols(name)[draw.picture]
        known = {bits: self.link.effective_snr_db(draw, snr_db, symbols, bits) for bits in (None, 2, 4, 6, 8)}
        knowledge = Knowledge(snr_db, known.pop(None), known)
        return encode(scheme, self.analysis(name)[draw.picture], budget, knowledge, draw.attempt)

    def symbols(self, name: str) -> np.ndarray:
        """int64 [P], symbols that a scheme's bursts have about: what fits in its budget, or else a slot's. Over so many
        the channel's effective SNR is taken."""
        budget, own = self.budgets[name], self.schemes[name].budgeted
        if budget is None and own is not None:
            budget = np.full(self.scenario.pictures, own)
        if budget is None:
            return np.full(self.scenario.pictures, self.link.grid.data_per_slot)
        return np.maximum(self.link.capacity(budget), 1)

    def draw(self, pictures: np.ndarray, realisations: np.ndarray) -> Draw:
        """The sweep's draws of rows int64 [B]."""
        return Draw(self.scenario.seed, np.asarray(pictures, np.int64), np.asarray(realisations, np.int64))

    def observe(self, images: np.ndarray, picture: np.ndarray, label: str | None = None) -> list[dict[str, np.ndarray]]:
        """What the task (or the one of `also` called `label`) finds in images uint8 [B, S, S, 3] that show the test
        pictures int [B]; what a task already judged it doesn't judge again."""
        found = []
        for start in range(0, len(images), ROWS):
            few = slice(start, start + ROWS)
            found += self._observe(images[few], np.asarray(picture)[few], label)
        return found

    def _observe(self, images: np.ndarray, picture: np.ndarray, label: str | None) -> list[dict[str, np.ndarray]]:
        task = self.also.get(label, self.task)
        keys = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
        if task.compares:
            keys = [key + int(p).to_bytes(8, "big") for key, p in zip(keys, picture, strict=True)]
        keys = [(label, key) for key in keys]
        new = {key: i for i, key in reversed(list(enumerate(keys))) if key not in self._seen}
        if rows := sorted(new.values()):
            found = task.compare(images[rows], self.images[picture[rows]])
            self._seen.update((keys[i], what) for i, what in zip(rows, found, strict=True))
        out = [self._seen[key] for key in keys]
        self._seen.trim()
        return out

    @cached_property
    def bootstrap(self) -> dict[str, int]:
        return {"bootstrap": self.scenario.bootstrap, "seed": self.scenario.seed}


def encode(scheme: Scheme, analysis: Any, budget: np.ndarray | None, knowledge: Knowledge, attempt: int = 0) -> Burst:
    """The burst of a round for all rows of an analysis, ROWS at a time where all rows know the same."""
    step = ROWS if knowledge.effective_snr_db is None else len(analysis)
    parts = []
    for start in range(0, len(analysis), step):
        rows = np.arange(start, min(start + step, len(analysis)))
        few = analysis[rows], None if budget is None else budget[rows], knowledge
        parts.append(scheme.retransmit(*few, attempt) if attempt else scheme.encode(*few))
    return joined(parts)


def trimmed(burst: Burst) -> tuple[Burst, int]:
    """Without the columns behind its longest row; and how many there were."""
    return replace(burst, symbols=burst.symbols[:, : burst.length.max(initial=0)].copy()), burst.symbols.shape[1]


def widened(burst: Burst, width: int, rows: np.ndarray) -> Burst:
    """Some rows of a trimmed burst, as they were."""
    some = burst.rows(rows)
    return replace(some, symbols=np.pad(some.symbols, ((0, 0), (0, width - some.symbols.shape[1]))))


def joined(parts: list[Burst]) -> Burst:
    """The rows of several bursts of a scheme as one, as wide as the widest."""
    width = max(part.symbols.shape[1] for part in parts)
    symbols = np.concatenate([np.pad(part.symbols, ((0, 0), (0, width - part.symbols.shape[1]))) for part in parts])
    length, header = (np.concatenate([getattr(part, field) for part in parts]) for field in ("length", "header"))
    ledger = {use: np.concatenate([part.ledger[use] for part in parts]) for use in parts[0].ledger}
    return Burst(symbols, length, header, parts[0].header_uses, ledger, parts[0].bits_per_symbol)


def _further(label: str, config: Any, classes: tuple[str, ...]):
    try:
        return lookup("task", config.type)(config, classes)
    except UserError as error:
        raise UserError(f"also.{label}: {error}") from None


def _link(scenario: Scenario):
    from linksim.link.link import Link

    return Link(scenario.link, scenario.tile)


def enough(source: Any, count: int, key: str) -> None:
    """UserError where a source has fewer pictures than `count`, which the scenario asks for under `key`."""
    if len(source) == 0:
        raise UserError(f"source: {source.config.type} has no picture in its {source.split} split")
    if count > len(source):
        raise UserError(f"{key}: should be at most {len(source)}, what the source's {source.split} split has "
                        f"(found {count})")
