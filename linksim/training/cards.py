"""What a recipe writes on the card of its weights."""

import json
import os
import platform
import shlex
from pathlib import Path


def portable(sources: list[dict]) -> list[dict]:
    """Source configurations without folders of somebody's machine: a path keeps its last name."""
    return [{k: Path(v).name if k == "path" else v for k, v in source.items()} for source in sources]


def command(recipe: str, asked: dict) -> str:
    """The command that trains these weights again. asked: the options of the recipe's `train`, with `out` and
    `minutes`; what is None is left out, and of a path all but its last name."""
    asked = {key: _portable(value) for key, value in asked.items() if value is not None}
    words = [f"linksim train {recipe} --out {asked.pop('out')} --minutes {asked.pop('minutes'):g}"]
    return " ".join([*words, *(f"--set {shlex.quote(f'{key}={json.dumps(value)}')}" for key, value in asked.items())])


def _portable(value):
    if isinstance(value, dict):
        return {key: _portable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(inner) for inner in value]
    return Path(value).name if isinstance(value, str | Path) else value


def courses(start: str | None, kind: str) -> list[dict]:
    """The courses that a training has behind it which goes on from weights `start`, oldest first: of each its weights'
    name and sha256, command and cost. None where it begins anew."""
    if start is None:
        return []
    from linksim import weights

    card = weights.load(start, kind)[1]
    last = {key: card[key] for key in ("name", "sha256", "minutes", "command")}
    return [*(card.get("courses") or []), last | {"steps": card["scores"].get("steps")}]


def machine() -> str:
    """Cores, processor family, accelerators if there are any, and Keras backend."""
    import keras

    backend = keras.backend.backend()
    parts = [f"{os.cpu_count()} x {platform.machine()} cores", *accelerators()]
    return f"{', '.join(parts)}, Keras {keras.__version__} on {backend}"


def accelerators() -> list[str]:
    """Names of what Keras's backend computes on beside the processor."""
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    if backend == "torch":
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(device).get("device_name", "GPU") for device in found]
