"""A run: build, plan, measure every point, write the table. Goes on where an earlier one stopped.

    folder = run(load("scenarios/awgn.yaml"), Path("results/awgn"))
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from linksim.experiment import points, provenance, table
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.experiment.store import Store
from linksim.scenario import Scenario


def run(scenario: Scenario, out: Path, fresh: bool = False, console: Console | None = None) -> Path:
    """Answer the scenario in folder `out` and return it: rows, table, examples, provenance (see `store`).

    Bad input raises UserError before anything is written. Finished points of the same scenario and weights
    are kept; fresh: True measures them again."""
    started, begun = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    console = console or Console()
    with Clock(console) as clock:
        with clock.work("build", 1, "building the source, the link, the task and the schemes"):
            setup = Setup(scenario)
            store = Store(out, scenario, provenance.weights(scenario), fresh)
            setup.scenario = scenario = scenario.model_copy(update={"plan": scenario.plan or store.plan()})
        _expect(scenario, setup, store, clock)
        setup.scenario = resolved = planned(setup, clock)
        store.begin(resolved)
        lines = _points(setup, store, clock)
        lines += _bounds(setup, store, clock)
        with clock.work("table", 1, "writing the table"):
            lines += table.clean(setup)
            store.write_arrays("bootstrap.npz", table.take_resampled(lines))
            store.write_table(lines)
            if resolved.symbols_vs_mu:
                store.write_csv("symbols_vs_mu.csv", table.symbols_vs_mu(setup, lines))
        with clock.work("examples", 1, "examples"):
            store.write_arrays("examples.npz", table.examples(setup))
    session = {"begun": begun, "seconds": round(time.perf_counter() - started, 1), "stages": clock.seconds,
               "command": provenance.command(), "git": provenance.git(), "device": provenance.device(),
               "versions": provenance.versions() | provenance.codecs()}
    store.write_json("provenance.json", _record(setup, store, session))
    return out


def _expect(scenario: Scenario, setup: Setup, store: Store, clock: Clock) -> None:
    """Announce all stages; the guesses, in seconds per unit, are of two cores."""
    rows, to_plan = scenario.pictures * scenario.realisations, len(setup.schemes) * (not scenario.plan)
    clock.expect("plan", to_plan, 5.0)
    clock.expect("analyse", to_plan * (scenario.pictures + scenario.calibration.pictures), 0.05)
    for name, scheme in setup.schemes.items():
        left = sum(not store.done(store.point(name, snr_db)) for snr_db in scenario.snr_db)
        clock.expect(f"points of {name}", left * rows, 0.05)
        clock.expect(f"encode {name}", left if scheme.follows_snr else min(left, 1), 2.0)
        if hasattr(scheme, "bounds") and not store.done(store.bounds(name)):
            clock.expect(f"bounds of {name}", 10, 2.0)
    clock.expect("score", len(setup.schemes) * len(scenario.snr_db), 0.5)
    clock.expect("examples", 1, 5.0)


def _points(setup: Setup, store: Store, clock: Clock) -> list[dict]:
    """Measure what isn't in the store, then draw every point's line from the store alone."""
    at = [(name, snr_db) for snr_db in points.order(setup.scenario.snr_db) for name in setup.schemes]
    for i, (name, snr_db) in enumerate(at, start=1):
        path = store.point(name, snr_db)
        if not store.done(path):
            store.write_rows(path, points.measure(setup, name, snr_db, clock))
            clock.say(f"point {i} of {len(at)}: {name} at {snr_db:g} dB")
    lines = []
    for name, snr_db in sorted(at, key=lambda point: (list(setup.schemes).index(point[0]), point[1])):
        with clock.work("score", 1, f"scoring {name} at {snr_db:g} dB"):
            lines.append(table.line(setup, store.read_rows(store.point(name, snr_db))))
    return lines


def _bounds(setup: Setup, store: Store, clock: Clock) -> list[dict]:
    lines = []
    for name, scheme in setup.schemes.items():
        if not hasattr(scheme, "bounds"):
            continue
        path = store.bounds(name)
        if not store.done(path):
            found = table.bounds(setup, name, clock)
            if not found:
                continue
            store.write_rows(path, found)
            clock.say(f"bounds of {name}")
        lines += store.read_rows(path)
    return lines


def _record(setup: Setup, store: Store, session: dict) -> dict:
    """provenance.json: what numbers depend on, and every session that worked on them."""
    scenario = setup.scenario
    earlier = store.read_json("provenance.json").get("sessions", [])
    also = {label: {"metric": task.metric, "label": task.metric_label} for label, task in setup.also.items()}
    return {"scenario": scenario.name, "identity": scenario.identity(), "seed": scenario.seed,
            "weights": store.weights, "warnings": provenance.warnings(scenario), "metric": setup.task.metric_label,
            "failure_policy": _failure(scenario), "tile": scenario.tile,
            "link": setup.link.declared(),
            "policies": {name: scheme.declared() for name, scheme in setup.schemes.items() if scheme.declared()},
            "command": session["command"],
            "versions": session["versions"], "git": session["git"], "device": session["device"],
            "seconds": session["seconds"], "sessions": [*earlier, session]} | ({"also": also} if also else {})


def _failure(scenario: Scenario) -> str:
    """What is shown for a picture that didn't arrive, and which schemes show parts of one."""
    words = "drop: a lost picture is judged as a mid-grey one"
    parts = [scheme.name for scheme in scenario.schemes
             if getattr(scheme, "failure", "drop") == "prefix" or getattr(scheme, "layers", None)]
    return words + (f"; {', '.join(parts)}: what arrived in front of the loss is shown" if parts else "")
