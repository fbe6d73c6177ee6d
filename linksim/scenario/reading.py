"""From a file to a scenario."""

from pathlib import Path

from linksim.errors import UserError
from linksim.scenario import overrides as changes
from linksim.scenario.checking import check, nearest
from linksim.scenario.question import Scenario
from linksim.scenario.yaml_text import parse


def load(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Scenario:
    """The scenario in the YAML file `path` with `key.path=value` overrides. UserError says what is wrong.

    An override drops a plan that the file holds: it was made for another question."""
    path = Path(path)
    if not path.is_file():
        near = [str(p) for p in sorted(path.parent.glob("*.y*ml"))] if path.parent.is_dir() else []
        raise UserError(f"no scenario at {path}{nearest(str(path), near)}"
                        + (f" That folder holds: {', '.join(near)}." if near else ""))
    try:
        raw = parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} isn't readable YAML: {error}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path}: a scenario is a mapping of keys to values (found {type(raw).__name__})")
    for override in overrides:
        changes.apply(raw, override)
    if overrides:
        raw.pop("plan", None)
    return check(Scenario, raw, "")
