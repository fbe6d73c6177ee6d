"""Names to classes: one registry for schemes, channels, sources and tasks.

Extending linksim is one file and one decorator::

    # linksim/schemes/mine.py
    @register("scheme", "mine")
    class Mine(Scheme):
        \"\"\"One line that `linksim list` shows.\"\"\"
        class Config(SchemeConfig):
            rate: float = 0.5

Every module of the rooms below is imported once, on first use; such modules must not import TensorFlow,
Keras or Sionna at their head (they do so when an object is built), so that `linksim list` stays light.
"""

import importlib
import pkgutil
from difflib import get_close_matches

from linksim.errors import UserError

ROOMS = ("linksim.sources", "linksim.schemes", "baselines", "linksim.link.channels", "linksim.tasks")
KINDS = ("source", "scheme", "channel", "task")

_classes: dict[tuple[str, str], type] = {}
_loaded = False


def register(kind: str, name: str):
    """Class decorator: makes a class usable in a scenario under `name`. Refuses duplicates."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")

    def add(cls: type) -> type:
        if (kind, name) in _classes and _classes[kind, name].__qualname__ != cls.__qualname__:
            raise ValueError(f"{kind} {name!r} is already registered by {_classes[kind, name].__module__}")
        cls.kind, cls.type_name = kind, name
        _classes[kind, name] = cls
        return cls

    return add


def lookup(kind: str, name: str) -> type:
    """The class registered as `name`; UserError names the nearest one where there is none."""
    _load()
    if (kind, name) not in _classes:
        near = get_close_matches(str(name), names(kind), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UserError(f"unknown {kind} {name!r}{hint} Known: {', '.join(names(kind))}.")
    return _classes[kind, name]


def names(kind: str) -> list[str]:
    """All registered names of a kind, sorted."""
    _load()
    return sorted(name for k, name in _classes if k == kind)


def _load() -> None:
    global _loaded
    if _loaded:
        return
    _loaded = True
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.iter_modules(package.__path__, room + "."):
            importlib.import_module(module.name)
