"""Scheme `linear` at a number of channel uses per picture."""

import fakes
import numpy as np
import pytest
from rich.console import Console

from linksim.errors import UserError
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import Scenario, check


def setup(**scheme) -> Setup:
    linear = {"name": "tested", "type": "linear", "weights": "linear-scenes"} | scheme
    on = Setup(check(Scenario, fakes.scenario(schemes=[linear], symbols_vs_mu=None), ""))
    with Clock(Console(quiet=True)) as clock:
        planned(on, clock)
    return on


@pytest.mark.parametrize("budget", [700, 1200, 1500])
def test_a_budget_is_filled_and_kept_header_and_pilots_included(budget):
    on = setup(budget=budget)
    burst = on.burst("tested", 10.0)
    total = np.sum(list(on.link.ledger(burst).values()), axis=0)
    patches = on.schemes["tested"].patches
    assert (total <= budget).all()
    more = on.link.uses(burst.length + burst.header_uses + patches)
    assert (more > budget).all() or (burst.length == on.schemes["tested"].most * patches).all()


def test_a_budget_is_what_budget_as_would_have_given():
    own = setup(budget=1200)
    scheme, burst = own.schemes["tested"], own.burst("tested", 10.0)
    scheme.config.budget = None
    given = scheme.encode(np.asarray(own.images[np.arange(6)]), np.full(6, 1200), own.knowledge(10.0))
    np.testing.assert_array_equal(given.symbols, burst.symbols)


def test_two_budgets_are_refused():
    with pytest.raises(UserError, match="budget or budget_as"):
        setup(budget=1200, budget_as="tested")
