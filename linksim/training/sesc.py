"""Recipe `sesc`: trains the semantic codec on any source, for one detector.

1. The detector looks at the clean pictures once; its finds say where importance lies.
2. The semantic-aware model learns to predict that importance from the detector's feature maps.
3. Encoder and decoder start as the linear code and learn together through noise, with masks of every kind:

       loss = 100 * squared error + distance of the detector's feature maps, both counted where features are sent
"""

import json
import time
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.training.cards import command, machine, portable


def train(out: Path, minutes: float, sources: list[dict], detector: str, input_size: int, crop: int = 256,
          zoom: float = 1.0, uses: int = 64, pictures: int = 4000, batch: int = 16, masks: bool = True, rate: float = 6e-4,
          start: str | None = None, seed: int = 1, aware_pictures: int = 1200,
          steps: int | None = None) -> Path:
    """Train and write `out` (.npz and card).

    sources: source configurations as in a scenario ({type: scenes}); detector: weights of the judge; input_size: side to
    which it upscales pictures when judging; crop, zoom: side of training crops and the factor by which they are
    upscaled for the detector's features (judge's input_size / picture size is the faithful choice); uses: channel uses
    per feature; masks: False trains the reference network that always sends everything; start: weights to go on from; steps: a number
    of batches instead of minutes, for comparisons at equal effort.
    """
    began = time.time()
    images, finds, maps = look(sources, detector, input_size, pictures, aware_pictures)
    print(f"{len(images)} pictures seen by the detector after {time.time() - began:.0f} s", flush=True)
    awareness = teach_awareness(maps, np.stack([_importance(f, images.shape[1]) for f in finds[: len(maps)]]))
    del maps
    print(f"semantic-aware model after {time.time() - began:.0f} s", flush=True)
    course = Course(images, finds, detector, crop, zoom, uses, batch, masks, rate, start, seed)
    history = course.run(Path(out).with_suffix(".checkpoint.weights.h5"), minutes, steps)

    from linksim import weights
    from linksim.schemes.sesc import networks

    size = images.shape[1]
    encoder, decoder = networks.build_encoder(size, uses), networks.build_decoder(size, uses)
    encoder.set_weights(course.encoder.get_weights())
    decoder.set_weights(course.decoder.get_weights())
    arrays = {f"{part.name}/{path}": value.astype(np.float16 if value.ndim > 1 else np.float32)
              for part in (awareness, encoder, decoder) for path, value in weights.model_arrays(part).items()}
    card = {
        "kind": "sesc", "name": Path(out).stem, "recipe": "sesc", "classes": [], "data": portable(sources),
        "machine": machine(), "minutes": round(history["minutes"], 1), "scores": history,
        "command": command("sesc", out, minutes, sources=portable(sources), detector=Path(detector).name,
                           input_size=input_size, crop=crop, zoom=zoom, uses=uses, masks=masks, steps=steps,
                           start=start and Path(start).name),
        "config": {"size": size, "uses": uses, "masks": masks, "detector": Path(detector).stem},
    }
    weights.save(Path(out), arrays, card)
    course.finish()  # the checkpoint goes only now that the result is safe
    return Path(out)


def look(sources, detector: str, input_size: int, count: int, aware: int):
    """Pictures uint8 [N, S, S, 3] of the training splits, the detector's finds on each (boxes, scores), and for the
    first `aware` of them its feature maps on the token grid, float16 [A, h, w, C]."""
    from linksim.registry import lookup
    from linksim.schemes.sesc.importance import to_grid

    opened = []
    for config in sources:
        cls = lookup("source", config["type"])
        opened.append(cls(cls.Config(**config), "train"))
    share = [min(len(source), count) for source in opened]
    if sum(share) == 0:
        raise UserError(f"the sources {sources} hold no training picture")
    images = np.concatenate([source.batch(np.arange(n))[0] for source, n in zip(opened, share, strict=True)])
    images = images[np.random.default_rng(0).permutation(len(images))][:count]
    task_class = lookup("task", "detection")
    classes = next((s.classes for s in opened if s.classes), ())
    judge = task_class(task_class.Config(type="detection", weights=detector, input_size=input_size), classes)
    finds, maps = [], []
    for start in range(0, len(images), 64):
        part = images[start : start + 64]
        for found in judge.observe(part):
            sure = found["scores"] >= 0.1
            finds.append((found["boxes"][sure], found["scores"][sure]))
        if start < aware:
            maps.append(to_grid(judge.features(part), images.shape[1] // 16).astype(np.float16))
    return images, finds, np.concatenate(maps)[:aware]


def _importance(found, size):
    from linksim.schemes.sesc.importance import importance

    return importance(*found, size)


def teach_awareness(maps: np.ndarray, targets: np.ndarray, epochs: int = 12):
    """The semantic-aware model, fitted to targets float32 [A, h, w] by cross entropy."""
    import keras

    from linksim.schemes.sesc.networks import build_awareness

    model = build_awareness((maps.shape[-1],), maps.shape[1])
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(maps) // 32 + 1))
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-3), loss="binary_crossentropy")
    log = model.fit(maps.astype(np.float32), targets, batch_size=32, epochs=epochs, validation_split=0.1, verbose=0)
    print(f"semantic-aware model: held-out cross entropy {log.history['val_loss'][-1]:.4f}", flush=True)
    return model


class Course:
    """Encoder, noise, decoder and the detector's opinion in one trainable model."""

    def __init__(self, images, finds, detector, crop, zoom, uses, batch, masks, rate, start, seed):
        import keras

        from linksim.schemes import linear_code
        from linksim.schemes.sesc import networks
        from linksim.tasks.yolov5.network import features_model, from_weights

        held = max(16, len(images) // 50)  # held out of training, for the validation curve
        self.rate, self.seed = rate, seed
        from linksim.training.lessons import Lessons

        steps = 100
        self.lessons = Lessons(images[held:], finds[held:], crop, uses, batch, steps, seed, masks)
        self.held_out = Lessons(images[:held], finds[:held], crop, uses, batch, max(1, 64 // batch), 0, masks, repeat=True)
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        self.encoder, self.decoder = networks.build_encoder(crop, uses), networks.build_decoder(crop, uses)
        judge = features_model(from_weights(detector, None, dtype="mixed_bfloat16")[0])
        keras.config.set_dtype_policy(policy)
        if start:
            from linksim import weights
            from linksim.schemes.sesc.scheme import assign_part

            arrays, _ = weights.load(start, "sesc")
            assign_part(arrays, self.encoder)
            assign_part(arrays, self.decoder)
        else:
            sample = images[np.random.default_rng(seed).integers(len(images), size=400)]
            code = linear_code.fit(linear_code.cut(sample).reshape(-1, 768)[::2], 2 * uses)
            networks.start_from(code, self.encoder, self.decoder, uses)
        self.model = _lesson_model(self.encoder, self.decoder, judge, crop, zoom, uses)

    def run(self, checkpoint: Path, minutes: float, steps: int | None = None) -> dict:
        """Train for `minutes` (or `steps`) in all, an interrupted course included. Returns the curves."""
        import keras

        self.model.compile(keras.optimizers.AdamW(self.rate, weight_decay=1e-4, clipnorm=1.0),
                           loss=lambda _, parts: keras.ops.mean(parts[:, 0]),
                           metrics=[_part(1, "squared_error"), _part(2, "features")])
        clock = _Clock(checkpoint, minutes, self.rate, steps)
        clock.resume(self.model)
        self.model.fit(self.lessons, validation_data=self.held_out, epochs=100_000, verbose=0, callbacks=[clock.callback()])
        self.finish = clock.discard
        return {"minutes": clock.elapsed() / 60, "steps": clock.steps, "validation": clock.curve}


def _lesson_model(encoder, decoder, judge, crop, zoom, uses):
    import keras
    from keras import ops

    grid = crop // 16
    pictures, keep = keras.Input((crop, crop, 3)), keras.Input((grid, grid))
    noise, unit = keras.Input(()), keras.Input((grid * grid, 2 * uses))
    judge.trainable = False
    seen = round(crop * zoom / 32) * 32

    features = encoder([pictures, keep])  # (B, T, V)
    sent = ops.reshape(keep, (-1, grid * grid))[..., None]
    # Unit mean power per complex symbol over what is sent: each real value carries half.
    power = 2 * ops.sum(ops.square(features) * sent, (1, 2)) / (ops.sum(sent, (1, 2)) * 2 * uses)
    variance = (noise * power / 2)[:, None, None] * ops.ones_like(features)  # of a real value, in the features' units
    received = (features + unit * ops.sqrt(variance)) * sent
    decoded = decoder([received, variance, keep])

    def upscale(x):
        return ops.image.resize(x, (seen, seen), "bilinear") if seen != crop else x

    def where(side):  # what was sent counts, what wasn't counts a little
        return 0.1 + 0.9 * ops.image.resize(keep[..., None], (side, side), "bilinear")

    area = where(crop)
    error = ops.sum(area * ops.square(decoded - pictures), (1, 2, 3)) / (3 * ops.sum(area, (1, 2, 3)))
    distance = 0
    for a, b in zip(judge(upscale(pictures)), judge(upscale(decoded)), strict=True):
        a, b = ops.stop_gradient(ops.cast(a, "float32")), ops.cast(b, "float32")
        area = where(a.shape[1])
        distance += ops.sum(area * ops.square(a - b), (1, 2, 3)) / ops.sum(area * ops.square(a), (1, 2, 3)) / 3
    total = 100 * error + distance
    return keras.Model((pictures, keep, noise, unit), ops.stack([total, error, distance], -1))


def _part(index, name):
    import keras

    def metric(_, parts):
        return keras.ops.mean(parts[:, index])

    metric.__name__ = name
    return metric


class _Clock:
    """Time instead of epochs: a cosine learning rate over the minutes given, checkpoints, resumption, progress."""

    def __init__(self, checkpoint: Path, minutes: float, rate: float, total: int | None):
        self.checkpoint, self.seconds, self.rate, self.total = checkpoint, minutes * 60, rate, total
        self.state, self.before, self.steps, self.curve = checkpoint.with_suffix(".json"), 0.0, 0, []

    def elapsed(self) -> float:
        return self.before + time.time() - self.began

    def done(self) -> float:
        """Share of the course behind us, 0 to 1."""
        return min(1.0, self.steps / self.total if self.total else self.elapsed() / self.seconds)

    def resume(self, model) -> None:
        self.began = time.time()
        if self.checkpoint.exists() and self.state.exists():
            model.load_weights(self.checkpoint)
            kept = json.loads(self.state.read_text())
            self.before, self.steps, self.curve = kept["seconds"], kept["steps"], kept["curve"]
            print(f"going on from minute {self.before / 60:.1f}", flush=True)

    def discard(self) -> None:
        for file in (self.checkpoint, self.state):
            file.unlink(missing_ok=True)

    def callback(self):
        import keras

        clock = self

        class Timed(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                done = clock.done()
                warm = min(1.0, (clock.steps + 1) / 100)
                self.model.optimizer.learning_rate = clock.rate * warm * (0.5 * (1 + np.cos(np.pi * done)) + 0.003)
                clock.steps += 1

            def on_train_batch_end(self, batch, logs=None):
                if clock.done() >= 1:
                    self.model.stop_training = True

            def on_epoch_end(self, epoch, logs=None):
                point = {k.removeprefix("val_"): round(float(v), 5) for k, v in logs.items() if k.startswith("val_")}
                clock.curve.append({"step": clock.steps, "minute": round(clock.elapsed() / 60, 1), **point})
                print(f"minute {clock.elapsed() / 60:5.1f} step {clock.steps} loss {logs['loss']:.4f} held out {point}", flush=True)
                self.model.save_weights(clock.checkpoint)
                clock.state.write_text(json.dumps({"seconds": clock.elapsed(), "steps": clock.steps, "curve": clock.curve}))

        return Timed()
