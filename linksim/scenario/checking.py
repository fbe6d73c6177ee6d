"""Checking what a scenario says: every error names the key's path, the value found and what is allowed."""

import re
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from linksim.errors import UserError, shown
from linksim.registry import lookup, names

MOST = 20  # errors told at once


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def check(model: type[BaseModel], value: Any, at: str) -> BaseModel:
    """`value` as a `model`; UserError with the paths below `at` of everything wrong, MOST at once."""
    if isinstance(value, model):
        return value
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = [_explain(model, found, at) for found in error.errors()]
        more = [f"... and {len(wrong) - MOST} more"] if len(wrong) > MOST else []
        raise UserError("\n".join(wrong[:MOST] + more)) from None


def slug(name: str) -> str:
    """A name as it appears in file names and in `--set` paths: `SE-SC mu 0.2` is `se-sc-mu-0-2`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def by_type(kind: str, value: Any, at: str, key: str = "type") -> BaseModel:
    """The Config of the class that the registry holds under `value[key]`, checked."""
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict) or not isinstance(value.get(key), str):
        raise UserError(f"{at}: should have a `{key}` (found {shown(value)}). Known: {', '.join(names(kind))}.")
    try:
        cls = lookup(kind, value[key])
    except UserError as error:
        raise UserError(f"{at}.{key}: {error}") from None
    return check(cls.Config, value, at)


def _explain(model: type[BaseModel], found: dict, at: str) -> str:
    place = ".".join(str(step) for step in (at, *found["loc"]) if step != "")
    if found["type"] == "extra_forbidden":
        allowed = _keys(model, found["loc"][:-1])
        return (f"{place}: unknown key (found {shown(found['input'])}){nearest(str(found['loc'][-1]), allowed)}"
                f" Allowed: {', '.join(allowed)}.")
    if found["type"] == "missing":
        return f"{place}: missing"
    return f"{place}: {found['msg'][:1].lower()}{found['msg'][1:]} (found {shown(found['input'])})"


def _keys(model: type[BaseModel], loc: tuple) -> list[str]:
    """The keys allowed at `loc` below `model`."""
    for step in loc:
        if step in model.model_fields:
            inner = [model.model_fields[step].annotation]
            while inner:
                kind = inner.pop()
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    model = kind
                inner += get_args(kind)
    return list(model.model_fields)


def nearest(name: str, known: list[str]) -> str:
    """A hint at the known name most like `name`, or a full stop."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
