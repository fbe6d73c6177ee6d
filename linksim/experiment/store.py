"""A run's folder: parts written aside and renamed, so that a row is never lost, halved or doubled.

    scenario.yaml                            the scenario as resolved, the plan included
    rows/<scheme>_<snr>_<part>.parquet       one row per (picture, realisation) of a part of a point
    rows/bound_<scheme>.parquet              finished lines of the table for a scheme's bounds
    rows/bound_<scheme>.seen/                what has been seen for bounds that aren't finished
    rows/<part>.damaged                      a part that couldn't be read, set aside and measured again
    weights.json                             sha256 of every weights file in use
    table.*, symbols_vs_mu.csv, examples.npz, provenance.json, figures

A folder belongs to one scenario and one set of weights (`identity`), and to one process at a time (`.lock`). A run that
finds its own folder goes on; one that finds another's refuses, or replaces it where `fresh` was asked for.
"""

import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import yaml

from linksim.errors import UserError
from linksim.experiment.lock import Lock
from linksim.experiment.parts import parts
from linksim.experiment.rows import read, scalar, write
from linksim.scenario import Scenario, load, slug

_OWN = ("rows", "table.parquet", "table.csv", "symbols_vs_mu.csv", "examples.npz", "bootstrap.npz",
        "feasibility.csv", "feasibility.json", "paired.csv", "provenance.json",
        "report.html", "examples.png", *(f"{figure}.{kind}" for kind in ("png", "pdf")
                                         for figure in ("map_vs_snr", "map_vs_uses", "uses_by_purpose", "symbols_vs_mu",
                                                        "feasibility")))
_UNBORN = (".lock", "weights.json", "rows", ".*.part", "*.part")  # what a run killed before its first word leaves
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store:
    """The folder of one run. Nothing is written before `begin`; from there to `close` it is locked.

    set_aside: names of damaged parts found."""

    def __init__(self, folder: Path, scenario: Scenario, weights: dict[str, str], fresh: bool = False):
        """weights: sha256 of every weight file in use, by where it is named. UserError where the folder holds
        something else, and `fresh` wasn't asked for or it is no run at all."""
        self.folder, self.scenario, self.weights, self.set_aside = folder, scenario, weights, []
        self._mine, self._lock = folder / "scenario.yaml", Lock(folder / ".lock")
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--out {folder} is a file; name a folder")
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise UserError(f"--out {folder} can't be made: {nearest} is no folder that can be written to")
        if folder.is_dir() and not self._mine.exists() and self._holds_something():
            raise UserError(f"--out {folder} holds files but no run; name another folder")
        self._replace, self._new = fresh, not self._mine.exists()  # until `begin` has done so
        if self._mine.exists() and not fresh:
            self._refuse_another()

    @property
    def replaces(self) -> bool:
        """Whether `begin` will do away with an earlier run."""
        return self._replace and self._mine.exists()

    def abandon(self) -> None:
        """Leave nothing of a run that was begun here and turned out to be impossible."""
        if self._new and self._mine.exists():
            self._remove_own()
            for path in (self._mine, self.folder / "weights.json"):
                path.unlink(missing_ok=True)
            self.close()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def close(self) -> None:
        """Let others into the folder."""
        self._lock.release()

    def plan(self) -> dict:
        """The plan of the run that this one goes on with; empty where it is new."""
        return load(self._mine).plan if self._mine.exists() and not self._replace else {}

    def begin(self, resolved: Scenario) -> None:
        """Make the folder and lock it, empty it of an earlier run where `fresh` was asked for, write the scenario; the
        scenario again when its plan has grown."""
        unless_full(self.folder, lambda: (self.folder / "rows").mkdir(parents=True, exist_ok=True))
        self._lock.take()
        if self._replace:
            self._replace = False
            self._remove_own()
            (self.folder / "rows").mkdir(exist_ok=True)
        elif self._mine.exists():  # another run may have begun here while this one planned
            self.scenario = resolved
            self._refuse_another()
        for leftover in list(self.folder.rglob("*.part")):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        self.write_json("weights.json", self.weights)
        self._aside(self._mine, lambda path: path.write_text(resolved.dump(), encoding="utf-8"))

    def part(self, scheme: str, snr_db: float, number: int) -> Path:
        return self.folder / "rows" / f"{slug(scheme)}_{snr_db:.12g}_{number:04d}.parquet"

    def bounds(self, scheme: str) -> Path:
        return self.folder / "rows" / f"bound_{slug(scheme)}.parquet"

    def seen(self, scheme: str) -> Path:
        """A folder for what a scheme's bounds have seen, until they are there."""
        return self.folder / "rows" / f"bound_{slug(scheme)}.seen"

    def done(self, path: Path) -> bool:
        """Whether an earlier run that counts has left this part, sound or not."""
        return path.exists() and not self._replace

    def finished(self, scheme: str, snr_db: float) -> bool:
        """Whether all parts are there that a point can have."""
        return all(self.done(self.part(scheme, snr_db, part.number)) for part in parts(self.scenario))

    def write_rows(self, path: Path, rows: list[dict]) -> None:
        """A part, as `linksim.experiment.rows` has it."""
        self._aside(path, lambda aside: write(aside, rows))

    def read_rows(self, path: Path, expected: dict[str, list] | None = None) -> list[dict] | None:
        """What `write_rows` wrote, arrays in their shapes. None where the part is missing; also where it is damaged, or
        holds other rows than `expected` (column -> values) says: it is then set aside."""
        if not self.done(path):
            return None
        try:
            rows = read(path)
            if all([row.get(key) for row in rows] == values for key, values in (expected or {}).items()):
                return rows
        except OSError as error:
            raise UserError(f"{path} can't be read: {error}") from None
        except ValueError:
            pass
        self.set_aside.append(path.name)
        path.replace(path.with_name(path.name + ".damaged"))
        return None

    def write_table(self, lines: list[dict]) -> None:
        """table.parquet and table.csv; a key that a line lacks stays empty."""
        keys = list(dict.fromkeys(key for line in lines for key in line))
        table = pa.table({key: pa.array([scalar(line.get(key)) for line in lines]) for key in keys})
        self._aside(self.folder / "table.parquet", lambda path: pq.write_table(table, path))
        self._aside(self.folder / "table.csv", lambda path: pa.csv.write_csv(table, path))

    def write_csv(self, name: str, lines: list[dict]) -> None:
        def write(path: Path) -> None:
            with path.open("w", newline="", encoding="utf-8") as file:
                out = csv.DictWriter(file, list(lines[0]))
                out.writeheader()
                out.writerows(lines)

        self._aside(self.folder / name, write)

    def write_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez_compressed(file, **arrays)

        self._aside(self.folder / name, write)

    def write_json(self, name: str, content: dict) -> None:
        text = json.dumps(content, indent=1)
        self._aside(self.folder / name, lambda path: path.write_text(text, encoding="utf-8"))

    def read_json(self, name: str) -> dict:
        """An earlier session's JSON; empty where there is none. UserError where it is damaged."""
        path = self.folder / name
        if not path.exists():
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            found = error
        if not isinstance(found, dict):
            raise UserError(f"{path} is damaged ({found}); restore it, or start over with `--fresh`")
        return found

    def _aside(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write beside `path`, force it to disk, rename: a reader sees the old file or the new one. UserError where
        the disk is full."""
        aside = path.with_name(path.name + ".part")

        def whole():
            write(aside)
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(aside, path)

        try:
            unless_full(self.folder, whole)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def _holds_something(self) -> bool:
        """More than a run leaves that was killed before it had written its scenario."""
        rows = self.folder / "rows"
        return any(not any(path.match(name) for name in _UNBORN) for path in self.folder.iterdir()) or (
            rows.is_dir() and any(rows.iterdir()))

    def _remove_own(self) -> None:
        further = (path for figure in ("map_vs_snr", "map_vs_uses") for path in self.folder.glob(f"{figure}_*"))
        for path in (*(self.folder / name for name in _OWN), *further):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _refuse_another(self) -> None:
        try:
            there = yaml.safe_load(self._mine.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
            there = error
        if not isinstance(there, dict):
            raise UserError(f"{self._mine} is damaged; restore it, or start over with `--fresh`")
        here = yaml.safe_load(self.scenario.dump())
        keys = sorted(key for key in {*there, *here} - {"plan"} if there.get(key) != here.get(key))
        keys += [] if _agree(there.get("plan", {}), here.get("plan", {})) else ["plan"]
        weights = self.read_json("weights.json")
        keys += sorted(key for key in {*weights, *self.weights} if weights.get(key) != self.weights.get(key))
        if keys:
            other = self.folder.with_name(f"{self.folder.name}-{self.scenario.identity()[:6]}")
            differs = ", ".join(keys)
            raise UserError(f"{self.folder} holds the run of another scenario (differs in {differs}).\n"
                            f"Keep both with `--out {other}`, or replace it with `--fresh`.")


def _agree(plan, other) -> bool:
    """Whether two plans, each as far as it was made, say the same of a scheme."""
    if not (isinstance(plan, dict) and isinstance(other, dict)):
        return plan == other
    return all(plan[name] == other[name] for name in plan.keys() & other.keys())


def unless_full(folder: Path, write: Callable[[], object]) -> None:
    """Call `write`; UserError where the disk of `folder` is full."""
    try:
        write()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UserError(f"no space is left on the disk of {folder}. Everything measured so far is kept; make room and "
                        "give the same command again.") from None
