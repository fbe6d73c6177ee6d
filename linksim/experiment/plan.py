"""The planning pass: what must be fixed before any point can stand alone.

Schemes are asked in the order of their budgets. A scheme with `budget_as` gets, picture by picture, the total
channel uses (header and pilots included) that the other one spends at its own plan; then it chooses its
parameters on calibration pictures and draws. The result is plain JSON and lives in the resolved scenario:

    plan: {<scheme name>: {budget: [uses per test picture] | null, choices: {...}}}
"""

import json

import numpy as np

from linksim.errors import UserError
from linksim.experiment.progress import Clock
from linksim.experiment.setup import ROWS, Setup, encode
from linksim.scenario import Scenario
from linksim.schemes.base import Knowledge, Survey


def planned(setup: Setup, clock: Clock) -> Scenario:
    """The resolved scenario, its plan made and adopted (or adopted as it stands, where it has one)."""
    scenario = setup.scenario
    plan = scenario.plan or _make(setup, clock)
    _check(scenario, plan)
    setup.adopt(plan)
    return scenario.model_copy(update={"plan": plan})


def _make(setup: Setup, clock: Clock) -> dict:
    scenario, plan, spent = setup.scenario, {}, {}
    images, truths = setup.calibration
    for name in scenario.order():
        scheme, as_scheme = setup.schemes[name], setup.schemes[name].config.budget_as
        budget, test_budget = spent.get(as_scheme, (None, None))
        with clock.work("analyse", len(images) + len(setup.images), f"analysing for {name}"):
            analysis, test_analysis = setup.analysis(name, calibration=True), setup.analysis(name)
        with clock.work("plan", 1, f"planning {name}"):
            choices = scheme.make_plan(Survey(
                np.asarray(scenario.snr_db), scenario.seed, scenario.calibration.realisations, images, truths,
                analysis, test_analysis, budget, test_budget))
            # Through JSON at once, so that a plan just made and one read back are the same to `adopt`.
            choices = json.loads(json.dumps(choices, default=_plain))
            scheme.adopt(choices)
            if any(other.budget_as == name for other in scenario.schemes):
                spent[name] = (_uses(setup, name, analysis, budget),
                               _uses(setup, name, test_analysis, test_budget))
        plan[name] = {"budget": None if test_budget is None else test_budget.tolist(), "choices": choices}
    return plan


def _uses(setup: Setup, name: str, analysis, budget) -> np.ndarray:
    """int32 [B] total channel uses per picture of a scheme whose burst doesn't depend on the SNR."""
    found = []
    for start in range(0, len(analysis), ROWS):
        rows = np.arange(start, min(start + ROWS, len(analysis)))
        burst = encode(setup.schemes[name], analysis[rows], None if budget is None else budget[rows], Knowledge())
        found.append(np.sum(list(setup.link.ledger(burst).values()), axis=0))
    return np.concatenate(found).astype(np.int32)


def _check(scenario: Scenario, plan: dict) -> None:
    """A plan that came with the file must be whole; whether it fits its schemes they say themselves."""
    for scheme in scenario.schemes:
        entry = plan.get(scheme.name)
        whole = isinstance(entry, dict) and set(entry) == {"budget", "choices"}
        if not whole or (entry["budget"] is not None and len(entry["budget"]) != scenario.pictures):
            raise UserError(f"plan: made for other schemes or pictures than this scenario's ({scheme.name!r} "
                            "doesn't fit); delete `plan` and everything below it, and it is made again")


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a plan holds plain JSON, got {type(value).__name__}")
