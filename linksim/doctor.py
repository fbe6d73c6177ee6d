"""What there is: names a scenario can use (`linksim list`), and what this machine has (`linksim doctor`)."""

import hashlib
import json

from rich.console import Group
from rich.table import Table

from linksim import registry
from linksim.weights import FOLDER, shipped

OPTIONAL = {"onnxruntime": "only the onnx judge needs it: pip install 'linksim[onnx]'",
            "pycocotools": "only tests compare with it"}


def inventory() -> Group:
    """Everything registered, shipped weights and recipes, one line each. Loads no TensorFlow."""
    from linksim.training.recipes import recipes

    tables = [_table(f"{kind}s", {name: registry.lookup(kind, name).__doc__ for name in registry.names(kind)})
              for kind in registry.KINDS]
    cards = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in shipped()}
    about = {name: f"{card['kind']}, trained on {_data(card.get('data'))}" for name, card in cards.items()}
    tables.append(_table("weights", about))
    tables.append(_table("recipes (linksim train)", recipes()))
    return Group(*tables)


def examine() -> tuple[Table, list[str]]:
    """What was found, and what is missing that something needs."""
    from linksim.experiment import provenance

    found = Table("what", "found", title="linksim doctor")
    missing = []
    for name, version in provenance.versions().items():
        found.add_row(name, version or "[yellow]not installed[/yellow] " + OPTIONAL.get(name, ""))
        if version is None and name not in OPTIONAL:
            missing.append(f"{name}: pip install -e .")
    openjpeg = provenance.codecs()["openjpeg"]
    found.add_row("OpenJPEG", openjpeg or "[red]not found[/red]")
    if openjpeg is None:
        missing.append("OpenJPEG: the wheels of Pillow carry it; pip install --force-reinstall pillow")
    try:
        device = provenance.device()
        found.add_row("processor", f"{device['processor']}, {device['cores']} cores")
        found.add_row("TensorFlow computes on", ", ".join(device["tensorflow"]))
    except ImportError as error:
        missing.append(f"TensorFlow can't be loaded: {error}")
    for name in shipped():
        verdict = weights_verdict(name)
        found.add_row(f"weights {name}", verdict)
        if verdict != "sha256 as in its card":
            missing.append(f"weights {name}: {verdict}; fetch the repository's file again")
    return found, missing


def weights_verdict(name: str) -> str:
    """Whether shipped weights are what their card says."""
    file = FOLDER / f"{name}.npz"
    if not file.is_file():
        return "the file is missing"
    right = json.loads((FOLDER / f"{name}.json").read_text()).get("sha256")
    same = hashlib.sha256(file.read_bytes()).hexdigest() == right
    return "sha256 as in its card" if same else "sha256 differs from its card"


def _data(data: list | str | None) -> str:
    """A card's `data`: sources (type, and where they lie) or a sentence."""
    if isinstance(data, list):
        return " and ".join(" ".join(filter(None, (source.get("type"), source.get("path")))) for source in data)
    return data or "?"


def _table(title: str, docs: dict[str, str | None]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 2))
    for name, doc in docs.items():
        table.add_row(name, (doc or "").strip().split("\n")[0], style=None)
    return table
