"""Recipe `light`: a small receiver for a codec, its painting layers pruned and taught by the large one.

The encoder, the semantic-aware model and what goes on the air stay the same: a transmitter needn't know which receiver
listens. The decoder loses channels (`linksim.training.pruning`) and learns to give the pictures that the large one
gives of the same reception, as the detector sees them:

    loss = error_weight * squared difference + distance of the detector's feature maps

Source of the idea: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015.
"""

import time
from pathlib import Path

import numpy as np

from linksim.training.cards import command, courses, machine, portable
from linksim.training.precision import Precision, suited


def train(out: Path, minutes: float, large: str, channels: int = 24, sources: list[dict] | None = None,
          detector: str | None = None, input_size: int = 256, pictures: int = 1200, crop: int = 128, batch: int = 16,
          rate: float = 1e-3, error_weight: float = 50.0, int8: bool = True, steps: int | None = None,
          patience: int | None = None, seed: int = 1, precision: Precision | None = None) -> Path:
    """Train and write `out` (.npz and card).

    large: weights of kind sesc to make lighter. channels: of the decoder at a quarter of the picture's side.
    sources: source configurations as in a scenario; left out, those of `large`, where they need no folder.
    detector, input_size: the judge, and the side it sees pictures at when it says where objects are; left out, the
        detector of `large`.
    crop: side of training crops. int8: store the decoder's matrices in eight bits, for a smaller file.
    steps: a number of batches instead of minutes.
    patience: stop when the held-out loss hasn't improved over so many hundreds of batches, and keep the best weights.
    precision: float32 or mixed_bfloat16; left out, what suits the machine.
    """
    asked = dict(locals())
    from linksim import weights
    from linksim.training.awareness import look
    from linksim.training.clock import Clock, study
    from linksim.training.lessons import Air, Lessons
    from linksim.training.pruning import prune_decoder
    from linksim.weights.light import quantise, restore

    began, arrays, teacher = time.time(), *weights.load(large, "sesc")
    config, sources = teacher["config"], sources or teacher["data"]
    detector, uses = detector or config["detector"], int(config["uses"])
    precision = precision or suited()
    sizes = {"encoder": config.get("encoder", {}), "decoder": config.get("decoder", {}) | {"channels": channels}}
    pruned = prune_decoder(arrays, channels)
    seen = look(sources, detector, input_size, pictures, 0)
    images, finds = seen.images, seen.finds
    print(f"{len(images)} pictures seen by the detector after {time.time() - began:.0f} s", flush=True)
    held, shown = max(16, len(images) // 20), dict(variance=arrays["gains/variance"], crop=crop, batch=batch, air=Air())
    lessons = Lessons(images[held:], finds[held:], steps=100, seed=seed, **shown)
    held_out = Lessons(images[:held], finds[:held], steps=max(1, 64 // batch), seed=0, repeat=True, **shown)
    model, student = _school(arrays, pruned, config, sizes, detector, crop, uses, error_weight, precision)
    _compile(model, rate)
    before = [float(x) for x in model.evaluate(held_out, verbose=0)]
    clock = Clock(Path(out).with_suffix(".checkpoint.npz"), minutes, rate, steps, patience)
    study(model, lessons, held_out, clock)

    learnt = {f"decoder/{name}": value.astype(np.float16 if value.ndim > 1 else np.float32)
              for name, value in weights.model_arrays(student).items()}
    scores = {"large": teacher["name"], "large_sha256": teacher["sha256"], "steps": clock.steps,
              "loss_pruned": round(before[0], 5), "validation": clock.curve}
    minutes_taken = clock.elapsed() / 60
    if int8:
        learnt = quantise(learnt, keep=("linear_",))
        weights.assign_part(student, restore(learnt))
        scores["loss_int8"] = round(float(model.evaluate(held_out, verbose=0)[0]), 5)
    result = {name: array for name, array in arrays.items() if not name.startswith("decoder/")} | learnt
    card = {
        "kind": "sesc", "name": Path(out).stem, "recipe": "light", "classes": [], "data": portable(sources),
        "machine": machine(), "minutes": round(minutes_taken, 1),
        "command": command("light", asked | {"precision": precision}),
        "scores": scores, "config": config | sizes, "courses": courses(large, "sesc"),
    }
    weights.save(Path(out), result, card)
    clock.discard()
    return Path(out)


def _school(arrays, pruned, config, sizes, detector: str, crop: int, uses: int, error_weight: float,
            precision: Precision):
    """The trainable keras.Model of lessons -> [B, 3] (loss and its parts), and its student: the light decoder."""
    import keras
    from keras import ops

    from linksim import weights
    from linksim.schemes.sesc import networks
    from linksim.tasks.yolov5.network import features_model, from_weights
    from linksim.training.loss import map_distance, through_air

    policy, grid = keras.config.dtype_policy(), crop // 16
    keras.config.set_dtype_policy(precision)
    encoder = networks.build_encoder(crop, uses, **sizes["encoder"])
    teacher = networks.build_decoder(crop, uses, **config.get("decoder", {}))
    student = networks.build_decoder(crop, uses, **sizes["decoder"])
    eyes = features_model(from_weights(detector, None, dtype=precision)[0])
    keras.config.set_dtype_policy(policy)
    for part, values in ((encoder, arrays), (teacher, arrays), (student, pruned)):
        weights.assign_part(part, values)
    teacher.name = "teacher"  # two of one name can't be parts of one model
    encoder.trainable = teacher.trainable = eyes.trainable = False

    pictures, counts, snr_db = keras.Input((crop, crop, 3)), keras.Input((grid, grid)), keras.Input(())
    gains, noise = keras.Input((2 * uses,)), keras.Input((grid * grid, uses))
    unit = keras.Input((grid * grid, 2 * uses))
    sent = networks.sent_values(counts, uses)
    features = encoder([pictures, counts, snr_db])
    known, variance = through_air(features, sent, gains, noise, unit)
    received = [known, variance, counts]
    wanted, given = ops.stop_gradient(teacher(received)), student(received)

    error, distance = ops.mean(ops.square(given - wanted), (1, 2, 3)), map_distance(eyes(wanted), eyes(given))
    parts = ops.stack([error_weight * error + distance, error, distance], -1)
    return keras.Model((pictures, counts, snr_db, gains, noise, unit), parts), student


def _compile(model, rate: float) -> None:
    import keras

    from linksim.training.loss import mean_loss, mean_of

    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0), loss=mean_loss,
                  metrics=[mean_of(1, "squared_error"), mean_of(2, "features")])
