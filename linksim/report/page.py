"""report.html: the run on one self-contained page, figures embedded."""

import base64
from html import escape
from pathlib import Path

import numpy as np

from linksim.link.burst import PURPOSES
from linksim.report import caption, paired
from linksim.report.store import Run
from linksim.report.uses import WORDS

STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2.5rem auto;
padding: 0 1.2rem }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.4rem }
.lead, figcaption, dt, .soft { color: #666 } figure { margin: 1.4rem 0 } img { max-width: 100%; height: auto }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .86rem;
font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
th:first-child, td:first-child { text-align: left } tr.bound td { color: #666; font-style: italic }
.interval { color: #666; font-size: .76rem; display: block }
.warning { border: 1px solid #a8290b; background: #fdf0eb; color: #a8290b; padding: .5rem .8rem }
pre { background: #f5f5f5; padding: .7rem 1rem; overflow-x: auto }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: .3rem 1rem } dd { margin: 0 }
"""

HOW = """<p>Every point is one scheme at one SNR, judged on the same pictures over the same draws.
Higher {metric} is better. Schemes are compared at the channel uses shown below, where all that goes on the air is
billed. The small figures are the 95 % interval over the choice of pictures. Bounds (thin and dashed; in the
table in italics) are no systems: they have no channel, or know what no transmitter knows, such as which code
does best on these very pictures.</p>"""


def write(run: Run, figures: list[Path]) -> Path:
    """Writes report.html beside the figures and returns its path."""
    name = escape(str(run.scenario.get("name", run.folder.name)))
    lead = escape(caption.sentences(caption.data(run)))
    parts = [f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{name}</title>",
             f"<style>{STYLE}</style>", f"<h1>{name}</h1><p class='lead'>{lead}</p>",
             *(f"<p class='warning'>{escape(w)}</p>" for w in run.warnings),
             f"<h2>How to read it</h2>{HOW.format(metric=escape(caption.short(run)))}", _facts(run),
             "<h2>Results</h2>", _scores(run), _paired(run), _uses(run)]
    for path in figures:
        if path.suffix == ".png":
            image = base64.b64encode(path.read_bytes()).decode()
            alt = escape(path.stem.replace("_", " "))
            parts.append(f"<figure><img alt='{alt}' src='data:image/png;base64,{image}'></figure>")
    parts.append(f"<h2>Make it again</h2><pre>{escape(caption.command(run))}</pre>"
                 "<p class='soft'>The numbers are in table.csv, the scenario as resolved in scenario.yaml, "
                 "versions and seeds in provenance.json.</p>")
    path, aside = run.folder / "report.html", run.folder / ".report.part.html"
    aside.write_text("\n".join(parts), encoding="utf-8")
    return aside.replace(path)


def _facts(run: Run) -> str:
    facts = {"channel": caption.air(run), "budget": caption.budget(run), "policies": caption.policies(run),
             "interval": caption.interval(run)}
    items = (f"<dt>{key}</dt><dd>{escape(caption.sentences(value))}</dd>" for key, value in facts.items())
    return f"<dl>{''.join(items)}</dl>"


def _scores(run: Run) -> str:
    def row(name: str, kind: str) -> str:
        at = {point["snr_db"]: point for point in run.points(name, kind)}
        cells = "".join(_cell(at.get(snr)) for snr in run.snr_db)
        return f"<tr class='{kind}'><td>{escape(name)}</td>{cells}</tr>"

    head = "".join(f"<th>{snr:g} dB</th>" for snr in run.snr_db)
    return (f"<div class='scroll'><table><tr><th>{escape(caption.metric(run))}</th>{head}</tr>"
            + "".join(row(n, "scheme") for n in run.schemes) + "".join(row(n, "bound") for n in run.bounds)
            + "</table></div>")


def _cell(point: dict | None) -> str:
    if point is None or point.get("ap50") is None:
        return "<td>-</td>"
    low, high = point.get("ap50_lo"), point.get("ap50_hi")
    both = "" if low is None or high is None else f"<span class='interval'>{low:.3f} to {high:.3f}</span>"
    return f"<td>{point['ap50']:.3f}{both}</td>"


def _paired(run: Run) -> str:
    other = paired.reference(run)
    found = {(one.scheme, one.snr_db): one for one in paired.pairs(run, other)} if other else {}
    if not found:
        return ""

    def cell(one: paired.Pair | None) -> str:
        if one is None:
            return "<td>-</td>"
        both = f"<span class='interval'>{one.difference_lo:+.3f} to {one.difference_hi:+.3f}</span>"
        loss = f"<span class='interval'>{one.ratio:.2f}\u00d7, loss at most {one.loss_upper:.1%}</span>"
        return f"<td>{one.difference:+.3f}{both}{loss if np.isfinite(one.ratio) else ''}</td>"

    def row(name: str, kind: str) -> str:
        return f"<tr class='{kind}'><td>{escape(name)}</td>" + "".join(
            cell(found.get((name, snr))) for snr in run.snr_db) + "</tr>"

    head = "".join(f"<th>{snr:g} dB</th>" for snr in run.snr_db)
    return (f"<h2>Against {escape(other)}</h2><p>Difference of {escape(caption.short(run))} with its 95 % interval, "
            "ratio, and the upper 95 % "
            "bound of the relative loss (one-sided): paired bootstrap, in which every resample of the pictures is the "
            "same for both. An interval that leaves out 0 is a difference.</p><div class='scroll'><table>"
            f"<tr><th>minus {escape(other)}</th>{head}</tr>"
            + "".join(row(n, kind) for kind, names in (("scheme", run.schemes), ("bound", run.bounds)) for n in names
                      if any((n, snr) in found for snr in run.snr_db)) + "</table></div>")


def _uses(run: Run) -> str:
    head = "".join(f"<th>{WORDS[p]}</th>" for p in PURPOSES)
    lines = []
    for name in run.schemes:
        for point in run.points(name):
            cells = "".join(f"<td>{value:,.0f}</td>" for value in run.split(point).values())
            lost = f"<td>{point.get('lost') or 0:.1%}</td><td>{point.get('header_lost') or 0:.1%}</td>"
            choice = escape(str(point.get("choice") or ""))
            lines.append(f"<tr><td>{escape(name)}</td><td>{point['snr_db']:g}</td>{cells}"
                         f"<td>{point['uses']:,.0f}</td>{lost}<td>{choice}</td></tr>")
    return ("<details><summary>Channel uses per picture and losses, point by point</summary>"
            f"<div class='scroll'><table><tr><th>scheme</th><th>dB</th>{head}<th>total</th><th>lost</th>"
            "<th>header lost</th><th>choice</th></tr>" + "".join(lines) + "</table></div></details>")
