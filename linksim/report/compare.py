"""compare: the same schemes on several channels, one panel for each run, on one scale."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.report import caption, style
from linksim.report.store import Run

PANEL, BODY, SIDE = 2.35, 3.1, 1.75  # inches


def draw(folders: list[Path], out: Path) -> list[Path]:
    """Writes compare.png, .pdf and .csv into `out`: the metric over SNR of every scheme that all runs have."""
    runs = [Run.read(folder) for folder in folders]
    shared = [name for name in runs[0].schemes if all(name in run.schemes for run in runs)]
    if len(runs) < 2 or not shared:
        raise UserError("a comparison needs two run folders or more with a scheme of the same name in all of them")
    out.mkdir(parents=True, exist_ok=True)
    with style.settings():
        written = style.save(figure(runs, shared), out, "compare", "png", "pdf")
    return [*written, _csv(runs, shared, out / "compare.csv")]


def figure(runs: list[Run], shared: list[str]):
    """Panels side by side, in the order of the runs; bands are the runs' own intervals."""
    looks, width = style.looks(runs[0]), 0.75 + PANEL * len(runs) + SIDE
    warnings = list(dict.fromkeys(warning for run in runs for warning in run.warnings))
    every = replace(runs[0], provenance={"warnings": warnings})
    title = f"{caption.short(runs[0])} over SNR, by channel"
    fig, (_, bottom, _, _) = style.sheet(every, width, BODY, title, _words(runs))
    top = max(p.get("ap50_hi") or p["ap50"] for run in runs for name in shared for p in run.points(name, "scheme"))
    for i, run in enumerate(runs):
        ax = style.axes(fig, 0.62 + PANEL * i, bottom + 0.6, PANEL - 0.15, BODY - 1.0)
        ends = []
        for name in shared:
            points, look = run.points(name, "scheme"), looks[name]
            x, y, low, high = (np.array([p[k] if p.get(k) is not None else np.nan for p in points], float)
                               for k in ("snr_db", "ap50", "ap50_lo", "ap50_hi"))
            ax.fill_between(x, low, high, color=look.color, alpha=0.14, lw=0)
            ax.plot(x, y, color=look.color, ls=look.dash, lw=look.width, marker=look.marker, clip_on=False,
                    markeredgecolor="white", markeredgewidth=0.6)
            ends.append((name, y[-1], look))
        ax.set(ylim=(0, min(1.0, 1.06 * top)), xlabel="SNR, Es/N0 (dB)")
        ax.set_title(style.short(caption.channel(run), 26), size=style.TEXT)
        if i:
            ax.tick_params(labelleft=False)
        else:
            ax.set_ylabel(caption.metric(run))
    style.label_ends(ax, ends, SIDE)
    return fig


def _words(runs: list[Run]) -> str:
    def told(what: Callable[[Run], str]) -> str:
        return "; ".join(dict.fromkeys(what(run) for run in runs))

    return caption.sentences(*map(told, (caption.data, caption.air, caption.budget, caption.policies)),
                             f"Bands: {told(caption.interval)}")


def _csv(runs: list[Run], shared: list[str], path: Path) -> Path:
    import csv

    columns = ("scheme", "snr_db", "ap50", "ap50_lo", "ap50_hi", "uses", "choice")
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["run", "channel", *columns])
        for run in runs:
            for name in shared:
                for point in run.points(name, "scheme"):
                    table.writerow([run.folder.name, caption.channel(run), *(point.get(c, "") for c in columns)])
    return path
