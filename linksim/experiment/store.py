"""A run's folder: parts written aside and renamed, so that a row is never lost, halved or doubled.

    scenario.yaml                     the scenario as resolved, the plan included
    rows/<scheme>_<snr>.parquet       one row per (picture, realisation) of a finished point
    rows/bound_<scheme>.parquet       finished lines of the table for a scheme's bounds
    weights.json                      sha256 of every weights file in use
    table.*, symbols_vs_mu.csv, examples.npz, provenance.json, figures

A folder belongs to one scenario and one set of weights (`identity`). A run that finds its own folder goes on;
one that finds another's refuses, or replaces it where `fresh` was asked for.
"""

import csv
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
from linksim.scenario import Scenario, load, slug

_OWN = ("rows", "table.parquet", "table.csv", "symbols_vs_mu.csv", "examples.npz", "provenance.json", "scenario.yaml",
        "report.html", "examples.png", *(f"{figure}.{kind}" for kind in ("png", "pdf")
                                         for figure in ("map_vs_snr", "uses_by_purpose", "symbols_vs_mu")))
_SHAPES = b"linksim.tails"  # parquet metadata: trailing dimensions of the arrays stored flat, by column


class Store:
    """The folder of one run. Nothing is written before `begin`."""

    def __init__(self, folder: Path, scenario: Scenario, weights: dict[str, str], fresh: bool = False):
        """weights: sha256 of every weight file in use, by where it is named. UserError where the folder holds
        something else, and `fresh` wasn't asked for or it is no run at all."""
        self.folder, self.scenario, self.weights = folder, scenario, weights
        self._mine = folder / "scenario.yaml"
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--out {folder} is a file; name a folder")
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise UserError(f"--out {folder} can't be made: {nearest} is no folder that can be written to")
        if folder.is_dir() and any(folder.iterdir()) and not self._mine.exists():
            raise UserError(f"--out {folder} holds files but no run; name another folder")
        self._replace = fresh  # until `begin` has done so
        if self._mine.exists() and not fresh:
            self._refuse_another()

    def plan(self) -> dict:
        """The plan of the run that this one goes on with; empty where it is new."""
        return load(self._mine).plan if self._mine.exists() and not self._replace else {}

    def begin(self, resolved: Scenario) -> None:
        """Make the folder (empty it of an earlier run where `fresh` was asked for) and write the scenario."""
        if self._replace and self._mine.exists():
            self._replace = False
            for path in (self.folder / name for name in _OWN):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.folder / "rows").mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.rglob("*.part"):
            leftover.unlink()
        self.write_json("weights.json", self.weights)
        self._aside(self._mine, lambda path: path.write_text(resolved.dump(), encoding="utf-8"))

    def point(self, scheme: str, snr_db: float) -> Path:
        return self.folder / "rows" / f"{slug(scheme)}_{snr_db:.12g}.parquet"

    def bounds(self, scheme: str) -> Path:
        return self.folder / "rows" / f"bound_{slug(scheme)}.parquet"

    def done(self, path: Path) -> bool:
        """Whether an earlier run that counts has left this part."""
        return path.exists() and not self._replace

    def write_rows(self, path: Path, rows: list[dict]) -> None:
        """Rows of scalars and arrays (stored flat, their trailing dimensions beside them) as a parquet file."""
        tails = {key: np.shape(value)[1:] for key, value in rows[0].items() if np.ndim(value) > 0}
        kinds = {key: pa.list_(pa.from_numpy_dtype(rows[0][key].dtype)) for key in tails}
        columns = {key: pa.array([np.ravel(row[key]) if key in tails else _scalar(row[key]) for row in rows],
                                 type=kinds.get(key)) for key in rows[0]}
        table = pa.table(columns).replace_schema_metadata({_SHAPES: json.dumps(tails)})
        self._aside(path, lambda aside: pq.write_table(table, aside))

    def read_rows(self, path: Path) -> list[dict]:
        """What `write_rows` wrote, arrays in their shapes. UserError where the file is damaged."""
        try:
            table = pq.read_table(path)
            tails = json.loads(table.schema.metadata[_SHAPES])
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise UserError(f"{path} can't be read ({error}); delete it and run again") from None
        dtypes = {key: table.schema.field(key).type.value_type.to_pandas_dtype() for key in tails}
        rows = table.to_pylist()
        for row in rows:
            for key, tail in tails.items():
                row[key] = np.array(row[key], dtypes[key]).reshape(-1, *tail)
        return rows

    def write_table(self, lines: list[dict]) -> None:
        """table.parquet and table.csv; a key that a line lacks stays empty."""
        keys = list(dict.fromkeys(key for line in lines for key in line))
        table = pa.table({key: pa.array([_scalar(line.get(key)) for line in lines]) for key in keys})
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
        """An earlier session's JSON; empty where there is none."""
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @staticmethod
    def _aside(path: Path, write: Callable[[Path], object]) -> None:
        """Write beside `path`, force it to disk, rename: a reader sees the old file or the new one."""
        aside = path.with_name(path.name + ".part")
        write(aside)
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)

    def _refuse_another(self) -> None:
        there = yaml.safe_load(self._mine.read_text(encoding="utf-8"))
        here = yaml.safe_load(self.scenario.dump())
        unasked = set() if self.scenario.plan else {"plan"}
        keys = sorted(key for key in {*there, *here} - unasked if there.get(key) != here.get(key))
        weights = self.read_json("weights.json")
        keys += sorted(key for key in {*weights, *self.weights} if weights.get(key) != self.weights.get(key))
        if keys:
            other = self.folder.with_name(f"{self.folder.name}-{self.scenario.identity()[:6]}")
            differs = ", ".join(keys)
            raise UserError(f"{self.folder} holds the run of another scenario (differs in {differs}).\n"
                            f"Keep both with `--out {other}`, or replace it with `--fresh`.")


def _scalar(value):
    return value.item() if isinstance(value, np.generic) else value
