"""MCS tables 1 and 2 of TS 38.214 on AWGN against Sionna's block-error tables."""

from linksim.link.mcs import TABLES
from linksim.theory import simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.checks import blocks
from linksim.theory.published import table

PANELS = {(number, size): f"table {number}, code blocks of {size} bits" for number in "12" for size in (100, 1000)}
NORMAL = 9_000  # information bits per point and seed at scale 1


def _entries(number: str, size: int):
    """(MCS, rows) of the entries; at BLER below .02 or above .98 they say little and cost as much."""
    rows = [row for row in table("mcs_bler") if row["table"] == number and int(row["block_bits"]) == size
            and 0.02 < int(row["block_errors"]) / int(row["blocks"]) < 0.98]
    for (index,), several in blocks.curves(rows, "mcs"):
        yield TABLES[f"table{number}"][int(index)], several


def build(effort: Effort) -> list[Task]:
    tasks, point = [], 0
    link = {"transport": {"rule": "boxplus-phi", "iterations": 20}}
    for (number, size), panel in PANELS.items():
        for mcs, rows in _entries(number, size):
            q = mcs.bits_per_symbol
            sent = -(-size * 1024 // round(mcs.rate * 1024 * q)) * q
            for row in rows:
                errors, total = int(row["block_errors"]), int(row["blocks"])
                # the most telling entry of each MCS; the others too where there is time
                nearest = min(rows, key=lambda r: abs(int(r["block_errors"]) / int(r["blocks"]) - 0.5))
                if effort.scale > 1 or row is nearest:
                    snr_db = float(row["snr_db"])
                    tasks.append(blocks.task(panel, f"MCS {mcs.index}", snr_db, snr_db, (size, sent, q),
                                             lambda: simulate.link({"model": "awgn"}, **link), (errors, total),
                                             effort.of(NORMAL / size, 6), 2000 + point,
                                             (number, size, mcs.index) in {("1", 100, 12), ("2", 100, 22)}))
                point += 1
    return tasks


def lines() -> list[Line]:
    return [blocks.rate_line(panel, f"MCS {mcs.index}", [
        (float(r["snr_db"]), int(r["block_errors"]), int(r["blocks"])) for r in rows])
        for (number, size), panel in PANELS.items() for mcs, rows in _entries(number, size)]


CHECK = Check(
    "mcs", "MCS tables 1 and 2",
    "One code block of 100 or 1,000 bits at the modulation and code rate of each MCS on AWGN, 20 iterations of "
    "boxplus-phi, against the block-error tables that come with Sionna 1.2.2 (MCS 3 and 2 upwards). Their counts are "
    "recovered from the rates: batches of 100 blocks until 500 errors or 3,000 blocks.",
    tuple(Panel(name, "Es/N0 (dB)", "block-error rate", log=False) for name in PANELS.values()), build, lines)
