"""`--set key.path=value`: changing any key of a scenario before it is checked."""

from typing import Any

from linksim.errors import UserError, shown
from linksim.registry import lookup, names
from linksim.scenario.checking import slug
from linksim.scenario.yaml_text import parse

# Registry kind of a scenario's typed parts.
_KINDS = {"source": "source", "task": "task", "also": "task", "schemes": "scheme"}


def apply(raw: dict, override: str) -> None:
    """Carry out one `--set a.b.0.c=value`: list entries by index, by name (or its slug), or by type."""
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise UserError(f"--set {override}: should read key.path=value")
    value = parse(text, f"--set {override}: the value")
    here: Any = raw
    *steps, last = path.strip().split(".")
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[_entry(here, step, override)]
    if not isinstance(here, dict):
        here[_entry(here, last, override)] = value
        return
    if last in ("model", "type") and here.get(last, value) != value:
        _forget(here, "channel" if last == "model" else _KINDS.get(steps[0]), value)
    here[last] = value


def _forget(here: dict, kind: str | None, name: Any) -> None:
    """Drop the keys that a class put in the place of another doesn't know: they spoke of the other one."""
    if kind and name in names(kind):
        for key in set(here) - set(lookup(kind, name).Config.model_fields):
            del here[key]


def _entry(items: Any, step: str, override: str) -> int:
    if not isinstance(items, list):
        raise UserError(f"--set {override}: {step!r} leads below the value {shown(items)}")
    if step.lstrip("-").isdigit() and -len(items) <= int(step) < len(items):
        return int(step)
    entries = [entry if isinstance(entry, dict) else {} for entry in items]
    for match in (lambda e: e.get("name") == step, lambda e: slug(str(e.get("name", ""))) == slug(step),
                  lambda e: e.get("type") == step):
        hits = [i for i, entry in enumerate(entries) if match(entry)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            break
    known = [slug(str(e["name"])) for e in entries if "name" in e]
    what = "fits several entries" if hits else "fits no entry"
    raise UserError(f"--set {override}: {step!r} {what}; use an index below {len(items)}"
                    + (f" or one of: {', '.join(known)}." if known else "."))
