"""A source, a task and a scheme that need no weights, so that the engine is tested in seconds.

Registered under names that begin with `fake`; `scenario(...)` is the smallest scenario over them.
"""

import numpy as np
import yaml

from linksim.link.burst import Burst
from linksim.registry import register
from linksim.schemes.base import Scheme, SchemeConfig, lost_picture
from linksim.sources.base import Source, SourceConfig, Truth
from linksim.tasks.base import Task

_CELL = 4


@register("source", "fake_dots")
class Dots(Source):
    """One bright square somewhere on grey noise."""

    class Config(SourceConfig):
        size: int = 32
        count: int = 1000

    classes = ("dot",)

    def __len__(self):
        return self.config.count

    def batch(self, indices):
        made = [self._one(i) for i in indices]
        return np.stack([image for image, _ in made]), [truth for _, truth in made]

    def _one(self, index):
        random = np.random.default_rng([index, ["train", "calibration", "test"].index(self.split)])
        image = random.integers(60, 100, (self.config.size, self.config.size, 3)).astype(np.uint8)
        x, y = random.integers(0, self.config.size - 8, 2)
        image[y : y + 8, x : x + 8] = 240
        box = np.array([[x, y, x + 8, y + 8]], np.float32)
        return image, Truth(box, ("dot",), np.zeros(1, bool))


@register("task", "fake_find")
class Find(Task):
    """Says where the brightest 8 x 8 square is; `ap50` is the share found within 4 pixels."""

    metric, metric_label = "ap50", "share found"
    judged = 0  # pictures looked at, over all instances

    def observe(self, images):
        Find.judged += len(images)
        found = []
        for image in images:
            sums = np.cumsum(np.cumsum(np.pad(image.mean(axis=2), ((1, 0), (1, 0))), axis=0), axis=1)
            windows = sums[8:, 8:] - sums[:-8, 8:] - sums[8:, :-8] + sums[:-8, :-8]
            y, x = np.unravel_index(np.argmax(windows), windows.shape)
            some = int(image.max() > 150)
            found.append({"boxes": np.array([[x, y, x + 8, y + 8]], np.float32)[:some],
                          "scores": np.ones(some, np.float32), "labels": np.zeros(some, np.int32)})
        return found

    def score(self, observations, truths, pictures, bootstrap=0, seed=0):
        assert len(observations) == len(truths) == len(pictures)
        hits = np.array([len(o["boxes"]) and np.abs(o["boxes"] - t.boxes).max() <= 4
                         for o, t in zip(observations, truths, strict=True)], float)
        out = {"ap50": float(hits.mean())}
        if bootstrap:
            draws = np.random.default_rng(seed).integers(0, len(hits), (bootstrap, len(hits)))
            out["ap50_resampled"] = hits[draws].mean(axis=1)
            out["ap50_lo"], out["ap50_hi"] = np.percentile(out["ap50_resampled"], [2.5, 97.5]).tolist()
        return out


@register("scheme", "fake_echo")
class Echo(Scheme):
    """Means of 4 x 4 pixels as analog symbols, the last share `mu` of them left out."""

    class Config(SchemeConfig):
        mu: float = 0.0
        fail: bool = False

    analysed = 0  # pictures analysed, over all instances

    def analyse(self, images):
        Echo.analysed += len(images)
        side = images.shape[1] // _CELL
        cells = images.reshape(-1, side, _CELL, side, _CELL, 3).mean(axis=(2, 4)).reshape(len(images), -1)
        return (cells - 128).astype(np.float32)

    def make_plan(self, survey):
        assert (survey.budget is None) == (self.config.budget_as is None)
        assert len(survey.test_analysis) > len(survey.analysis) > 0
        return {"header_uses": np.int64(90), "by_snr": {snr: "analog" for snr in survey.snr_db}}

    def encode(self, analysis, budget, knowledge):
        if self.config.fail:
            raise KeyboardInterrupt
        most, bits = analysis.shape[1] // 2, 32
        count = np.full(len(analysis), round(most * (1 - self.config.mu)))
        if budget is not None:
            count = np.minimum(count, self.bench.link.capacity(budget) - self.plan["header_uses"])
        symbols = (analysis[:, 0::2] + 1j * analysis[:, 1::2]) * (np.arange(most) < count[:, None])
        scale = np.sqrt((np.abs(symbols) ** 2).sum(axis=1) / np.maximum(count, 1)).astype(np.float32)
        words = np.stack([scale.astype(np.float16).view(np.uint16), count.astype(np.uint16)], axis=1)
        header = np.unpackbits(words.astype(">u2").view(np.uint8), axis=1).reshape(len(analysis), bits)
        symbols = (symbols / np.maximum(scale, 1e-6)[:, None]).astype(np.complex64)
        return Burst(symbols, count.astype(np.int32), header, self.plan["header_uses"],
                     {"payload": count.astype(np.int32)})

    def decode(self, reception):
        words = np.packbits(reception.header, axis=1).view(">u2").astype(np.uint16)
        scale = words[:, 0].copy().view(np.float16).astype(np.float32)
        symbols = reception.symbols * np.nan_to_num(scale)[:, None]
        cells = np.stack([symbols.real, symbols.imag], axis=2).reshape(len(symbols), -1) + 128
        side = self.bench.size // _CELL
        images = np.clip(np.rint(cells), 0, 255).astype(np.uint8).reshape(-1, side, side, 3)
        images = images.repeat(_CELL, axis=1).repeat(_CELL, axis=2)
        images[~reception.header_ok] = lost_picture(self.bench.size)
        return images, reception.header_ok

    def uses_over_mu(self, analysis, mus):
        kept = np.broadcast_to(1 - np.asarray(mus)[:, None], (len(mus), len(analysis)))
        return np.round(kept * analysis.shape[1] / 2).astype(int), kept

    def details(self, analysis):
        weights = np.abs(analysis).reshape(len(analysis), -1, self.bench.size // _CELL, 3).mean(axis=3)
        return {"weights": weights, "mask": weights > 40}


@register("scheme", "fake_follower")
class Follower(Echo):
    """The echo, encoded anew at every SNR, with a bound."""

    follows_snr = uses_follow_snr = True

    def choice(self, knowledge):
        return self.plan["by_snr"][str(float(knowledge.snr_db))]

    def bounds(self, analysis, budget):
        from types import SimpleNamespace

        side = self.bench.size
        for threshold in (0.0, 30.0):
            white = np.full((len(analysis), side, side, 3), 255, np.uint8)
            yield SimpleNamespace(curve="white", label=f"{threshold:g} dB", images=white,
                                  threshold_db=np.full(len(analysis), threshold))


def scenario(**changes) -> dict:
    """The smallest scenario over the fakes, as a plain dict; changes: top-level keys."""
    return {
        "name": "tiny", "seed": 3, "source": {"type": "fake_dots", "size": 32}, "pictures": 6,
        "realisations": 2, "calibration": {"pictures": 2, "realisations": 2}, "task": {"type": "fake_find"},
        "link": {"channel": {"model": "rayleigh", "fading": "slow"}},
        "snr_db": {"start": 0, "stop": 20, "step": 10},
        "schemes": [{"name": "third", "type": "fake_follower", "budget_as": "half"},
                    {"name": "half", "type": "fake_echo", "mu": 0.5},
                    {"name": "Whole 0.0", "type": "fake_echo"}],
        "symbols_vs_mu": {"scheme": "half", "mu": [0, 0.5, 1]}, "bootstrap": 50, "tile": 4,
        "examples": {"snr_db": 16, "pictures": [0, 2]}} | changes


def write(path, **changes):
    """The scenario as a YAML file; returns its path."""
    path.write_text(yaml.safe_dump(scenario(**changes)))
    return path
