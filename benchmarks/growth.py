"""How cost grows: fitted exponents over pictures, SNR points and channel uses; 1 is linear.

    python benchmarks/growth.py

Schemes `linear` and JPEG2000 over slow Rayleigh fading, CPU seconds of the stages that are repeated ("points",
"encode", "analyse"), once everything is compiled. The exponent is the slope of log cost over log size between the
sizes; a fixed part makes it smaller than 1, never larger.
"""

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from verdict import tell

GOAL = 1.1
SIZES = {"pictures": (32, 64, 128), "SNR points": (2, 4, 8), "channel uses": (5_000, 10_000, 20_000)}


def main() -> int:
    from linksim.cli import _wake_tensorflow

    _wake_tensorflow()
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for what, sizes in SIZES.items():
            for size in sizes:  # every shape is compiled before anything is timed
                _cost(Path(folder) / f"warm {what} {size}", what, size)
            cost = [_cost(Path(folder) / f"{what} {size}", what, size) for size in sizes]
            slope = float(np.polyfit(np.log(sizes), np.log(cost), 1)[0])
            print(f"{what}: " + ", ".join(f"{size:,} {one:.2f} s" for size, one in zip(sizes, cost, strict=True)))
            out.append((f"cost over {what}, exponent", slope, "<=", GOAL))
    return tell(*out)


def _cost(out: Path, what: str, size: int) -> float:
    """CPU seconds of a run's repeated stages."""
    from linksim.experiment import engine, progress
    from linksim.scenario import Scenario, check

    pictures = size if what == "pictures" else 32
    snr = np.linspace(0, 20, size if what == "SNR points" else 2).round(6).tolist()
    uses = size if what == "channel uses" else 8_000
    scenario = check(Scenario, {
        "name": "growth", "source": {"type": "scenes"}, "pictures": pictures,
        "calibration": {"pictures": 8, "realisations": 2}, "task": {"type": "detection"},
        "link": {"channel": {"model": "rayleigh"}}, "snr_db": snr, "bootstrap": 0, "examples": {"pictures": [0]},
        "schemes": [{"name": "linear", "type": "linear", "uses": max(1, round(uses / 256 / 1.2))},
                    {"name": "JPEG2000", "type": "jpeg2000_ldpc", "uses": uses, "mcs": 2, "bounds": []}]}, "")
    spent = 0.0

    @contextmanager
    def work(clock, stage, units=1, label=""):
        nonlocal spent
        begun = time.process_time()
        with timed(clock, stage, units, label):
            yield
        if stage.split()[0] in ("points", "encode", "analyse"):
            spent += time.process_time() - begun

    timed, progress.Clock.work = progress.Clock.work, work
    try:
        engine.run(scenario, out)
    finally:
        progress.Clock.work = timed
    return spent


if __name__ == "__main__":
    sys.exit(main())
