"""Paired comparison: two schemes of one run on the same resampled pictures.

Every scheme was judged on the same pictures over the same draws, and a run keeps the score of every bootstrap resample
(bootstrap.npz). Resample w has the same pictures, each with all of its rows, for every scheme, so that with S_w and R_w
the scores of a scheme and of the reference

    difference  S - R         95 % interval: percentiles 2.5 and 97.5 of S_w - R_w
    ratio       S / R         likewise, of S_w / R_w
    loss        (R - S) / R   upper 95 % bound: percentile 95 of (R_w - S_w) / R_w

what the pictures have in common cancels (paired cluster bootstrap, percentile method: Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapters 8 and 13). Where R_w is 0 neither ratio nor loss says anything: such
resamples are left out of them.
"""

import csv
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from linksim.report.store import Run


@dataclass(frozen=True)
class Pair:
    """A scheme or bound beside the reference at one SNR. loss_upper: one-sided."""

    scheme: str
    kind: str
    snr_db: float
    difference: float
    difference_lo: float
    difference_hi: float
    ratio: float
    ratio_lo: float
    ratio_hi: float
    loss: float
    loss_upper: float


def reference(run: Run) -> str | None:
    """The scheme, or the series, that all are compared with: the scenario's `against`, or its first one; None where
    nothing can be."""
    name = run.scenario.get("against") or next(iter(run.schemes), None)
    judged = {key.split("/", 3)[3] for key in run.resampled if key.startswith("scheme/")}
    return run.series.get(name, name) if judged & {name, *_members(run, name)} else None


def partner(run: Run, name: str, other: str) -> str | None:
    """Whom a scheme or bound is compared with: the reference, of a series its scheme at the same budget."""
    if other not in run.series.values():
        return other if name != other else None
    owner = name if name in run.schemes else run.owner(name)
    budget = owner.removeprefix(run.series[owner]) if owner in run.series else ""
    beside = next((one for one in _members(run, other) if one == other + budget), None)
    return beside if name != beside else None


def _members(run: Run, series: str) -> list[str]:
    return [name for name, its in run.series.items() if its == series]


def pair(run: Run, name: str, other: str, snr_db: float) -> Pair | None:
    """`name` beside `other`, schemes or bounds, at one SNR; None where either wasn't resampled there, or they
    weren't on as many rows."""
    lines = {row["scheme"]: row for row in run.table if row["snr_db"] == snr_db}
    if not {name, other} <= set(lines) or lines[name]["rows"] != lines[other]["rows"]:
        return None
    s, r = (run.resampled.get(f"{lines[one]['kind']}/{snr_db:g}/{run.key}/{one}") for one in (name, other))
    if s is None or r is None or len(s) != len(r):
        return None
    a, b, some = lines[name]["ap50"], lines[other]["ap50"], r > 0
    ratios = s[some] / r[some] if some.any() else np.array([np.nan])
    low, high = np.percentile(s - r, (2.5, 97.5))
    ratio_low, ratio_high = np.percentile(ratios, (2.5, 97.5))
    ratio = a / b if b else float("nan")
    return Pair(name, lines[name]["kind"], snr_db, a - b, float(low), float(high), ratio, float(ratio_low),
                float(ratio_high), 1 - ratio, float(np.percentile(1 - ratios, 95)))


def pairs(run: Run, other: str) -> list[Pair]:
    """All schemes and bounds beside `other`, a scheme or a series, at every SNR."""
    partners = {name: partner(run, name, other) for name in (*run.schemes, *run.bounds)}
    found = (pair(run, name, beside, snr) for name, beside in partners.items() if beside for snr in run.snr_db)
    return [one for one in found if one]


def write(run: Run) -> list[Path]:
    """Writes paired.csv where the run kept its resamples."""
    other = reference(run)
    found = pairs(run, other) if other else []
    if not found:
        return []
    path = run.folder / "paired.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, ["against", *asdict(found[0])])
        out.writeheader()
        out.writerows({"against": other} | asdict(one) for one in found)
    return [path]
