"""uses_by_purpose: channel uses per picture of each scheme, stacked by purpose.

A scheme whose split changes with the SNR is shown at the lowest, middle and highest point."""

from pathlib import Path

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from linksim.link.burst import PURPOSES
from linksim.report import caption, style
from linksim.report.store import Run

# An ordered palette (cividis) on purpose: these are parts of one bar, not schemes.
SHADES = dict(zip(PURPOSES, ("#00336F", "#5D6573", "#948E77", "#D0BE67", "#FFE945"), strict=True))
WORDS = {"payload": "payload", "side_information": "side information", "coding": "channel coding",
         "crc_filler": "CRC and filler", "pilots": "pilots"}


def shown(run: Run, name: str) -> list[dict]:
    """The points a scheme is shown at: one if its uses are the same at every SNR (within 1 %), else three."""
    points = run.points(name)
    if name in run.series:  # many bars: the middle one speaks for the scheme
        return [points[len(points) // 2]]
    table = np.array([list(run.split(p).values()) for p in points])
    if len(points) == 1 or (np.ptp(table, axis=0) <= 0.01 * max(table.sum(1).max(), 1)).all():
        return points[:1]
    return [points[i] for i in sorted({0, len(points) // 2, len(points) - 1})]


def draw(run: Run) -> list[Path]:
    """Writes uses_by_purpose.png and .pdf."""
    with style.settings():
        return style.save(figure(run), run.folder, "uses_by_purpose", "png", "pdf")


def figure(run: Run):
    """Bars per scheme, a legend of purposes above them."""
    groups = [(name, shown(run, name)) for name in run.schemes]
    width, side, step, gap = 6.8, 2.3, 0.27, 0.2
    tall = sum(step * len(points) + gap for _, points in groups)
    words = caption.sentences("Complex channel uses per picture, mean over pictures and draws",
                              caption.budget(run), "one bar where the split is the same at every SNR, else "
                              "the lowest, the middle and the highest" + (
                                  "; of schemes at several budgets the middle" if run.series else ""))
    title = "Channel uses per picture by purpose"
    fig, (left, bottom, _, body) = style.sheet(run, width, tall + 0.95, title, words)
    ax = style.axes(fig, left + side, bottom + 0.58, width - side - 0.75, tall)
    total = max(sum(run.split(p).values()) for _, points in groups for p in points) or 1.0
    y = 0.0
    for name, points in groups:
        several, start = len(points) > 1, y
        for point in points:
            at, uses = 0.0, run.split(point)
            for purpose, value in uses.items():
                ax.barh(y + step / 2, value, step * 0.86, left=at, color=SHADES[purpose], lw=0)
                if value > 0.085 * total:
                    ax.text(at + value / 2, y + step / 2, f"{value:,.0f}", size=style.SMALL, ha="center",
                            va="center_baseline", color="white" if purpose in PURPOSES[:2] else style.INK)
                at += value
            end = f"{at:,.0f}"
            ax.annotate(end, (at, y + step / 2), (5, 0), textcoords="offset points", va="center_baseline",
                        size=style.TEXT - 1)
            if several:
                ax.annotate(f"{point['snr_db']:g} dB", (0, y + step / 2), (-5, 0), textcoords="offset points",
                            ha="right", va="center_baseline", size=style.SMALL, color=style.SOFT)
            y += step
        look = style.looks(run)[name]
        middle, edge = (start + y) / 2, -44 if several else -8
        ax.annotate(style.short(name, 18 if several else 23), (0, middle), (edge - 12, 0),
                    textcoords="offset points", ha="right", va="center", size=style.TEXT - 0.5)
        style.marker(ax, (0, middle), edge - 4, look)
        y += gap
    ax.set(xlim=(0, total), ylim=(tall - gap / 2, -gap / 2), xlabel="channel uses per picture", yticks=[])
    ax.xaxis.set_major_locator(MaxNLocator(5))  # more would run into each other at five digits
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
    ax.grid(False, axis="y")
    used = [p for p in PURPOSES if any(run.split(r)[p] > 0 for _, points in groups for r in points)]
    handles = [Patch(color=SHADES[p], lw=0, label=WORDS[p]) for p in used]
    fig.legend(handles=handles, loc="upper left", ncols=len(used), frameon=False, fontsize=style.SMALL + 0.5,
               bbox_to_anchor=(0.12 / width, (bottom + body + 0.02) / fig.get_figheight()), handlelength=1.1,
               columnspacing=1.2, handletextpad=0.5, borderaxespad=0)
    return fig
