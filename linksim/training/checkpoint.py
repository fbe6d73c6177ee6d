"""The state of a course in one file of NumPy arrays: the model's weights, the optimiser's state, the best weights where
asked for, and what else the course knows, as JSON.

It is written aside and renamed, so whatever ends the process leaves a whole one; another Keras backend can read it.
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from linksim.errors import UserError


def write(path: Path, model, kept: dict, best: list[np.ndarray] | None = None) -> None:
    """model: a compiled keras.Model. kept: what JSON can hold. best: `values(model)` at an earlier point."""
    arrays = {f"weight{i}": a for i, a in enumerate(values(model))}
    arrays |= {f"optimiser{i}": _array(v) for i, v in enumerate(model.optimizer.variables)}
    arrays |= {f"best{i}": a for i, a in enumerate(best or ())}
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(aside, "wb") as file:
        np.savez(file, kept=json.dumps(kept), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read(path: Path, model) -> tuple[dict, list[np.ndarray] | None]:
    """Give a compiled model the state in the file. Returns kept and best as `write` took them; UserError where the file
    is damaged or holds another model's state."""
    model.optimizer.build(model.trainable_variables)  # else it has no variables yet
    try:
        with np.load(path, allow_pickle=False) as file:
            states = [(variables, _fitting(variables, file, name)) for variables, name in (
                (model.weights, "weight"), (model.optimizer.variables, "optimiser"))]
            best = _fitting(model.weights, file, "best") if "best0" in file else None
            kept = json.loads(str(file["kept"]))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise UserError(f"the checkpoint {path} can't be gone on from: {error}. Give the options it was begun with, or "
                        "start anew with --fresh") from None
    for variables, arrays in states:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
    return kept, best


def values(model) -> list[np.ndarray]:
    """Copies of the values of a model's weights, as `model.set_weights` takes them; bfloat16 becomes float32."""
    return [_array(variable) for variable in model.weights]


def _array(variable) -> np.ndarray:
    import keras

    value = np.array(keras.ops.convert_to_numpy(variable.value))
    return value if value.dtype.kind in "fiub" else value.astype(np.float32)  # .npz files know no bfloat16


def _fitting(variables, file, name: str) -> list[np.ndarray]:
    if f"{name}{len(variables)}" in file:
        raise ValueError(f"it holds more arrays {name} than the {len(variables)} needed")
    arrays = [file[f"{name}{i}"] for i in range(len(variables))]
    for variable, array in zip(variables, arrays, strict=True):
        if array.shape != tuple(variable.shape):
            raise ValueError(f"{variable.path} has shape {tuple(variable.shape)}, in the file {array.shape}")
    return arrays
