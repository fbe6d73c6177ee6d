"""Runs of the tiny scenario over `fakes`, for tests: here, in another process, and what they left."""

import os
import subprocess
import sys
from pathlib import Path

import fakes
import pyarrow.parquet as pq

from linksim.experiment import engine
from linksim.scenario import load

PROGRAM = """
import sys
from pathlib import Path
import fakes
from linksim.experiment import engine
from linksim.experiment.executors import choose
from linksim.scenario import load
scenario, folder, workers = sys.argv[1:]
engine.run(load(scenario), Path(folder), executor=choose(workers=int(workers)))
"""


def answer(folder: Path, fresh=False, executor=None, **changes) -> Path:
    return engine.run(load(asked(folder, **changes)), folder, fresh, executor=executor)


def asked(folder: Path, **changes) -> Path:
    """The scenario's file, beside the run's folder."""
    folder.parent.mkdir(exist_ok=True, parents=True)
    return fakes.write(folder.parent / f"{folder.name}.yaml", **changes)


def elsewhere(folder: Path, workers: int = 1, **changes) -> subprocess.Popen:
    """The same run as a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, asked(folder, **changes), folder, str(workers)],
                            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def rows_of(folder: Path) -> dict[str, list[dict]]:
    return {path.name: pq.read_table(path).to_pylist() for path in sorted((folder / "rows").glob("*.parquet"))}


def table_of(folder: Path) -> bytes:
    return (folder / "table.csv").read_bytes()
