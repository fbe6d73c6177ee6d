"""Kill a run at random moments, let it go on, and compare: `python benchmarks/kill.py --kills 30`.

A small scenario is run once undisturbed. Then it is started again and again in another folder, and killed (kill -9)
each time at a moment drawn between its start and half of what the undisturbed run took, alternately the main process
and one of its workers; a lost worker the run survives by itself. The last start is left alone. Rows and table must be
those of the undisturbed run, bit for bit; the exit code is 1 where they aren't.

On two cores 30 kills take about half an hour, nearly all of it loading TensorFlow.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
import yaml

SCENARIO = {
    "name": "kill", "seed": 1, "source": {"type": "scenes", "size": 128}, "pictures": 192, "realisations": 1,
    "calibration": {"pictures": 8, "realisations": 4},
    "task": {"type": "detection", "weights": "yolov5n-scenes", "input_size": 128},
    "link": {"channel": {"model": "rayleigh", "fading": "slow"}}, "snr_db": [0, 5, 10, 15, 20],
    "schemes": [{"name": "linear", "type": "linear", "weights": "linear-scenes"},
                {"name": "JPEG2000", "type": "jpeg2000_ldpc", "mcs": 3, "budget_as": "linear", "bounds": []}],
    "bootstrap": 100, "examples": {"snr_db": 10, "pictures": [0]}}


def start(scenario: Path, out: Path, workers: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "linksim.cli", "run", scenario, "--out", out, "--workers", str(workers)]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def children(pid: int) -> list[int]:
    """Process ids of the workers of a run that are alive (Linux)."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []


def left(folder: Path) -> tuple[dict, bytes]:
    """All rows by part, and the table."""
    rows = {path.name: pq.read_table(path).to_pylist() for path in sorted((folder / "rows").glob("*.parquet"))}
    return rows, (folder / "table.csv").read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        scenario, calm, killed = (Path(folder) / name for name in ("kill.yaml", "calm", "killed"))
        scenario.write_text(yaml.safe_dump(SCENARIO))
        began = time.perf_counter()
        if start(scenario, calm, options.workers).wait():
            raise SystemExit("the undisturbed run failed")
        took = time.perf_counter() - began
        print(f"undisturbed: {took:.0f} s, {len(left(calm)[0])} parts")
        kills, ends = 0, 0
        while kills < options.kills:
            run, began = start(scenario, killed, options.workers), time.perf_counter()
            while kills < options.kills and run.poll() is None:
                until = time.perf_counter() + moments.uniform(0, took / 2)
                while time.perf_counter() < until and run.poll() is None:
                    time.sleep(0.01)
                crew = children(run.pid)
                victim = moments.choice(crew) if crew and kills % 2 else run.pid
                if run.poll() is not None:
                    break
                run.send_signal(signal.SIGKILL) if victim == run.pid else subprocess.run(["kill", "-9", str(victim)])
                kills += 1
                parts = len(list((killed / "rows").glob("*.parquet")))
                print(f"kill {kills}: {'main' if victim == run.pid else 'worker'} after "
                      f"{time.perf_counter() - began:.1f} s, {parts} parts kept", flush=True)
                if victim == run.pid:
                    run.wait()
            if run.poll() == 0:  # it came to its end: once more from the beginning
                ends += 1
                if left(killed) != left(calm):
                    print("DIFFERENT")
                    return 1
                subprocess.run(["rm", "-r", str(killed)], check=True)
            elif run.poll() is not None and run.returncode > 0:
                print(run.stderr.read().decode())
        if start(scenario, killed, options.workers).wait():
            raise SystemExit("the last run failed")
        same = left(killed) == left(calm)
        print(f"{kills} kills, {ends + 1} runs that came to their end: the table is "
              + ("the same, bit for bit" if same else "DIFFERENT"))
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
