"""The main job against the same work written straightforwardly (`straight.py`), per picture, SNR and scheme.

    python benchmarks/main_job.py --pictures 48 --straight 10

linksim runs twice, with few and with more pictures: what it costs is a fixed part (start, compile, plan) and so much
for every picture, at all 11 SNRs in all schemes, from which the cost of the whole job (200 pictures) follows. The
straightforward way is timed on `--straight` pictures at some SNRs, and is given the plan. Neither draws bounds or
figures. CPU seconds of the process, so that a busy machine changes little, and wall clock.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from verdict import tell

GOAL, SCENARIO = 15, "scenarios/rayleigh_slow.yaml"
WHOLE, POINTS = 200, 11 * 6  # pictures; SNRs and schemes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--straight", type=int, default=10, help="pictures of the straightforward way")
    parser.add_argument("--snr", type=float, nargs="+", default=[0.0, 10.0, 20.0], help="of the straightforward way")
    asked = parser.parse_args()
    few = max(asked.pictures // 3, asked.straight)
    from linksim.cli import _wake_tensorflow

    _wake_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder) / "warm", asked.straight, ["snr_db=[10]", "calibration.pictures=4"])  # compiled once for both
        small, large = (_run(Path(folder) / str(pictures), pictures, []) for pictures in (few, asked.pictures))
        straight, agree = _straight(Path(folder) / str(asked.pictures), asked.straight, asked.snr)
    each = (large - small) / ((asked.pictures - few) * POINTS)
    fixed = np.maximum(small - each * few * POINTS, 0)
    whole = each + fixed / (WHOLE * POINTS)
    print(f"per picture, SNR and scheme     CPU s     wall s\n"
          f"straightforward              {straight[0]:8.3f}   {straight[1]:8.3f}\n"
          f"linksim, without fixed costs {each[0]:8.4f}   {each[1]:8.4f}\n"
          f"linksim, whole job           {whole[0]:8.4f}   {whole[1]:8.4f}   (fixed: {fixed[0]:.0f} s)")
    print("\n".join(agree))
    ratio = straight / whole
    return tell(("main job, times cheaper than straightforward, CPU time", ratio[0], ">=", GOAL),
                ("main job, times faster than straightforward, wall clock", ratio[1], ">=", GOAL))


def _run(out: Path, pictures: int, changes: list[str]) -> np.ndarray:
    """CPU and wall-clock seconds of a run, figures aside."""
    from linksim.experiment.engine import run
    from linksim.scenario import load

    begun = np.array([time.process_time(), time.perf_counter()])
    run(load(SCENARIO, [f"pictures={pictures}", "schemes.jpeg2000-per-picture.bounds=[]",
                        "schemes.jpeg2000-constant-quality.bounds=[]", "examples.pictures=[0]", *changes]), out)
    return np.array([time.process_time(), time.perf_counter()]) - begun


def _straight(planned: Path, pictures: int, snr_db: list[float]) -> tuple[np.ndarray, list[str]]:
    """CPU and wall-clock seconds of a picture at an SNR in a scheme, and how both tables agree on those pictures."""
    import pyarrow.parquet as pq
    from straight import Straight, eagerly

    from linksim.experiment.setup import Setup
    from linksim.scenario import load
    from linksim.tasks import finder, maps

    scenario = load(planned / "scenario.yaml").model_copy(update={"tile": 1})
    maps.TILE = finder.TILE = 1
    setup = Setup(scenario)
    setup.adopt(scenario.plan)
    script, table, spent = Straight(setup), [], np.zeros(2)
    eagerly()
    script.row("linear", 0, snr_db[0])  # what is imported late
    measured = {(line["scheme"], line["snr_db"]): line for line in pq.read_table(planned / "table.parquet").to_pylist()}
    inside = 0
    for name in setup.schemes:
        for snr in snr_db:
            begun = np.array([time.process_time(), time.perf_counter()])
            rows = [script.row(name, picture, snr) for picture in range(pictures)]
            spent += np.array([time.process_time(), time.perf_counter()]) - begun
            truths, of = [setup.truths[p] for p in range(pictures)], np.arange(pictures)
            own = setup.task.score(rows, truths, of, bootstrap=500, seed=1)
            ours = measured[name, snr]
            overlap = own["ap50_lo"] <= ours["ap50_hi"] and ours["ap50_lo"] <= own["ap50_hi"]
            inside += overlap
            table.append(f"{name:26}{snr:5.0f} dB   {own['ap50']:.3f} [{own['ap50_lo']:.3f}, {own['ap50_hi']:.3f}]   "
                         f"linksim {ours['ap50']:.3f} [{ours['ap50_lo']:.3f}, {ours['ap50_hi']:.3f}]"
                         + ("" if overlap else "   APART"))
    eagerly(False)
    points = len(setup.schemes) * len(snr_db)
    return spent / (points * pictures), [*table, f"intervals overlap at {inside} of {points} points"]


if __name__ == "__main__":
    sys.exit(main())
