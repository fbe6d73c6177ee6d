"""The run's table for a terminal: AP50 with its interval per scheme and SNR, channel uses by purpose."""

import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from linksim.link.burst import PURPOSES
from linksim.report import caption
from linksim.report.store import Run

HEADS = {"payload": "payload", "side_information": "side info", "coding": "coding",
         "crc_filler": "CRC, filler", "pilots": "pilots"}
CELL = 9  # characters of one SNR column, padding included


def print_table(run_dir: Path, console: Console) -> None:
    """Print both tables of the run folder `run_dir`; SNR columns are broken to the console's width."""
    run = Run.read(Path(run_dir))
    for snrs in _chunks(run.snr_db, max(2, (console.width - _longest(run) - 4) // CELL)):
        console.print(_scores(run, snrs))
    console.print(_uses(run))
    words = caption.sentences(caption.data(run), caption.interval(run))
    console.print(words, style="dim", markup=False, highlight=False)
    for warning in run.warnings:
        console.print("Warning:", warning, style="bold red", markup=False, highlight=False)


def cell(point: dict | None) -> str:
    """One point as two lines: the value, and its interval where there is one."""
    if point is None or point.get("ap50") is None:
        return "-"
    low, high = point.get("ap50_lo"), point.get("ap50_hi")
    both = "" if low is None or high is None else f"\n[dim]{_short(low, 2)}-{_short(high, 2)}[/dim]"
    return _short(point["ap50"], 3) + both


def _scores(run: Run, snrs: list[float]) -> Table:
    title = f"{caption.short(run)} with its 95 % interval over SNR (dB), {caption.channel(run)}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("scheme", max_width=_longest(run))
    for snr in snrs:
        table.add_column(f"{snr:g}", justify="right", no_wrap=True)
    for name in run.schemes:
        at = {point["snr_db"]: point for point in run.points(name)}
        table.add_row(name, *(cell(at.get(snr)) for snr in snrs))
    for name in run.bounds:
        at = {p["snr_db"]: p | {"ap50_lo": None} for p in run.points(name, "bound")}
        table.add_row(_bound(name), *(cell(at.get(snr)) for snr in snrs), style="dim")
    return table


def _uses(run: Run) -> Table:
    table = Table(title="\nChannel uses per picture by purpose, mean over SNR; pictures lost",
                  title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("scheme", max_width=_longest(run))
    for head in (*HEADS.values(), "total", "lost"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in run.schemes:
        points = run.points(name)
        split = {purpose: sum(run.split(p)[purpose] for p in points) / len(points) for purpose in PURPOSES}
        lost = [100 * (p.get("lost") or 0) for p in points]
        table.add_row(name, *(f"{value:,.0f}" for value in split.values()), f"{sum(split.values()):,.0f}",
                      _range(min(lost), max(lost)))
    return table


def _range(low: float, high: float) -> str:
    low, high = f"{low:.0f}", f"{high:.0f}"
    return f"{low} %" if low == high else f"{low}-{high} %"


def _bound(name: str) -> str:
    return name if "bound" in name else f"{name} (bound)"


def _longest(run: Run) -> int:
    names = run.schemes + [_bound(name) for name in run.bounds]
    return min(24, max(map(len, names)) + 1)


def _chunks(values: list, most: int) -> list[list]:
    parts = math.ceil(len(values) / most)
    size = math.ceil(len(values) / parts)
    return [values[i : i + size] for i in range(0, len(values), size)]


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0") else text
