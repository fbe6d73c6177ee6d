"""How every figure looks: a colour and marker per scheme, type sizes, the sheet with caption and warnings."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from linksim.report.store import Run

# Okabe and Ito's palette, told apart by colour-blind readers, and two more; markers tell the rest and survive a grey
# print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7B4B2A", "#6A3D9A")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (2, 1, 2, 3)))
INK, SOFT, GRID, ALARM, PALE = "#222222", "#666666", "#E4E4E4", "#A8290B", "#FDF0EB"
TEXT, SMALL = 10.0, 8.0  # points on a sheet 6.4 inches wide: 5.5 and 4.4 in a single column of 3.5

SETTINGS = {
    "font.family": "DejaVu Sans", "font.size": TEXT, "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": SOFT, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": GRID, "grid.linewidth": 0.8,
    "xtick.color": INK, "ytick.color": INK, "xtick.major.size": 3, "ytick.major.size": 3,
    "lines.linewidth": 1.8, "lines.markersize": 5.5, "lines.solid_capstyle": "round",
    "pdf.fonttype": 42, "svg.hashsalt": "linksim",
}


@dataclass(frozen=True)
class Look:
    """How one curve is drawn; the same over all figures."""

    color: str
    marker: str
    dash: str | tuple = "-"
    width: float = 1.8


def looks(run: Run) -> dict[str, Look]:
    """Scheme, series or bound -> look. Schemes of a series look alike. A bound is thin and dashed, in the colour of the
    scheme it belongs to; the bounds of a scheme differ in their dashes."""
    found: dict[str, Look] = {}
    for name in run.schemes:
        curve, i = run.series.get(name, name), len({id(look) for look in found.values()})
        look = found.setdefault(curve, Look(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]))
        found[name] = look
    dashes: dict[str, tuple] = {}
    for name in run.bounds:
        owner = run.owner(name)
        series = run.series.get(owner)
        called = name.replace(owner, series, 1) if series else name
        dash = dashes.setdefault(called, DASHES[len(dashes) % len(DASHES)])
        look = Look(found[owner].color if owner else SOFT, "", dash, 1.1)
        found.setdefault(name, look)
        found.setdefault(called, look)
    return found


def settings():
    """Context in which figures are made and saved."""
    return matplotlib.rc_context(SETTINGS)


def sheet(run: Run, width: float, body: float, title: str, caption: str) -> tuple[Figure, tuple]:
    """A figure `width` inches wide with title and warnings above and the caption below a free area.

    Returns the figure and that area's (left, bottom, width, height) in inches; its height is `body`.
    """
    def wrap(text: str, size: float) -> list[str]:
        return textwrap.wrap(text, int((width - 0.3) * 72 / (0.535 * size)), break_on_hyphens=False)

    notes = [line for text in run.warnings for line in wrap(f"Warning: {text}", SMALL)]
    words = wrap(caption, SMALL)
    line, top = 1.42 * SMALL / 72, 0.42
    foot, head = 0.14 + line * len(words), top + (line * len(notes) + 0.16 if notes else 0)
    height = foot + body + head
    fig = Figure(figsize=(width, height))
    fig.text(0.15 / width, 1 - 0.3 / height, title, size=TEXT + 2, weight="bold", va="baseline")
    if notes:
        fig.text(0.2 / width, 1 - (top + 0.02) / height, "\n".join(notes), size=SMALL, color=ALARM, va="top",
                 linespacing=1.2, bbox={"boxstyle": "square,pad=0.35", "fc": PALE, "ec": ALARM, "lw": 0.8})
    fig.text(0.15 / width, (foot - 0.06) / height, "\n".join(words), size=SMALL, color=SOFT, va="top",
             linespacing=1.2)
    return fig, (0.0, foot, width, body)


def axes(fig: Figure, left: float, bottom: float, width: float, height: float, **kwargs) -> Axes:
    """Axes placed in inches from the sheet's lower left corner."""
    w, h = fig.get_size_inches()
    return fig.add_axes((left / w, bottom / h, width / w, height / h), **kwargs)


def spread(wanted: np.ndarray, heights: np.ndarray, low: float, high: float) -> np.ndarray:
    """Centres of labels of the given heights, near `wanted`, without overlap, in [low, high] if they fit."""
    order = np.argsort(wanted, kind="stable")
    y, h = np.asarray(wanted, float)[order], np.asarray(heights, float)[order]
    offset = np.concatenate([[0.0], np.cumsum((h[1:] + h[:-1]) / 2)])
    # y' - offset must not decrease: isotonic regression by pooling neighbours that violate it
    pools: list[list[float]] = []
    for value in y - offset:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    placed = np.repeat([p[0] for p in pools], [int(p[1]) for p in pools])
    room = max(high - h[-1] / 2 - offset[-1], low + h[0] / 2)
    out = np.empty(len(y))
    out[order] = np.clip(placed, low + h[0] / 2, room) + offset
    return out


def label_ends(ax: Axes, curves: list[tuple[str, float, Look]], width: float) -> None:
    """Names the curves right of `ax` beside their ends. curves: (name, last y, look); width in inches."""
    fig = ax.figure
    w, h = fig.get_size_inches()
    box = ax.get_position()
    tall = box.height * h
    side = axes(fig, box.x1 * w, box.y0 * h, width, tall, xlim=(0, width), ylim=(0, tall))
    side.axis("off")
    names = [short(name, int((width - 0.55) * 72 / (0.56 * (TEXT - 1)))) for name, *_ in curves]
    heights = np.array([((1 + name.count("\n")) * 1.2 + 0.45) * (TEXT - 1) / 72 for name in names])
    low, high = ax.get_ylim()
    ends = np.array([(y - low) / (high - low) * tall for _, y, _ in curves])
    places = spread(ends, heights, -0.15, tall + 0.15)
    for name, end, y, (_, _, look) in zip(names, ends, places, curves, strict=True):
        side.plot([0.05, 0.18], [end, y], color=look.color, lw=0.7, alpha=0.6, clip_on=False)
        side.plot([0.18, 0.3, 0.42], [y] * 3, color=look.color, ls=look.dash, lw=look.width,
                  marker=look.marker, markevery=[1], clip_on=False)
        side.text(0.5, y, name, size=TEXT - 1, va="center", color=INK, linespacing=1.15)


def marker(ax: Axes, point: tuple, shift: float, look: Look) -> None:
    """A scheme's marker, `shift` points right of a data point, also outside the axes."""
    place = ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)
    ax.plot(*point, transform=place, color=look.color, marker=look.marker, clip_on=False)


def short(text: str, width: int, lines: int | None = None) -> str:
    """`text` on lines of `width` characters, at most `lines` of them."""
    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder=" \u2026", break_on_hyphens=False)
    return "\n".join(wrapped)


def save(fig: Figure, folder: Path, name: str, *kinds: str, dpi: float = 200) -> list[Path]:
    """Writes the figure aside and renames, one file per kind ("png", "pdf"); no dates in the files."""
    written = []
    for kind in kinds:
        path, aside = folder / f"{name}.{kind}", folder / f".{name}.part.{kind}"
        stamp = {"CreationDate": None} if kind == "pdf" else {"Software": None}
        fig.savefig(aside, dpi=dpi, metadata=stamp)
        written.append(aside.replace(path))
    return written
