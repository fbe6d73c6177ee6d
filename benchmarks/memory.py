"""Peak memory over the number of pictures: `python benchmarks/memory.py`.

One SNR, `linear` and JPEG2000 + LDPC at its uses, each number of pictures in a process of its own; what counts is the
process's largest resident set (ru_maxrss). The reference is the run of fewest pictures: memory should not grow with
their number by more than a tenth, and stay below 3 GB. The exit code is 1 where it doesn't.

10,000 pictures take 20 minutes or more, nearly all of it painting and judging them. `--bounds` draws the baseline's
bounds too, which judges each picture 27 times more: better with `--pictures 200 2000`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

GOAL, MOST_GB = 1.1, 3.0


def scenario(pictures: int, size: int, bounds: bool) -> dict:
    return {
        "name": "memory", "seed": 1, "source": {"type": "scenes", "size": size}, "pictures": pictures,
        "calibration": {"pictures": 16, "realisations": 4}, "snr_db": [10], "bootstrap": 500,
        "task": {"type": "detection", "weights": "yolov5n-scenes", "input_size": size},
        "link": {"channel": {"model": "rayleigh", "fading": "slow"}},
        "schemes": [{"name": "linear", "type": "linear", "weights": "linear-scenes"},
                    {"name": "JPEG2000", "type": "jpeg2000_ldpc", "budget_as": "linear"}
                    | ({} if bounds else {"bounds": []})],
        "examples": {"snr_db": 10, "pictures": [0]}}


def peak(pictures: int, size: int, bounds: bool) -> tuple[float, float]:
    """GB and seconds that a run takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.yaml"
        path.write_text(yaml.safe_dump(scenario(pictures, size, bounds)))
        began = time.perf_counter()
        run = subprocess.Popen([sys.executable, "-m", "linksim.cli", "run", str(path), "--out", f"{folder}/out"],
                               stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(run.pid, 0)
        if status:
            raise SystemExit(f"the run of {pictures} pictures failed")
        return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9, time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, nargs="+", default=[200, 10_000])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--bounds", action="store_true", help="draw the bounds of JPEG2000 + LDPC too")
    options = parser.parse_args()
    print(f"pictures    peak, GB    to {min(options.pictures)}    time, s")
    least, holds = None, True
    for pictures in sorted(options.pictures):
        gigabytes, seconds = peak(pictures, options.size, options.bounds)
        least = least or gigabytes
        holds &= gigabytes <= min(GOAL * least, MOST_GB)
        print(f"{pictures:8}    {gigabytes:8.3f}    {gigabytes / least:5.3f}    {seconds:7.0f}", flush=True)
    print("holds" if holds else f"MISSED: at most {GOAL} times the least, and {MOST_GB} GB")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
