"""Weights files: NumPy arrays in `<name>.npz`, and a card `<name>.json` beside it that says where they come from.

Nothing in them is executed: arrays are read without pickle and the card is plain JSON. The card's `sha256`
holds the two together.
"""

import hashlib
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.weights.light import restore

FOLDER = Path(__file__).parent
LARGEST = 4e9  # bytes that a file may unpack to
DAMAGE = (ValueError, OSError, EOFError, MemoryError, LookupError, RuntimeError, zipfile.BadZipFile, zlib.error)
KEYS = ("kind", "name", "data", "recipe", "command", "minutes", "machine", "scores", "classes", "config", "courses")


def shipped(kind: str | None = None) -> list[str]:
    """Names of the weights that come with linksim, sorted; of one kind where `kind` is given."""
    cards = sorted(FOLDER.glob("*.json"))
    return [c.stem for c in cards if kind is None or json.loads(c.read_text()).get("kind") == kind]


def save(path: Path, arrays: dict[str, np.ndarray], card: dict) -> None:
    """Write `path` (.npz) and its card. Each file appears whole or not at all.

    card: the keys of `KEYS` (those left out become null); `sha256` of the array file is added.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise UserError(f"weights are written to a .npz file, got {str(path)!r}")
    unknown = set(card) - set(KEYS)
    if unknown:
        raise ValueError(f"unknown keys in a card: {sorted(unknown)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, card_aside = path.with_name(f".{path.name}.{os.getpid()}"), path.with_name(f".{path.stem}.{os.getpid()}")
    with open(aside, "wb") as file:
        np.savez(file, **arrays)
    card = {key: card.get(key) for key in KEYS} | {"sha256": _sha256(aside)}
    card_aside.write_text(json.dumps(card, indent=2) + "\n")
    os.replace(aside, path)
    os.replace(card_aside, path.with_suffix(".json"))


def load(name_or_path: str, kind: str) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays by name and the card, from a shipped name ("yolov5n-scenes") or the path of a .npz file.

    kind: what the caller can use ("yolov5", "sesc", ...). UserError: missing, another kind, damaged.
    """
    path = _find(str(name_or_path), kind)
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"weights {path}: the card {card_path.name} is missing beside them") from None
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"weights {path}: the card {card_path.name} is not JSON ({error})") from None
    if not isinstance(card, dict) or card.get("kind") != kind:
        found = card.get("kind") if isinstance(card, dict) else type(card).__name__
        raise UserError(f"weights {path} are of kind {found!r}, but {kind!r} is needed. {_shipped_sentence(kind)}")
    if card.get("sha256") != _sha256(path):
        raise UserError(f"weights {path}: the sha256 differs from the card's; the file is damaged or was replaced")
    try:
        return restore(_arrays(path)), card
    except DAMAGE as error:
        raise UserError(f"weights {path} can't be read as NumPy arrays: {str(error) or type(error).__name__}") from None


@contextmanager
def fitting(name: str):
    """Around what takes the arrays and the card of weights called `name` apart: UserError where they lack something,
    or have it in another form. Their file is whole, but no recipe of ours made it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise UserError(f"weights {name!r} don't fit: {type(error).__name__}: {str(error)[:300]}. Another recipe or "
                        "another version made them; train them again, or take shipped ones") from error


def model_arrays(model, dtype=np.float32) -> dict[str, np.ndarray]:
    """The values of a Keras model's weights by variable path, as `dtype`."""
    return {_key(v): np.asarray(v).astype(dtype) for v in model.weights}


def assign(model, arrays: dict[str, np.ndarray]) -> None:
    """Set every weight of a Keras model from `arrays` (by variable path; cast to the variable's dtype)."""
    wanted = {_key(v): v for v in model.weights}
    missing, left = sorted(set(wanted) - set(arrays)), sorted(set(arrays) - set(wanted))
    if missing or left:
        what = f"no array for {missing[0]!r}" if missing else f"no place for array {left[0]!r}"
        raise UserError(f"these weights don't fit the model: {what} ({len(missing)} missing, {len(left)} left over)")
    for path, variable in wanted.items():
        if tuple(variable.shape) != arrays[path].shape:
            raise UserError(f"these weights don't fit the model: {path!r} has shape {arrays[path].shape}, "
                            f"the model needs {tuple(variable.shape)}")
    for path, variable in wanted.items():
        variable.assign(arrays[path])


def assign_part(model, arrays: dict[str, np.ndarray]) -> None:
    """Set a Keras model from those of `arrays` that a file keeps under the model's name."""
    assign(model, part(arrays, model.name))


def part(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The arrays of `<name>/*`, without that in front."""
    return {key.removeprefix(f"{name}/"): value for key, value in arrays.items() if key.startswith(f"{name}/")}


def _key(variable) -> str:
    """A variable's path as files have it: PyTorch takes no dots in names, `yolov5.network.named` puts colons there."""
    return variable.path.replace(":", ".")


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Numbers by name, all finite; ValueError (or one of DAMAGE) where anything else is in the file."""
    with zipfile.ZipFile(path) as archive:
        if (size := sum(entry.file_size for entry in archive.infolist())) > LARGEST:
            raise ValueError(f"they unpack to {size / 1e9:.1f} GB")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            raise ValueError(f"{name!r} is no array of real numbers")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name!r} holds values that aren't finite")
    return arrays


def _find(name: str, kind: str) -> Path:
    here = FOLDER / f"{name}.npz"
    if "/" not in name and here.is_file():
        return here
    path = Path(name).expanduser()
    if path.is_file():
        if path.suffix != ".npz":
            raise UserError(f"weights must be a .npz file, got {name!r}")
        return path
    near = get_close_matches(name, shipped(kind), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"no weights {name!r}: neither a shipped name nor a file.{hint} {_shipped_sentence(kind)}")


def _shipped_sentence(kind: str) -> str:
    return f"Shipped weights of kind {kind!r}: {', '.join(shipped(kind)) or 'none'}."


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
