"""MCS tables 1 and 2 of TS 38.214 on AWGN against Sionna's block-error tables."""

import numpy as np

from linksim.link.mcs import TABLES
from linksim.theory import simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.checks import blocks
from linksim.theory.published import table

SIZES = (24, 100, 500, 1000, 2000)  # bits of a code block
PANELS = {(number, size): f"table {number}, code blocks of {size} bits" for size in SIZES for number in "12"}
NEAREST, OTHERS = "at the SNR of a BLER nearest to 1/2", "at other SNRs (--thorough)"
NORMAL = 3_500  # information bits per point and seed at scale 1


def _entries(number: str, size: int):
    """(MCS, curve, row) of the entries between 2 % and 98 %: beyond they say little and cost as much."""
    rows = [row for row in table("mcs_bler") if row["table"] == number and int(row["block_bits"]) == size
            and 0.02 < _rate(row) < 0.98]
    for (index,), several in blocks.curves(rows, "mcs"):
        ranked = sorted(several, key=lambda row: abs(_rate(row) - 0.5))
        for curve, row in zip((NEAREST, *[OTHERS] * len(ranked)), ranked, strict=False):
            yield TABLES[f"table{number}"][index], curve, row


def _rate(row) -> float:
    return int(row["block_errors"]) / int(row["blocks"])


def build(effort: Effort) -> list[Task]:
    tasks = []
    link = {"transport": {"rule": "boxplus-phi", "iterations": 20}}
    for (number, size), panel in PANELS.items():
        for point, (mcs, curve, row) in enumerate(_entries(number, size)):
            q = mcs.bits_per_symbol
            sent = -(-size * 1024 // round(mcs.rate * 1024 * q)) * q
            if curve == NEAREST or effort.scale > 1:
                tasks.append(blocks.task(
                    panel, curve, mcs.index, float(row["snr_db"]), (size, sent, q),
                    lambda: simulate.link({"model": "awgn"}, **link), (int(row["block_errors"]), int(row["blocks"])),
                    effort.of(NORMAL / size, blocks.least(_rate(row))), 10_000 * int(number) + 4 * size + point,
                    (number, size, mcs.index) in {("1", 100, 12), ("2", 100, 22)}))
    return tasks


def lines() -> list[Line]:
    found = []
    for (number, size), panel in PANELS.items():
        for curve in (NEAREST, OTHERS):
            points = [(mcs.index, _rate(row)) for mcs, name, row in _entries(number, size) if name == curve]
            if points:
                found.append(Line(panel, curve, *np.array(points).T, stems=True))
    return found


CHECK = Check(
    "mcs", "MCS tables 1 and 2",
    "One code block of 24 to 2,000 bits at the modulation and code rate of each MCS on AWGN, 20 iterations of "
    "boxplus-phi, against the block-error tables that come with Sionna 1.2.2 (MCS 3 and 2 upwards). Their counts are "
    "recovered from the rates: batches of 100 blocks until 500 errors or 3,000 blocks.",
    tuple(Panel(name, "MCS index", "block-error rate", log=False) for name in PANELS.values()), build, lines)
