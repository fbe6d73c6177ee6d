"""How many pictures compiled stages take at once (`tile: auto`), by what the machine has.

A row's last bits depend on the tile, so a run keeps the one that it began with, on whatever machine it goes on.
"""

from pathlib import Path

import psutil
import yaml

from linksim.scenario import Scenario

PIXEL = 128  # bytes of memory that a pixel of a tile takes: 104 measured in the learned decoder, 256 x 256
MOST = {"CPU": 16, "GPU": 64}  # more fills no core better
SHARE = 0.25  # of the memory that is free


def sized(scenario: Scenario, folder: Path | None = None) -> Scenario:
    """The scenario with its tile as a number. folder: of a run that may have begun already."""
    if scenario.tile != "auto":
        return scenario
    begun = _begun(folder / "scenario.yaml") if folder else None
    inputs = [getattr(task, "input_size", 0) for task in (scenario.task, *scenario.also.values())]
    return scenario.model_copy(update={"tile": begun or tile(max(scenario.source.size, *inputs))})


def tile(size: int, free: int | None = None, device: str | None = None) -> int:
    """The largest power of two of pictures of size x size pixels that suits `device` ("CPU", "GPU") and takes no more
    than SHARE of `free` bytes; this machine's, where left out. At least 1."""
    free = psutil.virtual_memory().available if free is None else free
    device = device or ("GPU" if _gpus() else "CPU")
    fits = int(SHARE * free / (PIXEL * size**2))
    return min(MOST[device], 1 << max(fits.bit_length() - 1, 0))


def _gpus() -> list:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _begun(path: Path) -> int | None:
    """The tile that a run's own scenario says; what is damaged there its store will say."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return found["tile"] if isinstance(found, dict) and type(found.get("tile")) is int and found["tile"] > 0 else None
