"""What a figure may know: the files of one run folder, read once.

    scenario.yaml        as resolved: name, source, task, link, schemes, plan, ...
    provenance.json      versions, seeds, ...; "command"; "warnings": sentences printed on figures
    table.parquet        one line per point: scheme, kind ("scheme" | "bound"), snr_db, rows, ap50, ap50_lo,
                         ap50_hi (of further tasks as <label>.<key>), uses, uses_<purpose>, header_lost, lost,
                         psnr_db, choice
    symbols_vs_mu.csv    optional: scheme, mu, uses, uses_lo, uses_hi, kept, snr_db, and where measured ap50, ap50_lo,
                         ap50_hi
    feasibility.csv      optional: features, uses, similarity, similarity_lo, similarity_hi
    feasibility.json     optional: what `linksim.experiment.feasibility` found
    bootstrap.npz        optional: "<kind>/<SNR>/<key>/<scheme>" float [W], a score over every resample of the pictures
    examples.npz         optional: sent uint8 [E, S, S, 3]; classes str [C]; "received/<scheme>" uint8 [E, S, S, 3];
                         "uses/<scheme>" int [E]; of a scheme that chooses features "weights/<scheme>" float [E, h, w]
                         and "mask/<scheme>" bool [E, h, w];
                         "boxes/<scheme>/<i>" float [K, 4], "scores/<scheme>/<i>" [K], "labels/<scheme>/<i>"
                         int [K] or names, for picture i; the truth likewise as scheme "truth", what was found
                         in the picture as sent as scheme "sent"
"""

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.link.burst import PURPOSES


@dataclass(frozen=True)
class Run:
    """One run folder. table: a dict per point; mu: one per (scheme, mu); examples, resampled: arrays by name;
    feasibility: a dict per number of features, and found: what they say together."""

    folder: Path
    scenario: dict
    provenance: dict
    table: list[dict]
    mu: list[dict]
    examples: dict[str, np.ndarray] | None
    resampled: dict[str, np.ndarray]
    feasibility: list[dict]
    found: dict
    judge: str | None = None  # the further task as which the run is read

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """Reads the folder; UserError names what is missing or damaged."""
        if not folder.is_dir():
            raise UserError(f"no run folder at {folder}; `linksim run SCENARIO` makes one")
        optional = {"symbols_vs_mu.csv": _csv, "examples.npz": _npz, "bootstrap.npz": _npz, "feasibility.csv": _csv,
                    "feasibility.json": _json}
        mu, examples, resampled, feasibility, found = (
            _read(folder / name, how) if (folder / name).exists() else None for name, how in optional.items())
        run = cls(folder, _read(folder / "scenario.yaml", _yaml), _read(folder / "provenance.json", _json),
                  _read(folder / "table.parquet", _parquet), mu or [], examples,
                  resampled or {}, feasibility or [], found or {})
        if not run.table:
            raise UserError(f"{folder / 'table.parquet'} has no rows; run the scenario again")
        headline = run.provenance.get("headline", "ap50")
        return run if headline == "ap50" else replace(run, table=_as_ap50(run.table, headline),
                                                      mu=_as_ap50(run.mu, headline))

    @property
    def also(self) -> list[str]:
        """Labels of the further tasks that judged the same pictures."""
        return list(self.provenance.get("also") or {})

    def judged_by(self, label: str) -> "Run":
        """The run as the further task called `label` judged it: its scores stand where the main task's do, and points
        that it says nothing of are left out."""
        if label not in self.also:
            raise UserError(f"no task {label!r} judged {self.folder} besides the main one; those that did: "
                            f"{', '.join(self.also) or 'none'}")
        told = self.provenance["also"][label]
        headline = f"{label}.{told['metric']}"
        table = _as_ap50([row for row in self.table if row.get(headline) is not None], headline)
        return replace(self, table=table, scenario=self.scenario | {"task": self.scenario["also"][label]}, judge=label,
                       provenance=self.provenance | {"metric": told["label"], "headline": told["metric"]})

    @property
    def key(self) -> str:
        """The column of the task's score, under which the resamples' scores are kept too."""
        headline = self.provenance.get("headline", "ap50")
        return f"{self.judge}.{headline}" if self.judge else headline

    @property
    def schemes(self) -> list[str]:
        """Names of the schemes in the table, in the scenario's order."""
        found = list(dict.fromkeys(row["scheme"] for row in self.table if row["kind"] == "scheme"))
        order = [scheme["name"] for scheme in self.scenario.get("schemes", [])]
        return sorted(found, key=lambda name: order.index(name) if name in order else len(order))

    @property
    def bounds(self) -> list[str]:
        """Names of the bounds in the table."""
        return list(dict.fromkeys(row["scheme"] for row in self.table if row["kind"] == "bound"))

    @property
    def series(self) -> dict[str, str]:
        """Scheme -> the series it is a point of, where it is of one."""
        return {s["name"]: s["series"] for s in self.scenario.get("schemes", []) if s.get("series")}

    def owner(self, bound: str) -> str | None:
        """The scheme that a bound belongs to."""
        return max((name for name in self.schemes if bound.startswith(f"{name}:")), key=len, default=None)

    @property
    def snr_db(self) -> list[float]:
        """SNR points in dB, increasing."""
        return sorted({row["snr_db"] for row in self.table})

    @property
    def warnings(self) -> list[str]:
        """Sentences a reader of any figure must see."""
        return list(self.provenance.get("warnings") or [])

    def points(self, name: str, kind: str = "scheme") -> list[dict]:
        """The table's lines of one scheme or bound, by increasing SNR."""
        return sorted((row for row in self.table if row["scheme"] == name and row["kind"] == kind),
                      key=lambda row: row["snr_db"])

    def split(self, row: dict) -> dict[str, float]:
        """Channel uses per picture by purpose, of one line of the table."""
        return {purpose: row.get(f"uses_{purpose}") or 0.0 for purpose in PURPOSES}


def _as_ap50(rows: list[dict], metric: str) -> list[dict]:
    """The rows, a task's headline metric and its interval in the place where figures look for AP50."""
    return [row | {f"ap50{end}": row.get(f"{metric}{end}") for end in ("", "_lo", "_hi")} for row in rows]


def _read(path: Path, how):
    if not path.exists():
        raise UserError(f"{path} is missing: this is no finished run; `linksim run` goes on where it stopped")
    try:
        return how(path)
    except Exception as error:  # whatever a parser raises on a damaged file, the user needs its name
        what = f"{type(error).__name__}: {error}"
        raise UserError(f"{path} can't be read ({what}); delete it and run again") from error


def _yaml(path: Path) -> dict:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _parquet(path: Path) -> list[dict]:
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pylist()


def _csv(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: value if key == "scheme" else float(value) if value else None
                 for key, value in row.items()} for row in csv.DictReader(file)]


def _npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
