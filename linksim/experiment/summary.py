"""The tables that end a run, from its folder alone."""

from pathlib import Path

import pyarrow.parquet as pq
from rich.table import Table

from linksim.link.burst import PURPOSES


def summary(folder: Path) -> list[Table]:
    """The metric with its 95 % interval per scheme and SNR, and channel uses per picture by purpose."""
    lines = pq.read_table(folder / "table.parquet").to_pylist()
    points = [line for line in lines if line["kind"] == "scheme"]
    names = list(dict.fromkeys(line["scheme"] for line in points))
    metric = next(key.removesuffix("_lo") for key in points[0] if key.endswith("_lo")) if any(
        key.endswith("_lo") for key in points[0]) else "psnr_db"
    return [_scores(points, names, metric), _uses(points, names)]


def _scores(points: list[dict], names: list[str], metric: str) -> Table:
    table = Table("SNR dB", *names, title=f"{metric.upper()} with its 95 % interval")
    for snr_db in sorted({line["snr_db"] for line in points}):
        at = {line["scheme"]: line for line in points if line["snr_db"] == snr_db}
        table.add_row(f"{snr_db:g}", *(_score(at[name], metric) if name in at else "" for name in names))
    return table


def _score(line: dict, metric: str) -> str:
    value, low, high = (line.get(metric + end) for end in ("", "_lo", "_hi"))
    return f"{value:.3f}" + (f" [{low:.2f}, {high:.2f}]" if low is not None else "")


def _uses(points: list[dict], names: list[str]) -> Table:
    table = Table("channel uses per picture", "total", *(purpose.replace("_", " ") for purpose in PURPOSES),
                  title="Channel uses per picture by purpose, mean over pictures and SNRs")
    for name in names:
        own = [line for line in points if line["scheme"] == name]
        keys = ["uses", *(f"uses_{purpose}" for purpose in PURPOSES)]
        table.add_row(name, *(f"{sum(line.get(key) or 0 for line in own) / len(own):,.0f}" for key in keys))
    return table
