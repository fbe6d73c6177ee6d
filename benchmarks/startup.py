"""What one waits for: `linksim --help` against an empty Python, and the first measured rows and point of the main job.

    python benchmarks/startup.py

Wall-clock seconds, the best of several, and the CPU seconds that a machine with one idle core would need at least.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from verdict import tell

HELP_GOAL, POINT_GOAL = 0.3, 20.0
SCENARIO = "scenarios/rayleigh_slow.yaml"
HELP = [sys.executable, "-c", "from linksim.cli import main; main(['--help'])"]


def main() -> int:
    empty, helped = (_best(command) for command in ([sys.executable, "-c", "pass"], HELP))
    more = helped - empty
    print(f"--help {helped[0]:.3f} s, of which CPU {helped[1]:.3f}; python -c pass {empty[0]:.3f}, {empty[1]:.3f}")
    rows, point = _first()
    for name, (wall, cpu) in {"rows": rows, "point": point}.items():
        print(f"first {name} of the main job: {wall:.1f} s, CPU {cpu:.1f} s, on {os.cpu_count()} cores")
    cores = min(os.cpu_count() or 1, 2)
    return tell(("linksim --help beyond python -c pass, s", more[0], "<=", HELP_GOAL),
                ("the same in CPU time, s", more[1], "<=", HELP_GOAL),
                ("first point of the main job, s", point[0], "<=", POINT_GOAL),
                ("the same in CPU time over two cores, s", point[1] / cores, "<=", POINT_GOAL))


def _best(command: list[str], times: int = 7) -> np.ndarray:
    """The least wall-clock and CPU seconds of a command."""
    found = []
    for _ in range(times):
        before, begun = os.times(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall, after = time.perf_counter() - begun, os.times()
        found.append([wall, sum(after[2:4]) - sum(before[2:4])])  # of the children, user and system
    return np.min(found, axis=0)


def _first(limit: float = 1200) -> tuple[tuple[float, float], tuple[float, float]]:
    """(wall, CPU) seconds until the first part, and until all parts of one point, lie in a new run's folder."""
    with tempfile.TemporaryDirectory() as folder:
        out, begun = Path(folder) / "out", time.perf_counter()
        run = subprocess.Popen([sys.executable, "-c", "from linksim.cli import main; main()", "run", SCENARIO, "--out",
                                str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            rows = None
            while time.perf_counter() - begun < limit and run.poll() is None:
                parts = list((out / "rows").glob("*.parquet"))
                rows = rows or (parts and (time.perf_counter() - begun, _cpu(run.pid)))
                points: dict[str, int] = {}
                for part in parts:
                    point = part.stem.rpartition("_")[0]
                    points[point] = points.get(point, 0) + _rows(part)
                if any(count >= 128 for count in points.values()):
                    return rows, (time.perf_counter() - begun, _cpu(run.pid))
                time.sleep(0.1)
            raise RuntimeError("the main job left no point")
        finally:
            run.kill()
            run.wait()


def _rows(part: Path) -> int:
    import pyarrow.parquet as pq

    return pq.read_metadata(part).num_rows


def _cpu(pid: int) -> float:
    """CPU seconds of a living process, its threads included (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
