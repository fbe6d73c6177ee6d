"""Finding and starting recipes: every module of this room that defines `train(out, minutes, **options)`."""

import ast
import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from pathlib import Path

import yaml

import linksim.training as room
from linksim.errors import UserError


def recipes() -> dict[str, str]:
    """Name -> first line of its docstring. Nothing is imported: recipes load a deep-learning backend."""
    found = {}
    for module in pkgutil.iter_modules(room.__path__):
        tree = ast.parse((Path(room.__path__[0]) / f"{module.name}.py").read_text()) if not module.ispkg else None
        if tree and any(isinstance(node, ast.FunctionDef) and node.name == "train" for node in tree.body):
            found[module.name] = (ast.get_docstring(tree) or "").split("\n")[0]
    return found


def start(name: str, out: Path, minutes: float, options: list[str]) -> None:
    """Run a recipe with `key=value` options (values are YAML). UserError: unknown recipe or option."""
    known = recipes()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UserError(f"no recipe {name!r}{hint} Known: {', '.join(known) or 'none'}.")
    if out.suffix != ".npz":
        raise UserError(f"--out {out}: weights are written to a .npz file")
    train = importlib.import_module(f"{room.__name__}.{name}").train
    options_of = {key: p for key, p in inspect.signature(train).parameters.items() if key not in ("out", "minutes")}
    given = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or key not in options_of:
            raise UserError(f"--set {option}: should read key=value; {name} knows: {', '.join(options_of) or 'no option'}")
        given[key] = yaml.safe_load(text)
    needed = [key for key, p in options_of.items() if p.default is p.empty and key not in given]
    if needed:
        raise UserError(f"recipe {name} also needs {', '.join(f'--set {key}=...' for key in needed)}; what they are:\n"
                        + inspect.cleandoc(train.__doc__ or ""))
    train(out=out, minutes=minutes, **given)
