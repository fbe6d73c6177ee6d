"""symbols_vs_mu: what the threshold saves (channel uses, features kept), what it costs where measured."""

from pathlib import Path

import numpy as np

from linksim.report import caption, style
from linksim.report.store import Run

PANELS = (("uses", "channel uses\nper picture"), ("kept", "features kept"), ("ap50", "AP50"))


def draw(run: Run) -> list[Path]:
    """Writes symbols_vs_mu.png and .pdf: one panel per quantity over a common axis."""
    with style.settings():
        return style.save(figure(run), run.folder, "symbols_vs_mu", "png", "pdf")


def figure(run: Run):
    """A panel per quantity, one above the other."""
    panels = [(key, label) for key, label in PANELS if any(row.get(key) is not None for row in run.mu)]
    names, looks = list(dict.fromkeys(row["scheme"] for row in run.mu)), style.looks(run)
    width, side, tall, gap = 6.8, 1.85 if len(names) > 1 else 0.3, 1.45, 0.2
    body = len(panels) * (tall + gap) + 0.5
    words = caption.sentences("Line: mean over the test pictures; band: its 95 % interval; uses include "
                              "header, CRC and pilots", caption.data(run), caption.air(run),
                              f"Of scores: {caption.interval(run)}")
    title = f"What the threshold \u03bc saves, {caption.channel(run)}"
    fig, (left, bottom, _, _) = style.sheet(run, width, body, title, words)
    for i, (key, label) in enumerate(panels):
        base = bottom + 0.58 + (len(panels) - 1 - i) * (tall + gap)
        ax = style.axes(fig, left + 1.1, base, width - side - 1.1, tall)
        ends, top = [], 0.0
        for name in names:
            rows = [r for r in run.mu if r["scheme"] == name and r.get(key) is not None]
            rows.sort(key=lambda row: row["mu"])
            if not rows:
                continue
            look = looks.get(name) or style.Look(style.SOFT, "o")
            x, y = np.array([[r["mu"], r[key]] for r in rows]).T
            if f"{key}_lo" in rows[0] and rows[0][f"{key}_lo"] is not None:
                low, high = np.array([[r[f"{key}_lo"], r[f"{key}_hi"]] for r in rows]).T
                ax.fill_between(x, low, high, color=look.color, alpha=0.16, lw=0)
                top = max(top, high.max())
            ax.plot(x, y, color=look.color, marker=look.marker, lw=look.width, markeredgecolor="white",
                    markeredgewidth=0.6, clip_on=False, zorder=3)
            top = max(top, y.max())
            ends.append((name, y[-1], look))
        values = sorted({row["mu"] for row in run.mu})
        pad = 0.5 if len(values) == 1 else 0
        if key == "ap50":
            snr_db = run.mu[0].get("snr_db")
            label = caption.short(run) + (f"\nat {snr_db:g} dB" if snr_db is not None else "")
        ax.set(ylabel=label, ylim=(0, 1.06 * top or 1), xlim=(values[0] - pad, values[-1] + pad))
        ax.yaxis.set_label_coords(-0.68 / (width - side - 1.1), 0.5)
        ax.yaxis.set_major_formatter({"uses": lambda v, _: f"{v:,.0f}", "kept": lambda v, _: f"{v:.0%}",
                                      "ap50": lambda v, _: f"{v:.2f}"}[key])
        if i < len(panels) - 1:
            ax.tick_params(labelbottom=False)
        else:
            ax.set_xlabel("threshold \u03bc on the weight of a feature")
        if i == 0 and len(names) > 1:
            style.label_ends(ax, ends, side)
    return fig
