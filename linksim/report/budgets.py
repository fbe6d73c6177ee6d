"""map_vs_uses: average precision over channel uses, a panel per SNR, for schemes that ran at several budgets."""

from pathlib import Path

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from linksim.report import caption, style
from linksim.report.store import Run
from linksim.scenario import slug

PANEL, TALL, GAP, COLUMNS = 2.0, 1.75, 0.55, 3  # inches, but for the number of columns


def draw(run: Run) -> list[Path]:
    """Writes map_vs_uses.png and .pdf, and map_vs_uses_<label> for every further task."""
    with style.settings():
        written = style.save(figure(run), run.folder, "map_vs_uses", "png", "pdf")
        for label in run.also:
            written += style.save(figure(run.judged_by(label)), run.folder, f"map_vs_uses_{slug(label)}", "png", "pdf")
        return written


def figure(run: Run):
    """Panels on one scale; a curve per series, a single mark per scheme outside of any, bounds thin and dashed."""
    snrs, every = run.snr_db, curves(run)
    rows, width = -(-(len(snrs) + 1) // COLUMNS), 6.95  # one place more, for the legend
    body = rows * (TALL + GAP) + 0.3
    words = caption.sentences(
        "Channel uses per picture as measured, all purposes counted; a bound stands at its scheme's", caption.data(run),
        caption.air(run), caption.policies(run), f"Bands: {caption.interval(run)}",
        "thin dashed lines are bounds (envelopes: a waterfall taken for a step), not systems" if run.bounds else "")
    title = f"{caption.short(run)} over channel uses, {caption.channel(run)}"
    fig, (left, bottom, _, _) = style.sheet(run, width, body, title, words)
    marks = sorted({x for points in every.values() for at in points.values() for x, *_ in at if np.isfinite(x)})
    top = max(max(y, high) for points in every.values() for at in points.values() for _, y, _, high in at)
    for i, snr in enumerate([*snrs, None]):
        row, column = divmod(i, COLUMNS)
        place = left + 0.62 + column * (PANEL + 0.1), bottom + 0.6 + (rows - 1 - row) * (TALL + GAP), PANEL, TALL
        if snr is None:
            _legend(style.axes(fig, *place), run, every)
            continue
        ax = style.axes(fig, *place)
        for (name, kind), points in every.items():
            _curve(ax, np.array(points.get(snr, [])).reshape(-1, 4), style.looks(run)[name], kind)
        ax.set(xscale="log", ylim=(0, 1.06 * top if top > 1 else min(1.0, 1.06 * top) or 1.0),
               xlim=(marks[0] / 1.12, marks[-1] * 1.12))
        ax.xaxis.set_major_locator(FixedLocator(_ticks(run, marks)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda v, _: f"{v / 1000:g}k" if v >= 1000 else f"{v:g}")
        ax.set_title(f"{snr:g} dB", size=style.TEXT - 0.5, pad=3)
        if column:
            ax.tick_params(labelleft=False)
        else:
            ax.set_ylabel(caption.short(run))
        if i + COLUMNS > len(snrs) - 1:
            ax.set_xlabel("channel uses per picture", size=style.TEXT - 1)
    return fig


def curves(run: Run) -> dict[tuple[str, str], dict[float, list[tuple]]]:
    """(series, scheme or bound; "scheme" or "bound") -> SNR -> points (uses, ap50, lo, hi) by rising uses."""
    found: dict = {}
    for kind, names in (("bound", run.bounds), ("scheme", run.schemes)):
        for name in names:
            owner = run.owner(name) if kind == "bound" else name
            series = run.series.get(owner)
            called = name.replace(owner, series, 1) if series else name
            spent = {p["snr_db"]: p["uses"] for p in run.points(owner)}
            for p in run.points(name, kind):
                low, high = (p["ap50"] if p.get(key) is None else p[key] for key in ("ap50_lo", "ap50_hi"))
                point = spent.get(p["snr_db"], np.nan), p["ap50"], low, high
                found.setdefault((called, kind), {}).setdefault(p["snr_db"], []).append(point)
    return {key: {snr: sorted(points) for snr, points in at.items()} for key, at in found.items()}


def _curve(ax, points: np.ndarray, look: style.Look, kind: str) -> None:
    x, y, low, high = points.T
    if kind == "bound" and len(x) == 1 and not np.isfinite(x[0]):  # no uses of its own: the same at any
        ax.axhline(y[0], color=look.color, ls=look.dash, lw=look.width)
        return
    if kind == "scheme" and len(x) > 1:
        ax.fill_between(x, low, high, color=look.color, alpha=0.14, lw=0)
    elif kind == "scheme":
        ax.vlines(x, low, high, color=look.color, alpha=0.4, lw=3)
    ax.plot(x, y, color=look.color, ls=look.dash, lw=look.width, marker=look.marker, clip_on=False,
            markeredgecolor="white", markeredgewidth=0.6, zorder=3 if kind == "scheme" else 2.5)


def _legend(ax, run: Run, every: dict) -> None:
    ax.axis("off")
    looks = style.looks(run)
    names = sorted(every, key=lambda key: key[1] == "bound")
    handles = [ax.plot([], [], color=looks[name].color, ls=looks[name].dash, lw=looks[name].width,
                       marker=looks[name].marker)[0] for name, _ in names]
    ax.legend(handles, [style.short(name, 24) for name, _ in names], loc="upper left", frameon=False,
              fontsize=style.SMALL, borderaxespad=0, bbox_to_anchor=(0.0, 0.9), handlelength=2.4)


def _ticks(run: Run, marks: list[float]) -> list[float]:
    """The budgets, or else powers of two times 1,000 over the range."""
    own = run.scenario.get("budgets") or [1000 * 2.0**i for i in range(-3, 8)]
    return [tick for tick in own if marks[0] / 1.12 <= tick <= marks[-1] * 1.12]
