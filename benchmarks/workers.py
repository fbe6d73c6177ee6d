"""How much faster two Ray workers are than one, each of one core and one thread: `python benchmarks/workers.py`.

The same points of `linear` and JPEG2000 + LDPC, measured by one worker and by two of a cluster started here; one SNR
point goes first and untimed, so that workers have loaded TensorFlow and compiled what they need. Rows must be equal to
the bit. The goal is 1.8; the machine should have two idle cores. Needs `pip install 'linksim[ray]'`.
"""

import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from linksim.experiment.engine import Answer
from linksim.experiment.executors import choose
from linksim.experiment.progress import Clock
from linksim.scenario import Scenario, check

GOAL = 1.8
SCENARIO = {
    "name": "workers", "seed": 1, "source": {"type": "scenes", "size": 256}, "pictures": 128,
    "calibration": {"pictures": 8, "realisations": 4}, "snr_db": list(range(0, 22, 2)),
    "task": {"type": "detection", "weights": "yolov5n-scenes", "input_size": 256},
    "link": {"channel": {"model": "rayleigh", "fading": "slow"}},
    "schemes": [{"name": "linear", "type": "linear", "weights": "linear-scenes"},
                {"name": "JPEG2000", "type": "jpeg2000_ldpc", "mcs": 3, "budget_as": "linear", "bounds": []}]}


def measured(workers: int) -> tuple[float, dict]:
    """Seconds, and the scalars of every row by (scheme, SNR, picture)."""
    with tempfile.TemporaryDirectory() as folder, choose("ray", workers=workers) as executor:
        clock = Clock(Console(quiet=True))
        with Answer(check(Scenario, SCENARIO, ""), Path(folder) / "out", False, clock, executor) as answer:
            units = [(answer.sweep, unit) for unit in answer.sweep.units()]
            first = units[0][1].snr_db
            found = list(executor.run([unit for unit in units if unit[1].snr_db == first]))
            began = time.perf_counter()
            found += executor.run([unit for unit in units if unit[1].snr_db != first])
            took = time.perf_counter() - began
    rows = [row for one in found for row in one.rows]
    return took, {(row["scheme"], row["snr_db"], row["picture"]):
                  {key: value for key, value in row.items() if not hasattr(value, "shape") or not value.shape}
                  for row in rows}


def main() -> int:
    (one, rows), (two, others) = measured(1), measured(2)
    print(f"one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times as fast (goal {GOAL}); rows "
          + ("equal" if rows == others else "DIFFERENT"))
    return 0 if one / two >= GOAL and rows == others else 1


if __name__ == "__main__":
    sys.exit(main())
