"""How cost grows: exponents over pictures, SNR points and channel uses; 1 is linear.

    python benchmarks/growth.py

Schemes `linear` and JPEG2000 over slow Rayleigh fading, CPU seconds of the stages that are repeated ("points",
"encode", "analyse"). With cost a + b n^p at n, 4n and 16n the exponent is p = log4((c(16n) - c(4n)) / (c(4n) - c(n))):
what is compiled or built once (a) takes no part in it. The least size goes first once more, uncounted: the first run of
a process compiles what later ones find.
"""

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from verdict import tell

GOAL = 1.15  # 1 is linear; the rest is the measurement's
SIZES = {"pictures": (16, 64, 256), "SNR points": (1, 4, 16), "channel uses": (3_000, 12_000, 48_000)}


def main() -> int:
    chosen = sys.argv[1:] or list(SIZES)
    from linksim.cli import _wake_tensorflow

    _wake_tensorflow()
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for what, sizes in ((what, SIZES[what]) for what in chosen):
            cost = [_cost(Path(folder) / f"{what} {i}", what, size) for i, size in enumerate((sizes[0], *sizes))][1:]
            exponent = float(np.log((cost[2] - cost[1]) / (cost[1] - cost[0])) / np.log(4))
            print(f"{what}: " + ", ".join(f"{size:,} {one:.2f} s" for size, one in zip(sizes, cost, strict=True)))
            out.append((f"cost over {what}, exponent", exponent, "<=", GOAL))
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
