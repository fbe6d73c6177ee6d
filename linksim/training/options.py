"""The options of a recipe: the parameters of its `train`, typed by their annotations."""

import inspect
from typing import get_type_hints

import yaml
from pydantic import ConfigDict, create_model

from linksim.errors import UserError
from linksim.scenario import check

_ALWAYS = ("out", "minutes")


def read(name: str, train, given: list[str]) -> dict:
    """`key=value` texts (values are YAML) as the arguments of `train`, those given alone. UserError says what is wrong,
    and what there is where something needed is missing."""
    values = {}
    for option in given:
        key, equals, text = option.partition("=")
        if not equals or not key:
            raise UserError(f"--set {option}: should read key=value")
        try:
            values[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UserError(f"--set {option}: the value isn't readable YAML: {error}") from None
    hints = get_type_hints(train, include_extras=True)
    known = {key: default for key, default in defaults(train).items() if key not in _ALWAYS}
    needed = [key for key, default in known.items() if default is inspect.Parameter.empty and key not in values]
    if needed:
        more = " ".join(f"--set {key}=..." for key in needed)
        raise UserError(f"recipe {name} also needs {more}\n{describe(train)}")
    fields = {key: (hints.get(key, object), ... if default is inspect.Parameter.empty else default)
              for key, default in known.items()}
    config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())
    typed = check(create_model(name, __config__=config, **fields), values, name)
    return {key: getattr(typed, key) for key in values}


def look(name: str, train, asked: dict) -> None:
    """Whether sources, detector and weights to start from are there. UserError where they aren't."""
    from linksim import weights
    from linksim.registry import lookup

    whole = {key: asked.get(key, default) for key, default in defaults(train).items()}
    for at, config in [("source", whole.get("source")), *((f"sources.{i}", source) for i, source in
                                                          enumerate(whole.get("sources") or []))]:
        if config is None or config is inspect.Parameter.empty:
            continue
        if not isinstance(config.get("type"), str):
            raise UserError(f"{name}.{at}: should have a `type` (found {config!r})")
        cls = lookup("source", config["type"])
        cls(check(cls.Config, config, f"{name}.{at}"), "train")
    if isinstance(whole.get("detector"), str):
        weights.load(whole["detector"], "yolov5")
    if isinstance(whole.get("start"), str):
        weights.load(whole["start"], name)


def defaults(train) -> dict:
    """Parameter -> default of a recipe, `inspect.Parameter.empty` where it is needed."""
    return {key: parameter.default for key, parameter in inspect.signature(train).parameters.items()}


def describe(train) -> str:
    """A line per option, and what the recipe says about them."""
    rows = []
    for key, parameter in inspect.signature(train).parameters.items():
        if key not in _ALWAYS:
            needed = parameter.default is parameter.empty
            rows.append((key, inspect.formatannotation(parameter.annotation),
                         "needed" if needed else f"[{parameter.default}]"))
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:2]] if rows else (0, 0)
    lines = [f"  {key:{widths[0]}}  {kind:{widths[1]}}  {default}" for key, kind, default in rows]
    return "\n".join(["options (--set KEY=VALUE; type; default):", *lines, "", inspect.cleandoc(train.__doc__ or "")])
