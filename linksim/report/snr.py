"""map_vs_snr: average precision over SNR, schemes with their 95 % interval, bounds thin and dashed."""

from pathlib import Path

import numpy as np

from linksim.report import caption, style
from linksim.report.store import Run
from linksim.scenario import slug


def draw(run: Run) -> list[Path]:
    """Writes map_vs_snr.png and .pdf, and map_vs_snr_<label> for every further task; a run at one SNR gets one line per
    scheme instead of curves."""
    with style.settings():
        written = style.save(figure(run), run.folder, "map_vs_snr", "png", "pdf")
        for label in run.also:
            judged = run.judged_by(label)
            written += style.save(figure(judged), run.folder, f"map_vs_snr_{slug(label)}", "png", "pdf")
        return written


def figure(run: Run):
    """Curves over SNR, or a line per scheme where there is one SNR."""
    return _curves(run) if len(run.snr_db) > 1 else _lines(run)


def _upto(top: float) -> float:
    """The axis' end: shares end at 1, decibels don't."""
    return 1.06 * top if top > 1 else min(1.0, 1.06 * top) or 1.0


def _words(run: Run, mark: str) -> str:
    bounds = "thin dashed lines are bounds (envelopes: a waterfall taken for a step), not systems" if run.bounds else ""
    return caption.sentences(caption.data(run), caption.air(run), caption.budget(run), caption.policies(run),
                             f"{mark}: {caption.interval(run)}; {bounds}".rstrip("; "))


def _curves(run: Run):
    looks, names = style.looks(run), [(n, "bound") for n in run.bounds] + [(n, "scheme") for n in run.schemes]
    width, side = 6.8, 1.85
    body = max(3.5, 0.36 * len(names) + 0.9)
    fig, (left, bottom, _, _) = style.sheet(run, width, body, f"{caption.short(run)} over SNR, {caption.channel(run)}",
                                             _words(run, "Bands"))
    ax = style.axes(fig, left + 0.62, bottom + 0.6, width - side - 0.62, body - 0.72)
    ends, top = [], 0.0
    for name, kind in names:
        points, look = run.points(name, kind), looks[name]
        x, y, low, high = (np.array([p.get(k) if p.get(k) is not None else np.nan for p in points], float)
                           for k in ("snr_db", "ap50", "ap50_lo", "ap50_hi"))
        if kind == "scheme":
            ax.fill_between(x, low, high, color=look.color, alpha=0.14, lw=0)
            top = max(top, np.nanmax(np.append(high, 0)))
        ax.plot(x, y, color=look.color, ls=look.dash, lw=look.width, marker=look.marker, clip_on=False,
                markeredgecolor="white", markeredgewidth=0.6, zorder=3 if kind == "scheme" else 2.5)
        top = max(top, np.nanmax(np.append(y, 0)))
        seen = y[np.isfinite(y)]
        ends.append((name, seen[-1] if len(seen) else 0.0, look))
    snrs = run.snr_db
    ax.set(xlabel="SNR, Es/N0 (dB)", ylabel=caption.metric(run), ylim=(0, _upto(top)),
           xlim=(snrs[0] - 0.015 * (snrs[-1] - snrs[0]), snrs[-1] + 0.015 * (snrs[-1] - snrs[0])))
    if len(snrs) <= 12:
        ax.set_xticks(snrs, [f"{s:g}" for s in snrs])
    style.label_ends(ax, ends, side)
    return fig


def _lines(run: Run):
    looks = style.looks(run)
    names = [(n, "scheme") for n in run.schemes] + [(n, "bound") for n in run.bounds]
    width, side, texts = 6.8, 2.1, [style.short(name, 23) for name, _ in names]
    tall = np.array([0.14 + 0.16 * (1 + text.count("\n")) for text in texts])
    at, body = np.cumsum(tall) - tall / 2, tall.sum() + 0.8
    title = f"{caption.short(run)} at {run.snr_db[0]:g} dB, {caption.channel(run)}"
    fig, (left, bottom, _, _) = style.sheet(run, width, body, title, _words(run, "Bars"))
    ax = style.axes(fig, left + side, bottom + 0.62, width - side - 0.75, body - 0.72)
    top = max(p[k] or 0 for p in run.table for k in ("ap50", "ap50_hi") if p.get(k) is not None)
    for i, (name, kind) in zip(at, names, strict=True):
        point, look = run.points(name, kind)[0], looks[name]
        if kind == "bound":
            ax.plot([point["ap50"]] * 2, [i - 0.12, i + 0.12], color=look.color, lw=1.6, ls=(0, (2, 1)))
        else:
            if point.get("ap50_lo") is not None:
                ax.plot([point["ap50_lo"], point["ap50_hi"]], [i, i], color=look.color, alpha=0.5, lw=4)
            ax.plot(point["ap50"], i, color=look.color, marker=look.marker, ms=8, mec="white")
        ax.annotate(f"{point['ap50']:.3f}".removeprefix("0"), (1, i), (8, 0), va="center",
                    xycoords=("axes fraction", "data"), textcoords="offset points",
                    color=style.SOFT if kind == "bound" else style.INK)
    ax.set(xlim=(0, _upto(top)), ylim=(tall.sum(), 0), xlabel=caption.metric(run))
    ax.set_yticks(at, texts, size=style.TEXT - 0.5)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    return fig
