"""One scheme at several budgets, drawn as one curve: the scenario's `budgets`.

    budgets: [2000, 4000]
    schemes:
      - {name: JPEG2000, type: jpeg2000_ldpc, uses: each}
      - {name: linear, type: linear, budget_as: JPEG2000}

is read as `JPEG2000 @ 2,000` and `JPEG2000 @ 4,000`, each with that many channel uses, and a `linear` beside either:
plain schemes of the series `JPEG2000` and `linear`. What a run writes down is that longer list.
"""

from collections.abc import Iterator

from linksim.errors import UserError

EACH = "each"


def at(name: str, budget: int) -> str:
    """What a scheme of a series is called at one budget."""
    return f"{name} @ {budget:,}"


def expand(scenario: dict) -> dict:
    """The scenario, read but not yet checked, with every scheme that has a key of value `each`, or that takes its
    budget from one of those, once for each of `budgets`. UserError where one is there without the other."""
    schemes, budgets = scenario.get("schemes"), scenario.get("budgets")
    if not isinstance(schemes, list) or not all(isinstance(scheme, dict) for scheme in schemes):
        return scenario  # whoever checks the schemes says what is wrong
    series = _series(schemes)
    if series and not budgets:
        raise UserError(f"budgets: missing, but {', '.join(map(repr, series))} should have each of them; list them, "
                        "e.g. budgets: [2000, 4000]")
    if not series:
        if budgets and not any(scheme.get("series") for scheme in schemes):
            raise UserError(f"budgets: no scheme has them (found {budgets}); give one a key of value `{EACH}`, such as "
                            f"uses: {EACH}")
        return scenario
    if not isinstance(budgets, list) or not all(type(budget) is int and budget > 0 for budget in budgets):
        raise UserError(f"budgets: should be a list of channel uses, whole numbers above 0 (found {budgets!r})")
    return scenario | {"schemes": [one for scheme in schemes for one in _copies(scheme, series, budgets)]}


def _series(schemes: list[dict]) -> list[str]:
    """Names of the schemes to be repeated."""
    found = [str(scheme.get("name")) for scheme in schemes if EACH in map(_text, scheme.values())]
    while more := [str(scheme.get("name")) for scheme in schemes
                   if scheme.get("budget_as") in found and str(scheme.get("name")) not in found]:
        found += more
    return found


def _copies(scheme: dict, series: list[str], budgets: list[int]) -> Iterator[dict]:
    if (name := str(scheme.get("name"))) not in series:
        yield scheme
        return
    for budget in budgets:
        own = {key: budget if _text(value) == EACH else value for key, value in scheme.items()}
        if own.get("budget_as") in series:
            own["budget_as"] = at(own["budget_as"], budget)
        yield own | {"name": at(name, budget), "series": name}


def _text(value) -> str | None:
    return value if isinstance(value, str) else None
