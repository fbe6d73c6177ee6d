"""What each part of the training contributes: the same course of a few hundred steps without it, on built-in scenes.

    python benchmarks/ablation.py --steps 250 --out results/ablation_training
    python benchmarks/ablation.py --parts reference "no masks" --start sesc-scenes --steps 600 --out results/masks

Trains one codec a part, all from the same pictures, seed and number of steps, and runs them over slow Rayleigh fading:
the whole picture (mu 0) and the features of interest (mu 0.2). A codec that is there already isn't trained again.
`python benchmarks/claims.py OUT/run` tells how far the reference is from the network without masks; where both went on
from weights taught with them, that is what going on without them is worth.
"""

import argparse
from pathlib import Path

COURSE = {"sources": [{"type": "scenes"}], "detector": "yolov5n-scenes", "input_size": 256, "pictures": 1200,
          "aware_pictures": 400}
WITHOUT = {
    "reference": {},
    "no masks": {"masks": False},
    "no linear start": {"linear_start": False},
    "no conditioning": {"conditioned": False},
    "no feature loss": {"feature_weight": 0.0, "answer_weight": 0.0},
    "no answers": {"answer_weight": 0.0},
}
SCENARIO = """
name: ablation_training
source: {{type: scenes, size: 256}}
pictures: {pictures}
calibration: {{pictures: 32, realisations: 8}}
task: {{type: detection, weights: yolov5n-scenes, input_size: 256}}
link: {{channel: {{model: rayleigh, fading: slow}}, csi: perfect}}
snr_db: [0, 10, 20]
schemes:
{schemes}
examples: {{snr_db: 10, pictures: [0, 1, 2]}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--parts", nargs="+", choices=WITHOUT, default=list(WITHOUT), metavar="PART",
                        help=f"which of {', '.join(WITHOUT)}; all")
    parser.add_argument("--start", help="weights to go on from; the linear code")
    parser.add_argument("--out", type=Path, default=Path("results/ablation_training"))
    asked = parser.parse_args()
    if asked.start and "no linear start" in asked.parts:
        parser.error("--start: 'no linear start' needs a new beginning; name the other --parts")
    from linksim.training.sesc import train

    asked.out.mkdir(parents=True, exist_ok=True)
    schemes = []
    for name in asked.parts:
        path = asked.out / f"{name.replace(' ', '-')}.npz"
        if not path.exists():
            print(f"{name}: {asked.steps} steps", flush=True)
            train(out=path, minutes=60, steps=asked.steps, start=asked.start, **COURSE | WITHOUT[name])
        schemes += [f"  - {{name: '{name}, {what}', type: sesc, weights: {path}, mu: {mu}}}"
                    for what, mu in (("full", 0.0), ("mu 0.2", 0.2))]
    scenario = asked.out / "scenario.yaml"
    scenario.write_text(SCENARIO.format(pictures=asked.pictures, schemes="\n".join(schemes)))

    from linksim.cli import main as linksim

    linksim(["run", str(scenario), "--out", str(asked.out / "run")])


if __name__ == "__main__":
    main()
