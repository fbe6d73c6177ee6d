"""What a lightweight codec costs and what it keeps, beside the large one.

    python benchmarks/light.py sesc-scenes sesc-scenes-light
    python benchmarks/light.py sesc-scenes mine.npz --pictures 128 --snr 0 10 20

A line per weights file: parameters, multiply-adds for one picture (counted from the layers: matrix products and
convolutions; a FLOP count is twice that), bytes of the file, time for one picture as a ratio to the first file's in the
same process (medians of alternating calls), and AP50 over the scenario's channel on the same pictures and draws. The
detector, which a transmitter runs too, stands below for comparison. Weights in eight bits become float when loaded:
they make the file smaller, not the computation faster.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from linksim import weights
from linksim.experiment.plan import planned
from linksim.experiment.points import deliver
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import load
from linksim.schemes.sesc import networks
from linksim.tasks.yolov5.network import from_weights

SCENARIO = Path(__file__).parents[1] / "scenarios" / "rayleigh_slow.yaml"
TILE, TIMES = 16, 7


def multiply_adds(model) -> int:
    """Multiply-adds of a Keras model for one picture: convolutions, matrix products, attention."""
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer) -> int:
    kind = type(layer).__name__
    if kind == "Attend":
        tokens, width = int(np.prod(layer.output.shape[1:3])), layer.width
        kernels = sum(int(np.prod(w.shape)) for w in layer.weights if w.path.endswith("kernel"))
        return tokens * kernels + 2 * tokens * tokens * width  # queries by keys, and by values
    if kind in ("Conv2D", "DepthwiseConv2D"):
        return int(np.prod(layer.output.shape[1:3]) * np.prod(layer.kernel.shape))
    if kind == "Dense":
        return int(np.prod(layer.output.shape[1:-1]) * np.prod(layer.kernel.shape))
    return 0


class Codec:
    """The networks of a weights file at a picture's size, as a receiver and a transmitter compile them."""

    def __init__(self, name: str, size: int):
        import tensorflow as tf

        arrays, card = weights.load(name, "sesc")
        config, uses = card["config"], int(card["config"]["uses"])
        self.name, self.bytes = card["name"], self._file(name).stat().st_size
        self.encoder = networks.build_encoder(size, uses, **config.get("encoder", {}))
        self.decoder = networks.build_decoder(size, uses, **config.get("decoder", {}))
        for part in (self.encoder, self.decoder):
            weights.assign_part(part, arrays)
        rng, grid = np.random.default_rng(0), size // 16
        counts = np.full((TILE, grid, grid), 32, np.float32)
        received = rng.standard_normal((TILE, grid * grid, 2 * uses), np.float32)
        pictures, snr_db = rng.random((TILE, size, size, 3), np.float32), np.full(TILE, 10, np.float32)
        self.inputs = {"encoder": [pictures, counts, snr_db],
                       "decoder": [received, np.full_like(received, 0.1), counts]}
        self.call = {part.name: tf.function(lambda *x, part=part: part(list(x), training=False))
                     for part in (self.encoder, self.decoder)}

    @staticmethod
    def _file(name: str) -> Path:
        shipped = weights.FOLDER / f"{name}.npz"
        return shipped if shipped.is_file() else Path(name)

    def seconds(self, part: str) -> float:
        """One tile through a network."""
        began = time.perf_counter()
        self.call[part](*self.inputs[part])[0, 0].numpy()
        return time.perf_counter() - began


def latencies(codecs: list[Codec], part: str) -> np.ndarray:
    """Median seconds per picture of each codec, float [N], measured in turn so that all meet the same machine."""
    times = [[codec.seconds(part) for codec in codecs] for _ in range(TIMES + 1)][1:]  # the first ones compile
    return np.median(times, axis=0) / TILE


def scores(names: list[str], pictures: int, snr_db: list[float], overrides: list[str]) -> dict[str, list[float]]:
    """AP50 of each weights file at each SNR."""
    schemes = [{"name": f"codec {i}", "type": "sesc", "weights": name, "mu": 0.2} for i, name in enumerate(names)]
    setup = Setup(load(SCENARIO, [f"pictures={pictures}", "examples.pictures=[0]", "symbols_vs_mu=null",
                                  f"snr_db={snr_db}", f"schemes={json.dumps(schemes)}", *overrides]))
    with Clock(Console(quiet=True)) as clock:
        setup.scenario = planned(setup, clock)
    every, found = np.arange(pictures), {}
    for name, scheme in zip(names, setup.schemes, strict=True):
        got = [deliver(setup, scheme, snr, setup.draw(every, np.zeros(pictures))) for snr in setup.scenario.snr_db]
        found[name] = [setup.task.score(each.observations(setup, every), setup.truths, every)[setup.task.metric]
                       for each in got]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="+", help="of kind sesc; the first is the one to compare with")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--detector", default="yolov5n-scenes")
    parser.add_argument("--pictures", type=int, default=64, help="for AP50; 0: none")
    parser.add_argument("--snr", type=float, nargs="+", default=[0.0, 10.0, 20.0])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the scenario")
    options = parser.parse_args()
    codecs = [Codec(name, options.size) for name in options.weights]
    times = {part: latencies(codecs, part) for part in ("encoder", "decoder")}
    ap = scores(options.weights, options.pictures, options.snr, options.set) if options.pictures else {}
    heads = ["encoder", "decoder"] * 2 + ["file", "encoder", "decoder"]
    heads += [f"{snr_db:g} dB" for snr_db in options.snr] if ap else []
    print(f"{'':28s}{'parameters (k)':>20s}{'multiply-adds (M)':>20s}{'kB':>10s}{'time, ratio':>20s}"
          f"{'AP50' if ap else '':>10s}")
    print(f"{'':28s}" + "".join(f"{head:>10s}" for head in heads))
    for i, codec in enumerate(codecs):
        parts = codec.encoder, codec.decoder
        cells = [f"{part.count_params() / 1e3:,.0f}" for part in parts]
        cells += [f"{multiply_adds(part) / 1e6:,.0f}" for part in parts] + [f"{codec.bytes / 1e3:,.0f}"]
        cells += [f"{times[part][i] / times[part][0]:.2f}" for part in times]
        cells += [f"{value:.3f}" for value in ap.get(options.weights[i], [])]
        print(f"{codec.name:28s}" + "".join(f"{cell:>10s}" for cell in cells))
    detector = from_weights(options.detector, options.size)[0]
    print(f"{'detector ' + options.detector:28s}{detector.count_params() / 1e3:10,.0f}{'':10s}"
          f"{multiply_adds(detector) / 1e6:10,.0f}")


if __name__ == "__main__":
    main()
