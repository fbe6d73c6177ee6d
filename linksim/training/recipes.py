"""Finding and starting recipes: every module of this room that defines `train(out, minutes, **options)`.

What is asked for is checked before anything heavy is loaded. While a recipe is at work `.<out>.recipe` beside its
output says with which options, so that the same command goes on and another one doesn't by mistake.
"""

import ast
import importlib
import json
import os
import pkgutil
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import linksim.training as room
from linksim.errors import UserError
from linksim.training import options


def recipes() -> dict[str, str]:
    """Name -> first line of its docstring. Nothing is imported: recipes load a deep-learning backend."""
    found = {}
    for module in pkgutil.iter_modules(room.__path__):
        file = Path(room.__path__[0]) / f"{module.name}.py"
        tree = ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
        if any(isinstance(node, ast.FunctionDef) and node.name == "train" for node in tree.body):
            found[module.name] = (ast.get_docstring(tree) or "").split("\n")[0]
    return found


def start(name: str, out: Path, minutes: float, given: list[str], fresh: bool = False) -> None:
    """Run a recipe with `key=value` options (values are YAML), or go on with one that was stopped."""
    prepare(name, out, minutes, given, fresh)()


def prepare(name: str, out: Path, minutes: float, given: list[str], fresh: bool = False) -> Callable[[], None]:
    """What `start` does, checked and ready to be called.

    fresh: replace what an earlier run left. UserError: unknown recipe, wrong options, an output that can't be written,
    is finished, or was begun with other options."""
    train = find(name)
    asked = options.read(name, train, given)
    if minutes <= 0 and options.defaults(train)["minutes"] != 0:
        raise UserError(f"--minutes: should be above 0 (found {minutes:g})")
    options.look(name, train, asked)
    marker = _marker(out)
    _writable(out)
    if fresh:
        _clear(out, asked.get("work"))
    wanted = {"recipe": name, "options": json.loads(json.dumps(asked, default=str))}
    if marker.exists():
        _same(json.loads(marker.read_text()), wanted, out)
    elif out.exists():
        raise UserError(f"--out {out}: is there already, and finished. Choose another name, or --fresh to replace it")

    def begin() -> None:
        marker.write_text(json.dumps(wanted))
        try:
            train(out=out, minutes=minutes, **asked)
        except UserError:
            if not kept(out):
                marker.unlink(missing_ok=True)  # it didn't begin
            raise
        marker.unlink(missing_ok=True)

    return begin


def find(name: str):
    """A recipe's `train`; UserError names the nearest one where there is none."""
    known = recipes()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UserError(f"no recipe {name!r}{hint} Known: {', '.join(known) or 'none'}.")
    return importlib.import_module(f"{room.__name__}.{name}").train


def describe(name: str | None = None) -> str:
    """What there is to choose: the recipes, or the options of one."""
    if name is None:
        width = max(map(len, recipes()))
        lines = "\n".join(f"  {recipe:{width}}  {about}" for recipe, about in recipes().items())
        return f"recipes:\n{lines}\n`linksim train RECIPE` tells a recipe's options."
    return f"linksim train {name} --out FILE.npz [--minutes N] [--set KEY=VALUE ...]\n{options.describe(find(name))}"


def kept(out: Path) -> list[Path]:
    """The checkpoints that a stopped recipe has left for its output."""
    return [*out.parent.glob(f"{out.stem}.checkpoint*"), *out.with_suffix(".training").glob("checkpoint*")]


def _marker(out: Path) -> Path:
    return out.with_name(f".{out.stem}.recipe")


def _writable(out: Path) -> None:
    if out.suffix != ".npz":
        raise UserError(f"--out {out}: weights are written to a .npz file")
    if out.is_dir():
        raise UserError(f"--out {out}: is a folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe = out.with_name(f".{out.name}.{os.getpid()}")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"--out {out}: can't be written ({error.strerror})") from None


def _same(begun: dict, wanted: dict, out: Path) -> None:
    """UserError where a stopped training was asked for something else."""
    old, new = ({"recipe": a["recipe"]} | a["options"] for a in (begun, wanted))
    for key in [*old, *new]:
        if old.get(key) != new.get(key):
            was, now = (f"{key}={a[key]}" if key in a else f"no {key}" for a in (old, new))
            raise UserError(f"--out {out}: a training with other options was stopped there ({was}, now {now}). "
                            "Give the same command to go on, choose another name, or --fresh to start anew")


def _clear(out: Path, work: str | None) -> None:
    """Remove what a recipe writes for this output, nothing else."""
    folder = Path(work) if work else out.with_suffix(".training")
    beside = [out, *(out.with_suffix(suffix) for suffix in (".json", ".csv", ".png")), _marker(out), *kept(out)]
    inside = [file for pattern in ("checkpoint*", "*.npy", "*-objects.npz") for file in folder.glob(pattern)]
    for file in beside + inside:
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
