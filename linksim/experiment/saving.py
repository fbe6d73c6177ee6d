"""Which threshold, or how many uses for each feature, save so many channel uses: chosen on calibration pictures, before
anything is judged."""

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


def uses_for_saving(scheme, analysis, saving: float, reference_mu: float, mu: float) -> int:
    """The most channel uses for each feature with which the analysed pictures, at threshold `mu`, take at most 1 -
    saving of the uses in total that they take at `reference_mu` with the scheme's own number. UserError where not even
    one is few enough. scheme: has `uses_over_mu` and `most`."""
    room = (1 - saving) * float(np.sum(scheme.uses_over_mu(analysis, [reference_mu])[0]))
    low, high = 0, scheme.most
    while low < high:
        middle = (low + high + 1) // 2
        fits = float(np.sum(scheme.uses_over_mu(analysis, [mu], middle)[0])) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    if low == 0:
        raise UserError(f"not even one channel use for each feature of mu = {mu:g} saves {saving:.1%} of the channel "
                        f"uses of mu = {reference_mu:g}")
    return low


def on_calibration(scenario: Scenario, name: str, saving: float, mu: float | None = None) -> tuple[float, int, float]:
    """A threshold, channel uses for each feature, and the share of the channel uses of the scenario's scheme `name`
    that they save on its calibration pictures: `mu_for_saving` with its own number of uses, or where `mu` is given
    `uses_for_saving` with that threshold."""
    config = scenario.scheme(name)
    if not isinstance(getattr(config, "mu", None), float):
        raise UserError(f"{name!r} has no threshold mu of its own to save on (found {getattr(config, 'mu', None)!r})")
    if mu is not None and not 0 <= mu <= 1:
        raise UserError(f"mu: a threshold on weights, between 0 and 1 (found {mu:g})")
    if config.uses == "auto":
        raise UserError(f"{name!r} has no number of channel uses for each feature (uses: auto), so its uses over mu "
                        "are those of its budget")
    alone = scenario.model_copy(update={"schemes": [config], "pictures": 1, "plan": {}, "symbols_vs_mu": None})
    setup = Setup(alone)
    with Clock(Console(quiet=True)) as clock:
        planned(setup, clock)
    scheme, analysis = setup.schemes[name], setup.analysis(name, calibration=True)
    if mu is None:
        mu, each = mu_for_saving(scheme, analysis, saving, config.mu), scheme.uses
    else:
        each = uses_for_saving(scheme, analysis, saving, config.mu, mu)
    spent = scheme.uses_over_mu(analysis, [mu], each)[0].sum()
    return mu, each, float(1 - spent / scheme.uses_over_mu(analysis, [config.mu])[0].sum())
