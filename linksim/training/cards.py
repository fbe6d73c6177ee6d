"""What a recipe writes on the card of its weights."""

import json
import os
import platform
import shlex
from pathlib import Path


def portable(sources: list[dict]) -> list[dict]:
    """Source configurations without folders of somebody's machine: a path keeps its last name."""
    return [{k: Path(v).name if k == "path" else v for k, v in source.items()} for source in sources]


def command(recipe: str, out: Path, minutes: float, **options) -> str:
    """The command that trains these weights again; options that are None are left out."""
    words = [f"linksim train {recipe} --out {Path(out).name} --minutes {minutes:g}"]
    for key, value in options.items():
        if value is not None:
            words.append(f"--set {shlex.quote(f'{key}={json.dumps(value)}')}")
    return " ".join(words)


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
