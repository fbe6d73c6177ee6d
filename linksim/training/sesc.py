"""Recipe `sesc`: trains the semantic codec on any source, for one detector.

1. The detector looks at the clean pictures once; its finds say where importance lies.
2. The semantic-aware model learns to predict that importance from the detector's feature maps.
3. Encoder and decoder start as the linear code and learn together through noise, with masks of every kind:

       loss = 100 * squared error + distance of the detector's feature maps, both counted where features are sent
"""

import time
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.training.cards import command, machine, portable


def train(out: Path, minutes: float, sources: list[dict], detector: str, input_size: int, crop: int = 128,
          zoom: float = 1.0, uses: int = 64, pictures: int = 4000, batch: int = 16, masks: bool = True,
          rate: float = 6e-4, start: str | None = None, seed: int = 1, aware_pictures: int = 1200,
          steps: int | None = None) -> Path:
    """Train and write `out` (.npz and card).

    sources: source configurations as in a scenario ({type: scenes}).
    detector: weights of the judge; input_size: side to which it upscales pictures when judging.
    crop, zoom: side of training crops and the factor by which they are upscaled for the detector's features (judge's
        input_size / picture size is the faithful choice).
    uses: channel uses per feature.
    masks: False trains the reference network that always sends everything.
    start: weights to go on from. steps: a number of batches instead of minutes, for comparisons at equal effort.
    """
    began = time.time()
    images, finds, maps = look(sources, detector, input_size, pictures, aware_pictures)
    print(f"{len(images)} pictures seen by the detector after {time.time() - began:.0f} s", flush=True)
    awareness = teach_awareness(maps, np.stack([_importance(f, images.shape[1]) for f in finds[: len(maps)]]))
    del maps
    print(f"semantic-aware model after {time.time() - began:.0f} s", flush=True)
    from linksim.training.course import Course

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
                           pictures=pictures, aware_pictures=aware_pictures,
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
