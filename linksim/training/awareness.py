"""How a codec's semantic-aware models are taught: what the detector sees in training pictures, and what it rests on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from linksim.errors import UserError
from linksim.schemes.sesc.awareness.plain import SURE
from linksim.training.eyes import Eyes
from linksim.training.precision import Precision, suited

Teacher = Literal["finds", "boxes", "gradients"]


@dataclass(frozen=True)
class Seen:
    """Training pictures and what is known of them. images: uint8 [N, S, S, 3]. finds: N pairs (boxes, scores) of the
    detector. Of the first A pictures: maps, its feature maps on the token grid, float16 [A, h, w, C]; truths, the
    sources' own."""

    images: np.ndarray
    finds: list
    maps: np.ndarray
    truths: list
    eyes: Eyes

    def targets(self, aim: str, teacher: Teacher, reach: float, steepness: float) -> np.ndarray:
        """What the semantic-aware model is to learn, float32 [A, h, w]: the importance (for `aim`) that the detector's
        own finds or the boxes drawn by people give, or what the detector's scores feel of a patch.

        UserError: boxes where the sources have none. Gradients are those of detection, whatever the aim."""
        from linksim.schemes.sesc.importance import importance_for, sensitivity

        images = self.images[: len(self.maps)]
        if teacher == "gradients":
            return np.concatenate([
                [sensitivity(*pair) for pair in zip(part, self.eyes.slopes(part, SURE), strict=True)]
                for part in (images[i : i + 64] for i in range(0, len(images), 64))])
        known = self.finds
        if teacher == "boxes":
            if not any(len(truth.boxes) for truth in self.truths):
                raise UserError("teacher: no box is drawn in any of the sources' pictures; use finds")
            known = [(truth.boxes, np.ones(len(truth.boxes), np.float32)) for truth in self.truths]
        return np.stack([importance_for(aim, image, *found, reach=reach, steepness=steepness)
                         for image, found in zip(images, known, strict=False)])


def look(sources, detector: str, input_size: int, count: int, aware: int) -> Seen:
    """`count` pictures of the training splits, in an order of their own, before the detector; `aware` of them with its
    feature maps. UserError where there is no picture."""
    from linksim.registry import lookup
    from linksim.schemes.sesc.importance import to_grid

    opened = []
    for config in sources:
        cls = lookup("source", config["type"])
        opened.append(cls(cls.Config(**config), "train"))
    share = [min(len(source), count) for source in opened]
    if sum(share) == 0:
        raise UserError(f"the sources {sources} hold no training picture")
    images, truths = zip(*(source.batch(np.arange(n)) for source, n in zip(opened, share, strict=True)), strict=True)
    images, truths = np.concatenate(images), sum(truths, [])
    order = np.random.default_rng(0).permutation(len(images))[:count]
    images, truths = images[order], [truths[i] for i in order[:aware]]
    eyes = Eyes(detector, input_size, next((s.classes for s in opened if s.classes), ()))
    finds, maps = [], []
    for start in range(0, len(images), 64):
        found, features = eyes.look(images[start : start + 64], SURE)
        finds += found
        if start < aware:
            maps.append(to_grid(features, images.shape[1] // 16).astype(np.float16))
    return Seen(images, finds, np.concatenate(maps)[:aware] if maps else np.empty(0), truths, eyes)


def teach_awareness(maps: np.ndarray, targets: np.ndarray, name: str = "awareness", width: int = 64, depth: int = 1,
                    epochs: int = 12, precision: Precision | None = None):
    """The semantic-aware model, fitted to targets float32 [A, h, w] by cross entropy. maps: float16 [A, h, w, C]. Half
    the pictures are seen as in a mirror. precision: what suits the machine where left out."""
    import keras

    from linksim.schemes.sesc.networks import build_awareness

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or suited())
    model = build_awareness((maps.shape[-1],), maps.shape[1], width, depth)
    keras.config.set_dtype_policy(policy)
    model.name = name
    held, batch = max(1, len(maps) // 10), min(32, len(maps))

    class Mirrored(keras.utils.PyDataset):
        epoch = 0

        def __len__(self):
            return max(1, (len(maps) - held) // batch)

        def __getitem__(self, step):
            rng = np.random.default_rng(self.epoch)
            some = held + rng.permutation(len(maps) - held)[step * batch : (step + 1) * batch]
            flip = np.random.default_rng((self.epoch, step)).random((len(some), 1, 1)) < 0.5
            seen, wanted = maps[some].astype(np.float32), targets[some]
            return np.where(flip[..., None], seen[:, :, ::-1], seen), np.where(flip, wanted[:, :, ::-1], wanted)

        def on_epoch_end(self):
            self.epoch += 1

    lessons = Mirrored()
    schedule = keras.optimizers.schedules.CosineDecay(1.5e-3, epochs * len(lessons))
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-2, clipnorm=1.0), loss="binary_crossentropy")
    log = model.fit(lessons, epochs=epochs, verbose=0,
                    validation_data=(maps[:held].astype(np.float32), targets[:held]))
    print(f"{name}: held-out cross entropy {log.history['val_loss'][-1]:.4f}", flush=True)
    return model


def weigh(model, maps: np.ndarray) -> np.ndarray:
    """The weights that a semantic-aware model gives, float32 [A, h, w], for maps float16 [A, h, w, C]."""
    parts = (maps[i : i + 64].astype(np.float32) for i in range(0, len(maps), 64))
    return np.concatenate([model.predict_on_batch(part) for part in parts])


def power_for(weights: np.ndarray, saving: float, low: float = 0.2, high: float = 0.3) -> float:
    """The power, from .2 to 3 in steps of .01, to raise weights to, float [A, h, w] in [0, 1], so that keeping those of
    at least `high` takes nearest to 1 - saving of the features that keeping those of at least `low` takes; of equally
    near ones that nearest to 1. It changes what a threshold means and not which features go first. UserError where the
    nearest misses by more than .01."""
    powers = np.arange(20, 301) / 100
    kept = np.array([[(weights >= mu ** (1 / power)).mean() for mu in (low, high)] for power in powers])
    missed = np.abs(1 - kept[:, 1] / np.maximum(kept[:, 0], 1e-9) - saving)
    if missed.min() > 0.01:
        raise UserError(f"saving: no power from .2 to 3 gives these weights a scale on which mu from {low:g} to "
                        f"{high:g} leaves out {saving:.1%} of the features; the nearest misses by {missed.min():.1%}")
    return float(min(powers[missed <= missed.min() + 1e-9], key=lambda power: abs(np.log(power))))


def entropy_arrays(encoder, images: np.ndarray, uses: int) -> dict[str, np.ndarray]:
    """The entropy model of the features (`linksim.schemes.sesc.awareness.entropy`), fitted to training pictures."""
    from keras import ops

    from linksim.schemes.sesc.awareness.entropy import fit_entropy

    grid = images.shape[1] // 16
    everything = [np.full((16, grid, grid), uses, np.float32), np.full(16, 10.0, np.float32)]
    parts = [ops.convert_to_numpy(encoder([images[i : i + 16].astype(np.float32) / 255, *everything], training=False))
             for i in range(0, len(images) - 15, 16)]
    return {f"entropy/{name}": array for name, array in fit_entropy(np.concatenate(parts)).items()}
