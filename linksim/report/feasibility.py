"""feasibility: semantic similarity over the number of features sent, and where it has reached its plateau."""

from pathlib import Path

import numpy as np

from linksim.report import caption, style
from linksim.report.store import Run

PARSING, EXPLICIT = "#FBF0DC", "#DFF1E8"


def draw(run: Run) -> list[Path]:
    """Writes feasibility.png and .pdf."""
    with style.settings():
        return style.save(figure(run), run.folder, "feasibility", "png", "pdf")


def figure(run: Run):
    """One curve with its band; both regions shaded and named; L_opt with its interval."""
    found, name = run.found, run.found["metric"]
    x, y = np.array([[row["features"], row[name]] for row in run.feasibility]).T
    best, low, high = found["optimum"], found.get("optimum_lo"), found.get("optimum_hi")
    known = low is not None
    look = style.looks(run).get(found["scheme"], style.Look(style.SOFT, "o"))
    words = caption.sentences(
        f"The heaviest features of each picture are sent by \u201c{found['scheme']}\u201d at {found['snr_db']:g} dB, "
        "the others are not", f"L_opt: {found['definition']}, interpolated linearly; there a picture takes "
        f"{found['uses']:,.0f} channel uses" + (", and the grey band is its interval" if known else ""),
        f"Band and L_opt: {caption.interval(run)}", f"Similarity: {found['metric_label']}",
        caption.data(run), caption.air(run))
    width, body = 6.8, 3.6
    title = f"How many features a picture needs, {caption.channel(run)}"
    fig, (left, bottom, _, _) = style.sheet(run, width, body, title, words)
    ax = style.axes(fig, left + 0.72, bottom + 0.6, width - 0.95, body - 1.0)
    ax.set(xlim=(0, 1.02 * x[-1]), ylim=(0, 1), xlabel="features sent, L", ylabel="semantic similarity")
    ax.axvspan(ax.get_xlim()[0], best, color=PARSING, lw=0)
    ax.axvspan(best, ax.get_xlim()[1], color=EXPLICIT, lw=0)
    if known:
        ax.axvspan(low, high, color=style.SOFT, alpha=0.22, lw=0)
        ax.fill_between(x, [row[f"{name}_lo"] for row in run.feasibility],
                        [row[f"{name}_hi"] for row in run.feasibility], color=look.color, alpha=0.2, lw=0)
    ax.axvline(best, color=style.INK, lw=1.1, ls=(0, (4, 2)))
    ax.axhline(found["plateau"], color=style.SOFT, lw=0.9, ls=(0, (1, 1.5)))
    ax.plot(x, y, color=look.color, marker=look.marker, lw=look.width, markeredgecolor="white", markeredgewidth=0.6)
    for text, at, side, shade in (("semantic-parsing region, $L < L_\\mathrm{opt}$", 0, "left", PARSING),
                                  ("semantic-explicit region, $L \\geq L_\\mathrm{opt}$", 1, "right", EXPLICIT)):
        ax.text(at, 1.035, text, transform=ax.transAxes, ha=side, va="bottom", size=style.TEXT - 0.5,
                bbox={"boxstyle": "square,pad=0.25", "fc": shade, "ec": "none"})
    interval = f" ({low:.0f} to {high:.0f})" if known else ""
    right = best > 0.6 * x[-1]
    edge = (low if right else high) if known else best
    ax.annotate(f"$L_\\mathrm{{opt}}$ = {best:.0f}{interval}", (edge, 0.04), (-6 if right else 6, 0),
                textcoords="offset points", ha="right" if right else "left", va="bottom")
    return fig
