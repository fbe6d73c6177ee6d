"""A figure per check: theory as lines, simulation as points with 95 % intervals."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe and Ito's palette; colour-blind readers tell them apart, and markers tell them again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888", "#8C510A")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
ALARM, GRID, INK = "#A8290B", "#E4E4E4", "#222222"
SETTINGS = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
            "axes.axisbelow": True, "grid.color": GRID, "lines.linewidth": 1.2, "lines.markersize": 4,
            "pdf.fonttype": 42}


def draw(check, results: list, out: Path) -> Path:
    """Writes calibrate_<name>.png and .pdf into `out`; returns the PNG's path. results: of this check."""
    pooled = [r for r in results if r.seed is None]
    lines, panels = check.lines(), len(check.panels)
    across = panels if panels < 4 else 3 if panels % 3 == 0 else 2
    down = -(-panels // across)
    with rc_context(SETTINGS):
        fig = Figure(figsize=(max(4.8 * across, 7.6), 3.7 * down + 1.0), layout="constrained")
        grid = fig.subplots(down, across, squeeze=False)
        for ax in grid.ravel()[len(check.panels):]:
            ax.axis("off")
        for ax, panel in zip(grid.ravel(), check.panels, strict=False):
            _panel(ax, panel, [line for line in lines if line.panel == panel.name],
                   [r for r in pooled if r.task.panel == panel.name and r.task.x is not None])
        fig.suptitle(check.title, weight="bold", size=12)
        fig.legend(handles=[
            Line2D([], [], color="#444444", label="theory or published"),
            Line2D([], [], color="#444444", marker="o", ls="", label="simulated, 95 % interval (open: upper end)"),
            Line2D([], [], color=ALARM, marker="o", ls="", mfc="none", ms=10, label="deviates (Holm, 1 %)"),
        ], loc="outside lower center", ncols=3, frameon=False, fontsize=8)
        for kind in ("png", "pdf"):
            path, aside = out / f"calibrate_{check.name}.{kind}", out / f".calibrate_{check.name}.part.{kind}"
            fig.savefig(aside, dpi=160, metadata={"CreationDate": None} if kind == "pdf" else {"Software": None})
            aside.replace(path)
    return out / f"calibrate_{check.name}.png"


def _panel(ax: Axes, panel, lines: list, results: list) -> None:
    simulated = {r.task.curve for r in results}
    lines = [line for line in lines if line.curve in simulated or not line.stems]
    ax.set_title("\n".join(textwrap.wrap(panel.name, 60)))
    ax.set(xlabel=panel.xlabel, ylabel=panel.ylabel)
    curves = list(dict.fromkeys([line.curve for line in lines] + [r.task.curve for r in results]))
    looks = {c: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, c in enumerate(curves)}
    floor = None
    if panel.log:
        ax.set_yscale("log")
        seen = [r.outcome.measured for r in results if r.outcome.measured > 0]
        floor = 10 ** np.floor(np.log10(min(seen, default=1e-3)) - 0.3)
        ax.set_ylim(floor, 10 ** np.ceil(np.log10(max(seen, default=1.0)) - 1e-9) * 1.3)
    if panel.ticks:
        ax.set_xticks(range(len(panel.ticks)), panel.ticks)
        ax.margins(x=0.15)
    for line in lines:
        colour = looks[line.curve][0]
        if line.stems:
            ax.vlines(line.x, floor or 0, line.y, color="#999999", lw=0.9)
            ax.plot(line.x, line.y, "_", color=INK, ms=9)
        else:
            ax.plot(line.x, line.y, color=colour)
        if line.low is not None:
            ax.fill_between(line.x, line.low, line.high, color=colour, alpha=0.18, lw=0)
    for curve, (colour, marker) in looks.items():
        if not any(line.curve == curve for line in lines):  # the reference was simulated along with it
            points = sorted((r.task.x, r.outcome.expected) for r in results if r.task.curve == curve)
            ax.plot(*zip(*points, strict=True), color=colour)
        for r in (r for r in results if r.task.curve == curve):
            o = r.outcome
            if floor is not None and o.high <= floor:
                continue  # nothing was expected and nothing seen: below what the figure shows
            y, open_ = (o.measured, False) if not panel.log or o.measured > 0 else (o.high, True)
            low = min(max(o.low, floor or -np.inf), y)
            ax.errorbar(r.task.x, y, [[0 if open_ else y - low], [max(o.high - y, 0)]], color=colour, marker=marker,
                        mfc="white" if open_ else colour, elinewidth=0.9, capsize=2)
            if not r.passed:
                ax.plot(r.task.x, y, "o", mfc="none", mec=ALARM, ms=10)
    if len(curves) > 1:
        ax.legend(handles=[Line2D([], [], color=c, marker=m, label=name) for name, (c, m) in looks.items()],
                  fontsize=7 if len(curves) > 6 else 8)
