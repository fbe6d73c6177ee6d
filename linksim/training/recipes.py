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
        file = Path(room.__path__[0]) / f"{module.name}.py"
        tree = ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
        if any(isinstance(node, ast.FunctionDef) and node.name == "train" for node in tree.body):
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
    known = {key: p for key, p in inspect.signature(train).parameters.items() if key not in ("out", "minutes")}
    given = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or key not in known:
            raise UserError(f"--set {option}: should read key=value; {name} knows: {', '.join(known) or 'none'}")
        given[key] = yaml.safe_load(text)
    needed = [key for key, p in known.items() if p.default is p.empty and key not in given]
    if needed:
        more = ", ".join(f"--set {key}=..." for key in needed)
        raise UserError(f"recipe {name} also needs {more}; what they are:\n" + inspect.cleandoc(train.__doc__ or ""))
    train(out=out, minutes=minutes, **given)
