"""`linksim run --dry-run`: everything that a run needs is looked at; nothing is measured, nothing written.

    rehearse(load("scenarios/awgn.yaml"), Path("results/awgn"))

UserError says what the run itself would stumble over: a source that is missing or too small, weights that don't load
or fit, a link that can't be built, a plan of another scenario, a folder that holds something else.
"""

import resource
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from linksim.experiment.machine import sized
from linksim.experiment.plan import known
from linksim.experiment.progress import spoken
from linksim.experiment.setup import enough
from linksim.experiment.store import Store
from linksim.registry import lookup
from linksim.scenario import Scenario

READ_FOR = 20.0  # seconds that pictures are read for; painted ones can't be damaged, and files are read in time
AT_ONCE = 16
WORK_BYTES = 1.0e9  # of compiled code, its buffers and the libraries' memory pools, beyond what is built


def survey(scenario: Scenario) -> dict[str, tuple]:
    """What takes no TensorFlow: source, sizes of its splits, channel and plan. split -> (source, pictures asked of it).
    UserError as `rehearse`."""
    source = lookup("source", scenario.source.type)
    splits = {"test": (source(scenario.source, "test"), scenario.pictures),
              "calibration": (source(scenario.source, "calibration"), scenario.calibration.pictures)}
    enough(*splits["test"], "pictures")
    enough(*splits["calibration"], "calibration.pictures")
    scenario.link.build_channel()
    known(scenario, scenario.plan)
    return splits


def rehearse(scenario: Scenario, out: Path, fresh: bool = False, console: Console | None = None) -> None:
    """Look at everything, and print what there is to do, in which time and memory, as far as can be guessed."""
    from linksim.experiment import engine, provenance
    from linksim.experiment.progress import Clock
    from linksim.experiment.setup import Setup

    console, splits = console or Console(), survey(scenario)
    scenario = sized(scenario, None if fresh else out)
    setup = Setup(scenario, pictures=False)
    store = Store(out, scenario, provenance.weights(scenario), fresh)
    setup.link.passage  # noqa: B018  (built on first use)
    if plan := known(scenario, scenario.plan or store.plan()):
        setup.adopt(plan)
        setup.scenario = scenario = scenario.model_copy(update={"plan": plan})
    _analyse(setup, splits)
    read, asked = _read(splits), sum(count for _, count in splits.values())
    clock = Clock(console)
    engine._expect(scenario, setup, store, clock)
    console.print(_points(scenario, setup, store, clock))
    left = clock.left()
    console.print(f"{read} of {asked} pictures read; " + ("a plan is there" if plan else "the plan is made first")
                  + f"; figures and table at the end.\nAbout {spoken(left)}, of two cores, and {_memory(scenario):.1f} "
                  f"GB of memory. Nothing was measured, and nothing written to {out}.", highlight=False, markup=False)


def _analyse(setup, splits: dict[str, tuple]) -> None:
    """One picture, by every scheme: weights and detector must fit each other."""
    images, _ = splits["calibration"][0].batch([0])
    for scheme in {getattr(scheme, "analysis_key", lambda name=name: name)(): scheme
                   for name, scheme in setup.schemes.items()}.values():
        scheme.analyse(images)


def _points(scenario: Scenario, setup, store: Store, clock) -> Table:
    """A line per scheme: points left and done, rows of each, uses where the plan or the scenario says them."""
    table = Table("scheme", "points left", "rows a point", "uses a picture", "time", box=None, pad_edge=False)
    for name in setup.schemes:
        left = sum(not store.finished(name, snr_db) for snr_db in scenario.snr_db)
        spent = [stage.left() for key, stage in clock.stages.items() if key.endswith(f" {name}")]
        table.add_row(name, f"{left} of {len(scenario.snr_db)}", str(scenario.pictures * scenario.realisations),
                      _uses(scenario, setup, name), spoken(sum(spent)))
    return table


def _uses(scenario: Scenario, setup, name: str) -> str:
    budget, config = setup.budgets.get(name), scenario.scheme(name)
    if budget is not None:
        return f"{budget.mean():,.0f}"
    if config.budget_as:
        return f"as {config.budget_as}"
    given = "uses" if not setup.schemes[name].analog else "budget"  # an analog scheme's `uses` are a patch's
    total = getattr(config, given, None)
    return f"{total:,}" if total else "its own"


def _read(splits: dict[str, tuple]) -> int:
    """How many pictures could be read, in the order a run takes them; all, where that takes no longer than READ_FOR."""
    begun, read = time.perf_counter(), 0
    for source, count in splits.values():
        for start in range(0, count, AT_ONCE):
            if read and time.perf_counter() - begun > READ_FOR:
                return read
            images, _ = source.batch(range(start, min(start + AT_ONCE, count)))
            read += len(images)
    return read


def _memory(scenario: Scenario) -> float:
    """GB at the peak, guessed: what this process took so far, what compiled code will take, pictures and what is kept
    of them."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    pictures = (scenario.pictures + scenario.calibration.pictures) * scenario.source.size**2 * 3
    return (most + WORK_BYTES + pictures * (1 + len(scenario.schemes))) / 1e9
