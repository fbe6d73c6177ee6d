"""Recipe: YOLOv5 from random weights on any labelled source, in a given number of minutes.

    linksim train yolov5 --minutes 30 --out yolov5n-scenes.npz
    linksim train yolov5 --minutes 15 --out second.npz --set seed=7 --set width=0.1875
    linksim train yolov5 --minutes 8 --out jpeg2000.npz --set start=yolov5n-scenes --set rate=0.0003 \\
        --set artefacts=jpeg2000

YOLOv5's loss and assignment; AdamW with warm-up and cosine over the time that is left, so that a slow machine anneals
too; an exponential average of the weights is what is judged and kept. Runs on any Keras backend; goes on from
its last checkpoint in `work` where there is one.
"""

import os
import time
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.training import yolov5_data as data
from linksim.training.cards import command, courses, machine


def train(out: Path, minutes: float = 30, source: dict | None = None, work: Path | None = None,
          pictures: int = 12_000, check: int = 400, multiples: str = "n", width: float | None = None,
          depth: float | None = None, batch: int = 16, rate: float = 2e-3, steps: int = 150, seed: int = 0,
          start: str | None = None, artefacts: str | None = None, share: float = 0.75, batches: int | None = None,
          crop: int | None = None, workers: int = 2, precision: str = "mixed_bfloat16") -> dict:
    """Train; write the average of the weights to `out` (.npz and card) after every `steps` batches. Returns the card.

    source: mapping as in a scenario, default {"type": "scenes", "size": 256}; its splits train and calibration are
        used, the latter (`check` pictures) to judge.
    work: folder for pictures and checkpoints, default a folder beside `out`.
    minutes: of training, from the first batch to the last, over all resumptions.
    multiples: depth and width of YOLOv5n, s or m; `width` and `depth` set one of them otherwise.
    start: weights to go on from, for fine-tuning: their classes, size and anchors, batch normalisation folded in.
    artefacts: "jpeg2000": a `share` of the pictures is seen as JPEG2000 leaves it at 400 to 6,000 bytes.
    crop: side of random windows of the pictures to train on, a multiple of 32, for more batches in the same time.
    batches: train for so many instead of for minutes, where a machine's time is shared.
    """
    asked = {key: value for key, value in locals().items() if key not in ("work", "workers")}
    import keras

    from linksim import weights
    from linksim.tasks.yolov5.network import build_yolov5, fold

    out = Path(out)
    source = {"size": 256} | (source or {"type": "scenes"})
    if crop and (crop % 32 or not 32 <= crop <= source["size"]):
        raise UserError(f"crop: should be a multiple of 32 up to the pictures' {source['size']} (found {crop})")
    work, size = Path(work or out.with_suffix(".training")), source["size"]
    classes = data.open_source(source, "train").classes
    arrays, config = _start(start, classes, size) if start else (None, _config(multiples, width, depth))
    depth, width = config["depth"], config["width"]
    began = time.time()
    images, objects = data.prepare(source, "train", pictures, work, workers, artefacts, share)
    held = data.prepare(source, "calibration", check, work, workers, artefacts, share)
    print(f"{len(images)} + {len(held[0])} pictures ready after {time.time() - began:.0f} s", flush=True)

    anchors = np.asarray(config.get("anchors", data.fit_anchors(objects, np.random.default_rng(seed))), np.float32)
    keras.utils.set_random_seed(seed)
    folded = arrays is not None
    network = build_yolov5(depth, width, len(classes), crop or size, fused=folded, dtype=precision)
    if folded:
        weights.assign(network, arrays)
    model = _trainee(network, anchors, crop or size)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=10.0),
                  jit_compile=keras.backend.backend() == "jax")  # elsewhere slower
    judge_model = build_yolov5(depth, width, len(classes), size, dtype="float32")
    average = build_yolov5(depth, width, len(classes), crop or size, fused=folded, dtype="float32")
    state = _State(model, work / "checkpoint.npz")
    card = {
        "kind": "yolov5", "name": out.stem, "classes": list(classes), "recipe": "yolov5",
        "data": f"source {source}, split train, {pictures} pictures"
                + (f", {share:.0%} of them as {artefacts} leaves them at {data.BYTES[0]} to {data.BYTES[1]:,} bytes"
                   if artefacts else ""),
        "command": command("yolov5", asked | {"source": source}),
        "machine": machine(),
        "config": {"depth": depth, "width": width, "anchors": anchors.tolist(), "input_size": size},
        "courses": courses(start, "yolov5"),
    }

    def done() -> float:
        """Share of the course behind us."""
        return state.step / batches if batches else state.seconds / (60 * minutes)

    class Follow(keras.callbacks.Callback):
        """Sets the rate by the clock, averages the weights, judges and writes after every epoch."""

        compiled = False

        def on_train_batch_begin(self, step, logs=None):
            self.began = time.time()
            model.optimizer.learning_rate.assign(rate * _schedule(done(), state.step))

        def on_train_batch_end(self, step, logs=None):
            state.step += 1
            if state.step % 5 == 0:
                state.average()
            if self.compiled:  # the first batch of a process compiles
                state.seconds += time.time() - self.began
            self.compiled = True
            model.stop_training = done() >= 1

        def on_epoch_end(self, epoch, logs=None):
            state.average()
            state.assign_average(average)
            folded = {name: a.astype(np.float16) for name, a in fold(average).items()}
            weights.assign(judge_model, folded)
            ap = _judge(judge_model, anchors, *held, len(classes))
            left = (1 / max(done(), 1e-9) - 1) * state.seconds / 60
            print(f"step {state.step}  loss {logs['loss']:.4f}  calibration AP50 {ap:.4f} (best {state.best:.4f})  "
                  f"{batch * state.step / max(state.seconds, 1):.1f} pictures/s  {left:.1f} min left", flush=True)
            state.best = max(ap, state.best)
            card["minutes"] = round(state.seconds / 60, 1)
            card["scores"] = {"ap50_calibration": round(ap, 4), "pictures_judged": check, "steps": state.step}
            if artefacts:
                seen = f"AP50 on calibration pictures of which the same share went through {artefacts}"
                card["scores"]["note"] = seen
            weights.save(out, folded, card)  # the latest: the rate falls to nothing, and choosing would be optimistic
            state.save()

    if state.load():
        print(f"going on from step {state.step}, {state.seconds / 60:.1f} min", flush=True)
    if done() < 1:
        lessons = data.dataset(images, objects, anchors, batch, steps, seed, first=state.step // steps, crop=crop)
        model.fit(lessons, epochs=1_000_000, verbose=0, callbacks=[Follow()])
    return card


def _config(multiples: str, width: float | None, depth: float | None) -> dict:
    from linksim.tasks.yolov5.network import MULTIPLES

    if multiples not in MULTIPLES:
        raise UserError(f"multiples: should be one of {', '.join(MULTIPLES)} (found {multiples!r})")
    return {"depth": depth or MULTIPLES[multiples][0], "width": width or MULTIPLES[multiples][1]}


def _start(name: str, classes: tuple[str, ...], size: int) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and configuration of weights to go on from. UserError where they are for other classes or sizes."""
    from linksim import weights

    arrays, card = weights.load(name, "yolov5")
    if tuple(card["classes"]) != tuple(classes) or card["config"]["input_size"] != size:
        raise UserError(f"start: {name} detects {', '.join(card['classes'])} at {card['config']['input_size']} pixels, "
                        f"the source has {', '.join(classes)} at {size}")
    return arrays, card["config"]


def _schedule(done: float, step: int) -> float:
    """Warm-up over 100 steps, then cosine to 2 % at done = 1."""
    return min(1.0, (step + 1) / 100) * (0.02 + 0.98 * (1 + np.cos(np.pi * min(done, 1.0))) / 2)


def _trainee(model, anchors: np.ndarray, size: int):
    """The same network as a keras.Model whose loss is YOLOv5's."""
    import keras

    from linksim.training.yolov5_loss import yolov5_loss

    class Trainee(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return yolov5_loss(y_pred, y, anchors, size)

    return Trainee(model.input, model.outputs)


def _judge(model, anchors, pictures, objects, classes: int) -> float:
    """AP50 (COCO) on pictures uint8 [P, S, S, 3] with objects."""
    import keras

    from linksim.sources.base import Truth
    from linksim.tasks import average_precision as ap
    from linksim.tasks.nms import suppress
    from linksim.tasks.yolov5.network import decode

    found, names = [], tuple(map(str, range(classes)))
    for start in range(0, len(pictures), 50):
        heads = model.predict_on_batch(pictures[start : start + 50].astype(np.float32) / 255)
        boxes, scores = (keras.ops.convert_to_numpy(a) for a in decode(heads, anchors))
        for each in zip(boxes, scores, strict=True):
            found.append(dict(zip(("boxes", "scores", "labels"), suppress(*each, 0.001, 0.6), strict=True)))
    truths = [Truth(o[:, 1:], tuple(str(int(c)) for c in o[:, 0]), np.zeros(len(o), bool)) for o in objects]
    return float(ap.mean(ap.average_precision(ap.match(found, truths, names), np.arange(len(found))))[0])


class _State:
    """What a resumption needs: weights, their average, the optimiser's variables, steps, seconds, best AP50."""

    def __init__(self, model, path: Path, decay: float = 0.998):
        self.model, self.path, self.decay = model, path, decay
        self.step, self.seconds, self.best = 0, 0.0, -1.0
        self.mean, self.averaged = None, 0

    def average(self) -> None:
        """One step of the moving average, as many steps of `decay` as batches passed since the last one."""
        now = [np.asarray(v) for v in self.model.weights]
        if self.mean is None:
            self.mean = [a.copy() for a in now]
        keep = min(self.decay, 1 - 1 / (1 + self.step / 10)) ** (self.step - self.averaged)
        self.averaged = self.step
        for mean, a in zip(self.mean, now, strict=True):
            mean += (1 - keep) * (a - mean)

    def assign_average(self, model) -> None:
        by_path = dict(zip((v.path for v in self.model.weights), self.mean, strict=True))
        for v in model.weights:
            v.assign(by_path[v.path])

    def save(self) -> None:
        aside = self.path.with_suffix(".tmp")
        arrays = {f"w{i}": np.asarray(v) for i, v in enumerate(self.model.weights)}
        arrays |= {f"m{i}": a for i, a in enumerate(self.mean)}
        arrays |= {f"o{i}": np.asarray(v) for i, v in enumerate(self.model.optimizer.variables)}
        with open(aside, "wb") as file:
            np.savez(file, at=np.array([self.step, self.seconds, self.best, self.averaged]), **arrays)
        os.replace(aside, self.path)

    def load(self) -> bool:
        if not self.path.exists():
            return False
        self.model.optimizer.build(self.model.trainable_variables)
        with np.load(self.path) as file:
            for key, variables in (("w", self.model.weights), ("o", self.model.optimizer.variables)):
                for i, v in enumerate(variables):
                    v.assign(file[f"{key}{i}"])
            self.mean = [file[f"m{i}"] for i in range(len(self.model.weights))]
            step, self.seconds, self.best, averaged = file["at"].tolist()
        self.step, self.averaged = int(step), int(averaged)
        return True
