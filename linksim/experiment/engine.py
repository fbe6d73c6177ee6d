"""A run: build, plan, measure every point, write the table. Goes on where an earlier one stopped, in the plan too.

    folder = run(load("scenarios/awgn.yaml"), Path("results/awgn"))
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from linksim.errors import UserError
from linksim.experiment import feasibility, provenance, stopping, table
from linksim.experiment.executors.base import Executor
from linksim.experiment.executors.local import Local
from linksim.experiment.machine import sized
from linksim.experiment.parts import parts
from linksim.experiment.plan import planning
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.experiment.store import Store
from linksim.experiment.sweep import Sweep
from linksim.scenario import Scenario


def run(scenario: Scenario, out: Path, fresh: bool = False, console: Console | None = None,
        executor: Executor | None = None) -> Path:
    """Answer the scenario in folder `out` and return it: rows, table, examples, provenance (see `store`).

    Bad input raises UserError before anything is written. Finished parts of the same scenario and weights are kept;
    fresh: True measures them again. executor: who measures; this process, where left out."""
    return run_all([(scenario, out)], fresh, console, executor)[0]


def run_all(questions: list[tuple[Scenario, Path]], fresh: bool = False, console: Console | None = None,
            executor: Executor | None = None) -> list[Path]:
    """Several scenarios, each in its own folder, measured by the same workers."""
    with ExitStack() as stack:
        executor = stack.enter_context(executor or Local())
        clock = stack.enter_context(Clock(console or Console()))
        answers = [stack.enter_context(Answer(*question, fresh, clock, executor)) for question in questions]
        while units := [(answer.sweep, unit) for answer in answers for unit in answer.sweep.units()]:
            for sweep, unit, part, rows, _ in executor.run(units):
                sweep.put(unit, part, rows)
        for answer in answers:
            answer.finish()
    return [out for _, out in questions]


class Answer:
    """One scenario's run, from the plan (made on entering a `with` block) to the table (`finish`). However the block is
    left, the folder's provenance says how long this session took."""

    def __init__(self, scenario: Scenario, out: Path, fresh: bool, clock: Clock, executor: Executor):
        self.scenario, self.out, self.fresh, self.clock, self.executor = scenario, out, fresh, clock, executor

    def __enter__(self) -> "Answer":
        self._started, clock = time.perf_counter(), self.clock
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        with clock.work("build", 1, "building the source, the link, the task and the schemes"):
            self.scenario = sized(self.scenario, None if self.fresh else self.out)
            self.setup = setup = Setup(self.scenario)
            self.store = store = Store(self.out, self.scenario, provenance.weights(self.scenario), self.fresh)
            setup.scenario = self.scenario.model_copy(update={"plan": self.scenario.plan or store.plan()})
            earlier = store.read_json("provenance.json").get("sessions", []) if not self.fresh else []
        with clock.work("pictures", 1, "reading the pictures"):
            _ = setup.truths
        _expect(setup.scenario, setup, store, clock)
        self.session = {
            "begun": begun, "seconds": None, "stages": {}, "command": provenance.command(), "git": provenance.git(),
            "device": provenance.device(), "executor": self.executor.declared(),
            "versions": provenance.versions() | provenance.codecs()}
        self.sweep = None
        try:
            for resolved in self._planning():
                setup.scenario = resolved
                if not store.replaces:  # what is there goes only when the whole plan is sound
                    self._begin(earlier)
            self._begin(earlier)
        except BaseException:
            store.close()
            raise
        return self

    def _planning(self) -> Iterator[Scenario]:
        try:
            yield from planning(self.setup, self.clock)
        except UserError:  # a scheme that can't be planned: nobody will go on with this run
            self.store.abandon()
            raise

    def _begin(self, earlier: list[dict]) -> None:
        """Write down what is planned by now. The first time, a point of the scheme that was planned first is measured
        here and now: one sees what comes before the others are planned."""
        setup, store = self.setup, self.store
        store.begin(setup.scenario)
        if self.sweep is not None:
            return
        self.sweep = Sweep(setup, store, self.clock)
        self._record = _record(setup, store, self.session, earlier)
        store.write_json("provenance.json", self._record)
        ready = [unit for unit in self.sweep.units()
                 if unit.snr_db is not None and unit.scheme in setup.scenario.plan]
        for sweep, unit, part, rows, _ in Local().run([(self.sweep, unit) for unit in ready[:1]]):
            sweep.put(unit, part, rows)

    def __exit__(self, *error) -> None:
        self.session |= {"seconds": round(time.perf_counter() - self._started, 1), "stages": self.clock.seconds}
        self.session |= {"set_aside": self.store.set_aside} if self.store.set_aside else {}
        try:
            self.store.write_json("provenance.json", self._record | {"seconds": self.session["seconds"]})
        finally:
            self.store.close()

    def finish(self) -> None:
        """Table, bounds, examples: drawn from the store."""
        setup, store, clock, scenario = self.setup, self.store, self.clock, self.setup.scenario
        lines = _points(self.sweep)
        lines += [line for name, scheme in setup.schemes.items() if hasattr(scheme, "bounds")
                  for line in self.sweep.bounds(name)]
        with clock.work("table", 1, "writing the table"):
            lines += table.clean(setup)
            store.write_arrays("bootstrap.npz", table.take_resampled(lines))
            store.write_table(lines)
            if scenario.symbols_vs_mu:
                store.write_csv("symbols_vs_mu.csv", table.symbols_vs_mu(setup, lines))
        if scenario.feasibility:
            feasibility.answer(setup, store, clock)
        with clock.work("examples", 1, "examples"):
            store.write_arrays("examples.npz", table.examples(setup))


def _expect(scenario: Scenario, setup: Setup, store: Store, clock: Clock) -> None:
    """Announce all stages; the guesses, in seconds per unit, are of two cores."""
    to_plan = sum(name not in scenario.plan for name in setup.schemes)
    clock.expect("plan", to_plan, 5.0)
    clock.expect("analyse", to_plan * (scenario.pictures + scenario.calibration.pictures), 0.05)
    for name, scheme in setup.schemes.items():
        left = [part for snr_db in scenario.snr_db for part in parts(scenario)
                if not store.done(store.part(name, snr_db, part.number))]
        clock.expect(f"points of {name}", sum(map(len, left)), 0.05)
        clock.expect(f"encode {name}", len(left), 1.0 if scheme.follows_snr else 0.1)
        if hasattr(scheme, "bounds") and not store.done(store.bounds(name)):
            clock.expect(f"bounds of {name}", 10, 2.0)
    clock.expect("score", len(setup.schemes) * len(scenario.snr_db), 0.5)
    if scenario.feasibility and not store.done(feasibility.rows(store)):
        clock.expect("feasibility", len(scenario.feasibility.features) * scenario.pictures, 0.1)
    clock.expect("examples", 1, 5.0)


def _points(sweep: Sweep) -> list[dict]:
    """Every point's line, from the store alone."""
    lines = []
    for name in sweep.setup.schemes:
        for snr_db in sorted(sweep.setup.scenario.snr_db):
            with sweep.clock.work("score", 1, f"scoring {name} at {snr_db:g} dB"):
                rows = sweep.point(name, snr_db)
                lines.append(table.line(sweep.setup, rows) | stopping.columns(sweep, rows))
    return lines


def _record(setup: Setup, store: Store, session: dict, earlier: list[dict]) -> dict:
    """provenance.json: what numbers depend on, and every session that worked on them."""
    scenario = setup.scenario
    also = {label: {"metric": task.metric, "label": task.metric_label} for label, task in setup.also.items()}
    return {"scenario": scenario.name, "identity": scenario.identity(), "seed": scenario.seed,
            "weights": store.weights, "warnings": provenance.warnings(scenario), "metric": setup.task.metric_label,
            "headline": setup.task.metric,
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
