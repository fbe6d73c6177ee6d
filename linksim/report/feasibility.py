"""feasibility: semantic similarity over the number of features sent, and where it has reached its plateau."""

from pathlib import Path

import numpy as np

from linksim.report import caption, style
from linksim.report.store import Run

PARSING, EXPLICIT = "#EAF2F8", "#EAF5EF"


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
        "the others are not", f"L_opt: {found['definition']}, interpolated over log2 L; there a picture takes "
        f"{found['uses']:,.0f} channel uses" + (", and its interval stands at the line" if known else ""),
        f"Band and L_opt: {caption.interval(run)}", f"Similarity: {found['metric_label']}",
        caption.data(run), caption.air(run))
    width, body = 6.8, 3.6
    title = f"How many features a picture needs, {caption.channel(run)}"
    fig, (left, bottom, _, _) = style.sheet(run, width, body, title, words)
    ax = style.axes(fig, left + 0.72, bottom + 0.6, width - 0.95, body - 0.85)
    ax.set(xscale="log", xlim=(x[0] / 1.1, x[-1] * 1.1), ylim=(0, 1.12), xlabel="features sent, L",
           ylabel="semantic similarity")
    ax.axvspan(ax.get_xlim()[0], best, color=PARSING, lw=0)
    ax.axvspan(best, ax.get_xlim()[1], color=EXPLICIT, lw=0)
    if known:
        ax.axvspan(low, high, color=style.SOFT, alpha=0.22, lw=0)
        ax.fill_between(x, [row[f"{name}_lo"] for row in run.feasibility],
                        [row[f"{name}_hi"] for row in run.feasibility], color=look.color, alpha=0.2, lw=0)
    ax.axvline(best, color=style.INK, lw=1.1, ls=(0, (4, 2)))
    ax.axhline(found["plateau"], color=style.SOFT, lw=0.9, ls=(0, (1, 1.5)))
    ax.plot(x, y, color=look.color, marker=look.marker, lw=look.width, markeredgecolor="white", markeredgewidth=0.6)
    start, end = (np.log(v) for v in ax.get_xlim())
    share = (np.log(best) - start) / (end - start)  # of the axis that lies left of L_opt
    for region, middle, room in (("semantic-parsing", share / 2, share),
                                 ("semantic-explicit", (1 + share) / 2, 1 - share)):
        ax.text(middle, 0.975, f"{region}\nregion" if room < 0.32 else f"{region} region", transform=ax.transAxes,
                ha="center", va="top", size=style.TEXT - 0.5, color=style.INK)
    interval = f" ({low:.0f} to {high:.0f})" if known else ""
    right = share > 0.6
    ax.annotate(f"L_opt = {best:.0f}{interval}", (best, 0.06), (-7 if right else 7, 0), textcoords="offset points",
                ha="right" if right else "left", va="bottom", size=style.TEXT)
    ticks = [2**i for i in range(12) if x[0] <= 2**i <= x[-1]]
    ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
    ax.minorticks_off()
    return fig
