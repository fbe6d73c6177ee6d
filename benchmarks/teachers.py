"""What should the semantic-aware model be taught by? One codec, three teachers of its mask, on built-in scenes.

    python benchmarks/teachers.py --out results/teachers

finds: what the detector finds in clean training pictures. boxes: what people drew there. gradients: what the detector's
scores feel of a patch (`linksim.schemes.sesc.importance`). Over slow Rayleigh fading every picture is sent with as many
channel uses as finds at mu .2 spends on it, on the heaviest features of each teacher, behind headers of one code rate.
Encoder and decoder are the shipped ones, which were taught with masks by finds and by blocks at random. Weights that
are there already aren't made again. Takes 15 minutes on 2 cores.
"""

import argparse
from pathlib import Path

TEACHERS = "finds", "boxes", "gradients"
SCENARIO = """
name: teachers
source: {{type: scenes, size: 256}}
pictures: {pictures}
calibration: {{pictures: 48, realisations: 8}}
task: {{type: detection, weights: yolov5n-scenes, input_size: 256}}
link: {{channel: {{model: rayleigh, fading: slow}}, csi: perfect}}
snr_db: [0, 5, 10, 20]
schemes:
{schemes}
against: finds
bootstrap: 2000
examples: {{snr_db: 10, pictures: [0, 1, 2]}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--taught", type=int, default=1200, help="pictures that the semantic-aware models are shown")
    parser.add_argument("--out", type=Path, default=Path("results/teachers"))
    asked = parser.parse_args()
    from linksim.training.sesc import train

    asked.out.mkdir(parents=True, exist_ok=True)
    schemes = []
    for teacher in TEACHERS:
        path = asked.out / f"{teacher}.npz"
        if not path.exists():
            print(f"taught by {teacher}", flush=True)
            train(out=path, minutes=0, steps=0, start="sesc-scenes", teacher=teacher, sources=[{"type": "scenes"}],
                  detector="yolov5n-scenes", input_size=256, pictures=asked.taught, aware_pictures=asked.taught)
        same = "mu: 0.2" if teacher == "finds" else "mu: 0.0, budget_as: finds"
        schemes.append(f"  - {{name: {teacher}, type: sesc, weights: {path}, uses: 32, header_rate: 0.1, {same}}}")
    scenario = asked.out / "scenario.yaml"
    scenario.write_text(SCENARIO.format(pictures=asked.pictures, schemes="\n".join(schemes)))

    from linksim.cli import main as linksim

    linksim(["run", str(scenario), "--out", str(asked.out / "run")])


if __name__ == "__main__":
    main()
