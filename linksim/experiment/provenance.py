"""Where numbers come from: versions, code, machine, weights."""

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import linksim
from linksim.scenario import Scenario
from linksim.weights import FOLDER

PACKAGES = ("tensorflow", "keras", "sionna-no-rt", "numpy", "scipy", "glymur", "pillow", "matplotlib",
            "pydantic", "pyarrow", "pycocotools", "onnx", "onnxruntime")


def versions() -> dict[str, str | None]:
    """Python's, linksim's, every library's; None where it isn't installed."""
    found = {"python": platform.python_version(), "linksim": linksim.__version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def codecs() -> dict[str, str | None]:
    """Versions of the picture codecs' libraries; None where one isn't found."""
    from PIL import features

    from linksim.errors import UserError

    found: dict[str, str | None] = {"openjpeg": None, "avif": features.version("avif")}
    try:
        from baselines.codecs.openjpeg import openjpeg_version

        found["openjpeg"] = openjpeg_version()
    except (ImportError, UserError):
        pass
    return found


def git() -> dict[str, str | bool] | None:
    """Commit of the code that runs, and whether its tracked files were changed; None outside a checkout."""
    here = Path(linksim.__file__).parent

    def ask(*words: str) -> str:
        return subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=True,
                              timeout=10).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "changed": bool(ask("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def warnings(scenario: Scenario) -> list[str]:
    """Sentences for the figures: schemes whose weights were trained on another kind of source than the scenario's, and
    what the link leaves out."""
    from linksim.errors import UserError
    from linksim.registry import lookup
    from linksim.weights import load

    found = scenario.link.warnings()
    for scheme in scenario.schemes:
        cls = lookup("scheme", scheme.type)
        if not (name := getattr(scheme, "weights", None)):
            continue
        try:
            data = load(name, getattr(cls, "weights_kind", cls.type_name))[1].get("data")
        except UserError:  # a scheme may have weights of a form of its own; it has loaded them already
            continue
        kinds = {source["type"] for source in data} if isinstance(data, list) else set()
        if kinds and scenario.source.type not in kinds:
            found.append(f"the weights of {scheme.name} were trained on {' and '.join(sorted(kinds))}, "
                         f"not on {scenario.source.type}")
    return found


def device() -> dict[str, object]:
    """The machine and what TensorFlow computes on."""
    import tensorflow as tf

    return {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count(),
            "tensorflow": [d.name for d in tf.config.list_physical_devices()]}


def weights(scenario: Scenario) -> dict[str, str]:
    """sha256 of every weight file the scenario names, by key path: other weights, other numbers."""
    named = {"task.weights": scenario.task}
    named |= {f"also.{label}.weights": task for label, task in scenario.also.items()}
    named |= {f"schemes.{scheme.name}.weights": scheme for scheme in scenario.schemes}
    named |= {"feasibility.similarity.weights": scenario.feasibility.similarity} if scenario.feasibility else {}
    named = {key: config.weights for key, config in named.items() if getattr(config, "weights", None)}
    return {key: _sha256(name) for key, name in named.items()}


def command() -> str:
    """The command line that ran, the program by its bare name."""
    program = Path(sys.argv[0]).name
    return shlex.join(["linksim" if program == "cli.py" else program, *sys.argv[1:]])


def _sha256(name: str) -> str:
    shipped = FOLDER / f"{name}.npz"
    path = shipped if shipped.is_file() else Path(name).expanduser()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
