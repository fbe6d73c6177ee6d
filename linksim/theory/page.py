"""calibration.html: each check with its figure, its deviations and its verdict, on one self-contained page."""

import base64
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from rich.table import Table

from linksim.theory import holm
from linksim.theory.check import SEEDS

STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2.5rem auto; padding: 0 1.2rem }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.2rem; margin-top: 2.6rem }
.soft { color: #666 } .scroll { overflow-x: auto } img { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #e4e4e4 }
th:first-child, td:first-child, td.words { text-align: left }
.bad, .bad td { color: #a8290b; font-weight: 600 }
"""


def write(out: Path, checks, results: list, drawn: dict[str, Path], caught: list | None) -> Path:
    """Writes calibration.html into `out`. drawn: check name -> PNG. caught: see `mutations.try_all`."""
    from linksim.theory.calibrate import blind, row

    failed = sum(not r.passed for r in results)
    verdict = (f"<span class='bad'>{failed} of {len(results)} tests fail.</span>" if failed
               else f"All {len(results)} tests hold.")
    parts = ["<!doctype html><html lang='en'><meta charset='utf-8'><title>linksim calibrate</title>",
             f"<style>{STYLE}</style><h1>The link against theory</h1>",
             f"<p class='soft'>{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {verdict}</p>", HOW,
             BLIND.format(*blind(results))]
    parts.append(_table(("check", "points", "RMS deviation", "largest deviation", "verdict"),
                        [row(check, results) for check in checks]))
    for check in checks:
        image = base64.b64encode(drawn[check.name].read_bytes()).decode()
        parts.append(f"<h2 id='{check.name}'>{escape(check.title)}</h2><p>{escape(check.about)}</p>"
                     f"<figure><img alt='{escape(check.title)}' src='data:image/png;base64,{image}'></figure>")
        parts.append(_points([r for r in results if r.check is check]))
    if caught is not None:
        parts.append("<h2 id='mutations'>Wrong on purpose</h2><p>Each mistake is made in the real modules; then some "
                     "points of every check are simulated again. The first line is the link without a mistake.</p>")
        parts.append(_table(("mistake", "what it does", "caught by"),
                            [(c.name, c.about, _by(c)) for c in caught], words=True))
    path, aside = out / "calibration.html", out / ".calibration.part.html"
    aside.write_text("\n".join(parts), encoding="utf-8")
    return aside.replace(path)


HOW = f"""<p>Everything simulated here went through the modules that every run uses: <code>Link.transmit</code>, the
channels, the transport chain. Each point is simulated with the seeds {", ".join(map(str, SEEDS))}, fixed beforehand;
all three together are a test, each alone where it could fail, and the errors of a whole curve. <b>Deviation</b> is the
p-value of that test as a two-sided normal deviate (standard errors, +: measured too high). A test fails where Holm's
adjusted p-value over all tests of the page is below {holm.LEVEL:.0%}: if all theory holds, a page with any failure
comes once in a hundred. Where the reference was simulated itself (shaded), both samples' errors count. All tests are in
<code>points.csv</code>.</p>"""
BLIND = """<p>Of {0} points {1} couldn't fail by themselves, whatever was measured, and {2} not for too many errors:
they have too few blocks for so many tests. What they have to say is in their curves: of {3} curves tested whole, {4}
couldn't fail.</p>"""


def caught_table(caught: list) -> Table:
    """The mutations for the terminal."""
    table = Table(title="Wrong on purpose", title_justify="left")
    for name in ("mistake", "caught by"):
        table.add_column(name)
    for c in caught:
        table.add_row(c.name, _by(c))
    return table


def _by(caught) -> str:
    return "; ".join(caught.by) or ("nothing, as it should" if caught.caught else "nothing")


def _points(results: list) -> str:
    cells = []
    for r in results:
        if r.seed is None:
            o, t = r.outcome, r.task
            x = "" if t.x is None else f"{t.x:g}"
            line = "".join(f"<td>{v}</td>" for v in (
                escape(f"{t.panel}, {t.curve}"), x, f"{o.expected:.4g}", f"{o.measured:.4g}",
                f"{o.low:.3g} to {o.high:.3g}", f"{o.sigmas:+.2f}", f"{r.adjusted:.2g}", f"{o.samples:,}"))
            cells.append(f"<tr{'' if r.passed else ' class=bad'}>{line}</tr>")
    head = "".join(f"<th>{h}</th>" for h in ("point", "x", "expected", "measured", "95 % interval",
                                             "deviation (s.e.)", "Holm's p", "samples"))
    return (f"<details><summary>{len(cells)} points and whole curves, all seeds together</summary>"
            f"<div class='scroll'><table><tr>{head}</tr>{''.join(cells)}</table></div></details>")


def _table(head, rows, words: bool = False) -> str:
    kind = " class='words'" if words else ""
    body = "".join(f"<tr{' class=bad' if 'FAILS' in r[-1] or r[-1] == 'nothing' else ''}>"
                   + "".join(f"<td{kind}>{escape(v)}</td>" for v in r) + "</tr>" for r in rows)
    return ("<div class='scroll'><table><tr>" + "".join(f"<th>{h}</th>" for h in head) + "</tr>" + body
            + "</table></div>")
