"""The planning pass: what must be fixed before any point can stand alone.

Schemes are asked in the order of their budgets. A scheme with `budget_as` gets, picture by picture, the total
channel uses (header and pilots included) that the other one spends at its own plan; then it chooses its
parameters on calibration pictures and draws, and can be measured. The result is plain JSON and lives in the resolved
scenario:

    plan: {<scheme name>: {budget: [uses per test picture] | null, choices: {...}}}
"""

import json
from collections import deque
from collections.abc import Iterator
from functools import cache

import numpy as np

from linksim.errors import UserError
from linksim.experiment.progress import Clock
from linksim.experiment.setup import ROWS, Setup, encode
from linksim.scenario import Scenario
from linksim.schemes.base import Knowledge, Survey


def planned(setup: Setup, clock: Clock) -> Scenario:
    """The resolved scenario, its plan made and adopted (or adopted as it stands, where it has one)."""
    return deque(planning(setup, clock), maxlen=1).pop()


def planning(setup: Setup, clock: Clock) -> Iterator[Scenario]:
    """The scenario each time one more scheme is planned and can be measured; what it was given of a plan stands. The
    last one is resolved. `setup` adopts what is planned."""
    scenario = setup.scenario
    plan = known(scenario, scenario.plan)
    setup.adopt(plan)

    @cache
    def spent(name: str | None, calibration: bool) -> np.ndarray | None:
        if name is None:
            return None
        budget = spent(setup.schemes[name].config.budget_as, calibration)
        return _uses(setup, name, setup.analysis(name, calibration), budget)

    # A scheme alone, given its plan, needs no scheme that its budget came from.
    missing = [] if len(plan) == len(scenario.schemes) else [name for name in scenario.order() if name not in plan]
    for name in missing:
        of = setup.schemes[name].config.budget_as
        plan = plan | {name: _entry(setup, clock, name, spent(of, True), spent(of, False))}
        setup.adopt({name: plan[name]})
        yield scenario.model_copy(update={"plan": plan})
    if not missing:
        yield scenario.model_copy(update={"plan": plan})


def known(scenario: Scenario, plan: dict) -> dict:
    """What a plan has for the scenario's schemes. UserError where it was made for other pictures; whether it fits its
    schemes they say themselves."""
    found = {scheme.name: plan[scheme.name] for scheme in scenario.schemes if scheme.name in plan}
    for name, entry in found.items():
        whole = isinstance(entry, dict) and set(entry) == {"budget", "choices"}
        if not whole or (entry["budget"] is not None and len(entry["budget"]) != scenario.pictures):
            raise UserError(f"plan: made for other schemes or pictures than this scenario's ({name!r} "
                            "doesn't fit); delete `plan` and everything below it, and it is made again")
    return found


def _entry(setup: Setup, clock: Clock, name: str, budget, test_budget) -> dict:
    scenario, (images, truths) = setup.scenario, setup.calibration
    with clock.work("analyse", len(images) + len(setup.images), f"analysing for {name}"):
        analysis, test_analysis = setup.analysis(name, calibration=True), setup.analysis(name)
    with clock.work("plan", 1, f"planning {name}"):
        choices = setup.schemes[name].make_plan(Survey(
            np.asarray(scenario.snr_db), scenario.seed, scenario.calibration.realisations, images, truths,
            analysis, test_analysis, budget, test_budget))
    # Through JSON at once, so that a plan just made and one read back are the same to `adopt`.
    return {"budget": None if test_budget is None else test_budget.tolist(),
            "choices": json.loads(json.dumps(choices, default=_plain))}


def _uses(setup: Setup, name: str, analysis, budget) -> np.ndarray:
    """int32 [B] total channel uses per picture of a scheme whose burst doesn't depend on the SNR."""
    found = []
    for start in range(0, len(analysis), ROWS):
        rows = np.arange(start, min(start + ROWS, len(analysis)))
        burst = encode(setup.schemes[name], analysis[rows], None if budget is None else budget[rows], Knowledge())
        found.append(np.sum(list(setup.link.ledger(burst).values()), axis=0))
    return np.concatenate(found).astype(np.int32)


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a plan holds plain JSON, got {type(value).__name__}")
