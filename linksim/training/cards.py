"""What a recipe writes on the card of its weights."""

import json
import os
import platform
from pathlib import Path


def portable(sources: list[dict]) -> list[dict]:
    """Source configurations without folders of somebody's machine: a path keeps its last name."""
    return [{k: Path(v).name if k == "path" else v for k, v in source.items()} for source in sources]


def command(recipe: str, out: Path, minutes: float, **options) -> str:
    """The command that trains these weights again; options that are None are left out."""
    words = [f"linksim train {recipe} --out {Path(out).name} --minutes {minutes:g}"]
    for key, value in options.items():
        if value is not None:
            words.append(f"--set '{key}={json.dumps(value)}'")
    return " ".join(words)


def machine() -> str:
    """Cores, processor family and Keras backend."""
    import keras

    return f"{os.cpu_count()} x {platform.machine()} cores, Keras {keras.__version__} on {keras.backend.backend()}"
