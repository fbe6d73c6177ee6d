"""Which threshold saves so many channel uses: chosen on calibration pictures, before anything is judged."""

import numpy as np
from rich.console import Console

from linksim.errors import UserError
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import Scenario


def mu_for_saving(scheme, analysis, saving: float, reference_mu: float) -> float:
    """A threshold, to four decimals, with which the analysed pictures take at most 1 - saving of the channel uses in
    total that they take with `reference_mu`, and just below which they take more: the smallest such one where a higher
    threshold never takes more uses, as is nearly so (a header's length goes in steps). UserError where not even mu = 1
    saves so much. scheme: has `uses_over_mu`."""
    def total(steps: int) -> float:
        return float(np.sum(scheme.uses_over_mu(analysis, [steps / 10_000])[0]))

    most = (1 - saving) * float(np.sum(scheme.uses_over_mu(analysis, [reference_mu])[0]))
    low, high = round(reference_mu * 10_000), 10_000
    if total(high) > most:
        raise UserError(f"not even mu = 1 saves {saving:.1%} of the channel uses of mu = {reference_mu:g}: the "
                        "heaviest feature of a picture and its header are always sent")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if total(middle) <= most else (middle + 1, high)
    return high / 10_000


def on_calibration(scenario: Scenario, name: str, saving: float) -> tuple[float, float]:
    """`mu_for_saving` on the scenario's calibration pictures, for its scheme `name` and against that scheme's mu; and
    the share that it saves there."""
    config = scenario.scheme(name)
    if not isinstance(getattr(config, "mu", None), float):
        raise UserError(f"{name!r} has no threshold mu of its own to save on (found {getattr(config, 'mu', None)!r})")
    alone = scenario.model_copy(update={"schemes": [config], "pictures": 1, "plan": {}, "symbols_vs_mu": None})
    setup = Setup(alone)
    with Clock(Console(quiet=True)) as clock:
        planned(setup, clock)
    scheme, analysis = setup.schemes[name], setup.analysis(name, calibration=True)
    mu = mu_for_saving(scheme, analysis, saving, config.mu)
    spent, whole = scheme.uses_over_mu(analysis, [mu, config.mu])[0].sum(axis=1)
    return mu, 1 - spent / whole
