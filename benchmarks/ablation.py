"""What each part of the training contributes: the same course without it, on built-in scenes.

    python benchmarks/ablation.py --out results/ablation_training
    python benchmarks/ablation.py --parts reference "no masks" --start sesc-scenes --steps 600 --out results/masks

Trains one codec a part, all from the same pictures, seed and number of steps, and runs them over slow Rayleigh fading:
the whole picture (mu 0) and the features of interest (mu 0.2). A course has two halves, `--first` steps by squared
error alone and `--steps` more by the full loss, since a detector's feature maps are no guide to a codec that doesn't
show a picture yet; with `--start` the first half is left out. A codec that is there already isn't trained again, and
the first half of one is that of all parts that don't differ in it.
The reference has squared error as light as `sesc-scenes-narrow` had it, the recipe as heavy as the last part here.
`python benchmarks/claims.py OUT/run` tells how far the reference is from the network without masks; where both went on
from weights taught with them, that is what going on without them is worth.
"""

import argparse
from pathlib import Path

COURSE = {"sources": [{"type": "scenes"}], "detector": "yolov5n-scenes", "input_size": 256, "pictures": 1200,
          "aware_pictures": 400, "error_weight": 50.0}
SQUARED_ERROR = {"feature_weight": 0.0, "answer_weight": 0.0}
LOSS = {"error_weight", *SQUARED_ERROR}  # what first halves have in common
WITHOUT = {
    "reference": {},
    "no masks": {"masks": False},
    "no linear start": {"linear_start": False},
    "no conditioning": {"conditioned": False},
    "no feature loss": SQUARED_ERROR,
    "no answers": {"answer_weight": 0.0},
    "heavier squared error": {"error_weight": 1000.0},
}
SCENARIO = """
name: ablation_training
source: {{type: scenes, size: 256}}
pictures: {pictures}
calibration: {{pictures: 32, realisations: 8}}
task: {{type: detection, weights: yolov5n-scenes, input_size: 256}}
also:
  second: {{type: detection, weights: yolov5-second-scenes, input_size: 256}}
link: {{channel: {{model: rayleigh, fading: slow}}, csi: perfect}}
snr_db: [0, 10, 20]
knowledge: {{transmitter: mean_snr}}
schemes:
{schemes}
examples: {{snr_db: 10, pictures: [0, 1, 2]}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=300, help="steps by squared error alone, in front")
    parser.add_argument("--steps", type=int, default=300, help="steps by the full loss")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--parts", nargs="+", choices=WITHOUT, default=list(WITHOUT), metavar="PART",
                        help=f"which of {', '.join(WITHOUT)}; all")
    parser.add_argument("--start", help="weights to go on from; the linear code")
    parser.add_argument("--out", type=Path, default=Path("results/ablation_training"))
    asked = parser.parse_args()
    if asked.start and "no linear start" in asked.parts:
        parser.error("--start: 'no linear start' needs a new beginning; name the other --parts")

    asked.out.mkdir(parents=True, exist_ok=True)
    schemes = []
    for name in asked.parts:
        path = codec(asked.out, name, asked.first, asked.steps, asked.start)
        schemes += [f"  - {{name: '{name}, {what}', type: sesc, weights: {path}, mu: {mu}}}"
                    for what, mu in (("full", 0.0), ("mu 0.2", 0.2))]
    scenario = asked.out / "scenario.yaml"
    scenario.write_text(SCENARIO.format(pictures=asked.pictures, schemes="\n".join(schemes)))

    from linksim.cli import main as linksim

    linksim(["run", str(scenario), "--out", str(asked.out / "run")])


def codec(out: Path, name: str, first: int, steps: int, start: str | None) -> Path:
    """Weights of the course without one part, both halves trained where they aren't there yet."""
    without = WITHOUT[name]
    if start is None:
        half = {key: value for key, value in without.items() if key not in LOSS}
        begun = name if half else "reference"
        start = taught(out / f"{begun.replace(' ', '-')}-first.npz", steps=first, **COURSE | half | SQUARED_ERROR)
        without = {key: value for key, value in without.items() if key != "linear_start"}
    return taught(out / f"{name.replace(' ', '-')}.npz", steps=steps, start=str(start), **COURSE | without)


def taught(path: Path, **options) -> Path:
    from linksim.training.sesc import train

    if not path.exists():
        print(f"{path.stem}: {options['steps']} steps", flush=True)
        train(out=path, minutes=60, **options)
    return path


if __name__ == "__main__":
    main()
