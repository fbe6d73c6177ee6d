"""A scenario: the question a run answers, typed and checked. The only reader of YAML.

    scenario = load("scenarios/rayleigh_slow.yaml", ["pictures=16", "schemes.linear.budget_as=null"])

Unknown keys are refused; every error names the key's path, the value found and what is allowed.
`source`, `task`, `link.channel` and each of `schemes` are typed by the class that the registry holds under
their `type` (`model` for a channel), so a new class is usable in a scenario as soon as it is registered.

    yaml_text > series, overrides > question (its parts, checking) > reading
"""

from linksim.scenario.checking import check, slug
from linksim.scenario.question import Scenario
from linksim.scenario.reading import load

__all__ = ["Scenario", "check", "load", "slug"]
