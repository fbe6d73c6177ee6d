"""Does a system show objects that aren't there? Boxes found in pictures received of scenes without any object, and of
noise.

    python benchmarks/empty.py
    python benchmarks/empty.py --scenario scenarios/voc_claims.yaml --set source.path=VOCdevkit \
        --set task.weights=yolov5n.npz
    python benchmarks/empty.py --pictures 300 --snr 0 5 10 20 --set schemes.0.weights=mine.npz

Three columns a scheme: `empty` scenes sent over the scenario's channel at each SNR; `silence`, where the header arrives
and the payload is zero, under noise alone; `noise`, where unit Gaussian noise stands for the payload that belongs to a
scene full of objects, with that scene's header: the receiver is told where objects are and gets nothing of them.
Beside each the clean empty scenes, which are what a receiver with a perfect channel would be shown. A source whose
pictures can't be emptied (photographs) has the last two columns alone, both with its pictures' headers, beside the
mid-grey picture of a lost burst.

A picture counts where the detector finds at least one box of `--confidence`. Intervals are exact (Clopper and Pearson,
Biometrika 26, 1934); p is one-sided of McNemar's exact test, paired by picture: small where more pictures have a box
received than clean. Boxes in one picture aren't independent, so their number is only printed.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from scipy import stats

from linksim.errors import UserError
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup, encode
from linksim.registry import lookup
from linksim.scenario import Scenario, load
from linksim.schemes.base import lost_picture

SCENARIO = Path(__file__).parents[1] / "scenarios" / "rayleigh_slow.yaml"
CONFIDENCE = 0.25  # YOLOv5's own for showing boxes


class Empty:
    """A scenario's schemes, planned on its own calibration pictures, and empty scenes to send.

    emptied: whether there are any. images: they, or else the scenario's pictures. clean: int [P], boxes of at least
    `confidence` in the empty scenes themselves, or else in grey."""

    def __init__(self, scenario: Scenario, confidence: float = CONFIDENCE):
        self.emptied = "objects" in type(scenario.source).model_fields
        self.setup, pictures = Setup(scenario), scenario.pictures
        with Clock(Console(quiet=True)) as clock:
            self.setup.scenario = planned(self.setup, clock)
        self.images, shown = self.setup.images, np.broadcast_to(lost_picture(scenario.source.size),
                                                                self.setup.images.shape)
        if self.emptied:
            source = scenario.source.model_copy(update={"objects": 0})
            self.images = shown = lookup("source", source.type)(source, "test").batch(range(pictures))[0]
        self.confidence, self.draw = confidence, self.setup.draw(np.arange(pictures), np.zeros(pictures))
        self.clean = self.boxes(shown)

    def boxes(self, images: np.ndarray) -> np.ndarray:
        """int [P], boxes of at least the confidence in pictures uint8 [P, S, S, 3]."""
        return np.array([int((found["scores"] >= self.confidence).sum()) for found in self.setup.task.observe(images)])

    def sent(self, name: str, snr_db: float, images: np.ndarray | None = None):
        """Burst of a scheme for pictures uint8 [P, S, S, 3] (the empty scenes), at its plan's budgets."""
        scheme = self.setup.schemes[name]
        analysis = scheme.analyse(self.images if images is None else images)
        return encode(scheme, analysis, self.setup.budgets[name], self.setup.knowledge(snr_db))

    def empty(self, name: str, snr_db: float) -> np.ndarray:
        """int [P], boxes in empty scenes as received. UserError where there are none."""
        if not self.emptied:
            raise UserError(f"source {self.setup.scenario.source.type!r} can't be emptied of its objects; take one "
                            "that paints them (scenes)")
        return self.boxes(self._decoded(name, self._received(self.sent(name, snr_db), snr_db)))

    def silence(self, name: str, snr_db: float = 0.0) -> np.ndarray:
        """int [P], boxes where a burst's payload is zero and its header arrives."""
        burst = self.sent(name, snr_db)
        return self.boxes(self._decoded(name, self._received(
            replace(burst, symbols=np.zeros_like(burst.symbols)), snr_db, header=True)))

    def noise(self, name: str, snr_db: float = 0.0) -> np.ndarray:
        """int [P], boxes where unit complex Gaussian noise stands for the payload of scenes with objects."""
        burst = self.sent(name, snr_db, self.setup.images)
        reception = self._received(burst, snr_db, header=True)
        rng = np.random.default_rng(4)
        unit = rng.standard_normal((2, *burst.symbols.shape), np.float32) / np.sqrt(np.float32(2))
        sent = np.arange(burst.symbols.shape[1]) < burst.length[:, None]
        return self.boxes(self._decoded(name, replace(
            reception, symbols=((unit[0] + 1j * unit[1]) * sent).astype(np.complex64),
            noise_variance=sent.astype(np.float32))))

    def _received(self, burst, snr_db: float, header: bool = False):
        """What a burst becomes on the air; header: True makes it arrive whatever the channel."""
        reception = self.setup.link.transmit(burst, snr_db, self.draw)
        if header:
            reception = replace(reception, header=burst.header, header_ok=np.ones(len(burst.length), bool))
        return reception

    def _decoded(self, name: str, reception) -> np.ndarray:
        return self.setup.schemes[name].decode(reception)[0]


def more(clean: np.ndarray, received: np.ndarray) -> float:
    """One-sided p of McNemar's exact test that more pictures have a box received (int [P]) than clean (int [P])."""
    gained, lost = int(((received > 0) & (clean == 0)).sum()), int(((received == 0) & (clean > 0)).sum())
    return stats.binomtest(gained, gained + lost, 0.5, "greater").pvalue if gained + lost else 1.0


def told(boxes: np.ndarray) -> str:
    """Pictures with a box in percent, its exact 95 % interval, boxes in all."""
    share = stats.binomtest(int((boxes > 0).sum()), len(boxes)).proportion_ci(0.95, "exact")
    percent = 100 * (boxes > 0).mean()
    return f"{percent:5.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}), {boxes.sum():3d} boxes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", type=Path, default=SCENARIO, help="whose source and schemes")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--confidence", type=float, default=CONFIDENCE)
    parser.add_argument("--snr", type=float, nargs="+", default=[0.0, 10.0, 20.0], help="of empty scenes")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the scenario")
    options = parser.parse_args()
    few = [f"pictures={options.pictures}", "examples.pictures=[0]", "symbols_vs_mu=null"]
    try:
        empty = Empty(load(options.scenario, [*few, *options.set]), options.confidence)
    except UserError as error:
        raise SystemExit(str(error)) from None
    what = "empty scenes" if empty.emptied else f"pictures of {empty.setup.scenario.source.type}, clean: mid-grey"
    print(f"{options.pictures} {what}; pictures with a box of confidence {options.confidence:g} or more")
    print(f"{'clean':42s} {told(empty.clean)}")
    for name, scheme in empty.setup.schemes.items():
        rows = [(f"empty at {snr_db:g} dB", empty.empty(name, snr_db)) for snr_db in options.snr if empty.emptied]
        if scheme.analog:
            rows += [("silence", empty.silence(name)), ("noise", empty.noise(name))]
        for kind, found in rows:
            print(f"{name + ', ' + kind:42s} {told(found)}, p {more(empty.clean, found):.3f}", flush=True)


if __name__ == "__main__":
    main()
