"""`linksim calibrate`: simulates the checks again, judges them together, writes the page."""

import csv
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from time import monotonic

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from linksim.errors import UserError
from linksim.theory import figures, holm, page
from linksim.theory.check import SEEDS, Check, Effort, Task
from linksim.theory.checks import CHECKS
from linksim.theory.evidence import Count, Outcome, TwoCounts, reach
from linksim.theory.whole import whole, whole_reach

THOROUGH = 20.0  # times as much as the normal run: intervals 4.5 times tighter


@dataclass
class Result:
    """One point with one seed, or with all of them (seed None), or a whole curve with all of them. reach: p of the
    least and of the most that could have been measured. adjusted: Holm's p-value over all results."""

    check: Check
    task: Task
    seed: int | None
    outcome: Outcome
    reach: tuple[float, float] = (0.0, 0.0)
    whole: bool = False
    adjusted: float = 1.0

    @property
    def passed(self) -> bool:
        return self.adjusted >= holm.LEVEL


def run_calibration(out: Path, thorough: bool = False, console: Console | None = None, only: str | None = None,
                    mutations: bool = False) -> bool:
    """Writes calibration.html, a figure per check (PNG, PDF) and points.csv into `out`; True where every check passed.

    only: name of a single check. mutations: also show that deliberate mistakes are caught (`mutations.py`).
    UserError for an unknown name."""
    console = console or Console()
    checks = chosen(only)
    out.mkdir(parents=True, exist_ok=True)
    results = simulate(checks, Effort(THOROUGH if thorough else 1.0), console)
    drawn = {check.name: figures.draw(check, [r for r in results if r.check is check], out) for check in checks}
    write_csv(out / "points.csv", results)
    caught = None
    if mutations:
        from linksim.theory.mutations import try_all

        caught = try_all(console)
    page.write(out, checks, results, drawn, caught)
    console.print(summary(checks, results))
    if caught is not None:
        console.print(page.caught_table(caught))
    for result in (r for r in results if not r.passed):
        console.print(f"[red]fails[/red] {describe(result)}", highlight=False)
    console.print(f"Everything is in {out}", highlight=False)
    return all(r.passed for r in results) and (caught is None or all(c.caught for c in caught))


def chosen(only: str | None) -> tuple[Check, ...]:
    """All checks, or the one of that name."""
    if only is None:
        return CHECKS
    found = tuple(check for check in CHECKS if check.name == only)
    if not found:
        raise UserError(f"no check is called {only!r}; there are {', '.join(check.name for check in CHECKS)}")
    return found


def simulate(checks, effort: Effort, console: Console, sentinels: bool = False) -> list[Result]:
    """Every task of the checks with every seed, all seeds together, each alone where it can fail, and every curve of
    counts as a whole, judged together."""
    todo = {check: [task for task in check.build(effort) if task.sentinel or not sentinels] for check in checks}
    found = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=sum(map(len, todo.values())))
        for check, tasks in todo.items():
            start = monotonic()
            for task in tasks:
                progress.update(bar, description=f"{check.title}: {task.panel}, {task.curve}")
                found.append((check, task, [task.simulate(seed) for seed in SEEDS]))
                progress.advance(bar)
            if tasks and not sentinels:
                console.print(f"{check.title}: {len(tasks)} points in {monotonic() - start:.0f} s", highlight=False)
    results = tests(found)
    for result, adjusted in zip(results, holm.adjust([r.outcome.p for r in results]), strict=True):
        result.adjusted = float(adjusted)
    return results


def tests(found: list[tuple[Check, Task, list]]) -> list[Result]:
    """What is tested of (check, task, evidence per seed). A single seed that couldn't fail whatever it measured is
    no test: it would only weaken the others. That follows from the numbers of blocks, not from what came out."""
    results, curves = [], {}
    strictest = holm.LEVEL / max((len(SEEDS) + 1) * len(found), 1)
    for check, task, evidence in found:
        total = reduce(add, evidence)
        results += [Result(check, task, seed, e.outcome(), ends) for seed, e in zip(SEEDS, evidence, strict=True)
                    if min(ends := reach(e)) < strictest]
        results.append(Result(check, task, None, total.outcome(), reach(total)))
        if isinstance(total, (Count, TwoCounts)):
            curves.setdefault((check, task.panel, task.curve), []).append((task, total))
    for (check, _, curve), several in curves.items():
        if len(several) > 1:
            task, points = replace(several[0][0], curve=f"{curve}, whole curve", x=None), [e for _, e in several]
            results.append(Result(check, task, None, whole(points), whole_reach(points), True))
    return results


def blind(results: list[Result]) -> tuple[int, int, int, int, int]:
    """What can't fail at Holm's first step, whatever is measured: points, of those with all seeds that couldn't at
    all, that couldn't for too many errors; curves, of those that couldn't."""
    step = holm.LEVEL / max(len(results), 1)
    points = [r.reach for r in results if r.seed is None and not r.whole]
    curves = [r.reach for r in results if r.whole]
    return (len(points), sum(min(ends) >= step for ends in points), sum(ends[1] >= step for ends in points),
            len(curves), sum(min(ends) >= step for ends in curves))


def summary(checks, results: list[Result]) -> Table:
    """One line per check: points, the farthest from its theory, verdict."""
    table = Table(title=f"linksim calibrate: family-wise level {holm.LEVEL:.0%} (Holm) over {len(results)} tests, "
                        f"seeds {', '.join(map(str, SEEDS))} and all together", title_justify="left")
    for name in ("check", "points", "RMS deviation", "largest deviation", "verdict"):
        table.add_column(name, justify="left" if name == "check" else "right")
    for check in checks:
        table.add_row(*row(check, results))
    return table


def row(check: Check, results: list[Result]) -> tuple[str, str, str, str, str]:
    """Title, points, root mean square and largest deviation in standard errors, verdict."""
    mine = [r for r in results if r.check is check]
    pooled = [r for r in mine if r.seed is None and not r.whole]
    sigmas = np.array([r.outcome.sigmas for r in pooled])
    failed = sum(not r.passed for r in mine)
    return (check.title, str(len(pooled)), f"{np.sqrt(np.mean(sigmas**2)):.2f} s.e.",
            f"{sigmas[np.argmax(np.abs(sigmas))]:+.1f} s.e.", f"FAILS at {failed}" if failed else "holds")


def describe(result: Result) -> str:
    o, task = result.outcome, result.task
    at = "" if task.x is None else f" at {task.x:g}"
    seed = "all seeds" if result.seed is None else f"seed {result.seed}"
    return (f"{result.check.title}: {task.panel}, {task.curve}{at} ({seed}): expected {o.expected:.4g}, measured "
            f"{o.measured:.4g}, {o.sigmas:+.1f} s.e., Holm's p {result.adjusted:.2g}")


def write_csv(path: Path, results: list[Result]) -> None:
    """Every test: points with all seeds together, each seed alone where it can fail, whole curves."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["check", "panel", "curve", "x", "seed", "expected", "measured", "ci95_lo", "ci95_hi",
                        "deviation_standard_errors", "p", "holm_p", "samples", "passed"])
        for r in results:
            o, t = r.outcome, r.task
            lines.writerow([r.check.name, t.panel, t.curve, "" if t.x is None else t.x, r.seed or "all",
                            *(f"{v:.6g}" for v in (o.expected, o.measured, o.low, o.high, o.sigmas, o.p, r.adjusted)),
                            o.samples, r.passed])
