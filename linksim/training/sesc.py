"""Recipe `sesc`: trains the semantic codec on any source, for one detector.

1. The detector looks at the clean pictures once; its finds say where importance lies.
2. The semantic-aware model learns to predict that importance from the detector's feature maps.
3. Encoder and decoder start as the linear code and learn together through noise, with masks of every kind and any
   number of channel uses per feature; `linksim.training.course` has the loss.
"""

import time
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.schemes.sesc.awareness.base import power_as, stored_as
from linksim.schemes.sesc.awareness.task import network_of
from linksim.training.awareness import Teacher, entropy_arrays, look, power_for, teach_awareness, weigh
from linksim.training.cards import command, courses, machine, portable
from linksim.training.precision import Precision, suited


def train(out: Path, minutes: float, sources: list[dict], detector: str, input_size: int, crop: int = 128,
          zoom: float = 1.0, uses: int = 192, pictures: int = 4000, batch: int = 16, masks: bool = True,
          rate: float = 6e-4, start: str | None = None, seed: int = 1, aware_pictures: int = 1200,
          aims: tuple[str, ...] = ("detection",), air: str | None = None, steps: int | None = None,
          patience: int | None = None, error_weight: float = 1000.0, feature_weight: float = 1.0,
          answer_weight: float = 0.5, linear_start: bool = True, conditioned: bool = True,
          encoder: dict | None = None, decoder: dict | None = None, awareness: dict | None = None,
          teacher: Teacher = "finds", reach: float = 1.0, steepness: float = 1.0, judges: tuple[str, ...] = (),
          saving: float | None = None, often: tuple[int, int] | None = None, alone: float = 0.5,
          precision: Precision | None = None) -> Path:
    """Train and write `out` (.npz and card).

    sources: source configurations as in a scenario ({type: scenes}).
    detector: weights of the judge; input_size: side to which it upscales pictures when judging. judges: weights of
        further detectors of the same kind whose opinions count in the loss.
    crop, zoom: side of training crops and the factor by which they are upscaled for the detector's features (judge's
        input_size / picture size is the faithful choice).
    uses: channel uses per feature at most; any number of them can be sent.
    masks: False trains the reference network that always sends every feature.
    aims: what semantic-aware models are taught for: detection, classification, reconstruction. Those that `start` has
        for other aims stay as they are.
    air: rows of noise that `linksim train air` wrote; left out, fading is flat.
    aware_pictures: shown to the semantic-aware models; 0 teaches none.
    start: weights to go on from. steps: a number of batches instead of minutes, for comparisons at equal effort;
        0 teaches the semantic-aware models alone.
    patience: stop when the held-out loss hasn't improved over so many hundreds of batches, and keep the best weights.
    error_weight, feature_weight, answer_weight: shares of the loss. Less squared error (50) pleases the detector that
        teaches more only where features have many uses, and others less (`scenarios/teaching.yaml`).
    linear_start, conditioned: False for ablations: random weights at the start; networks that aren't told the noise.
    encoder, decoder: sizes of the networks, {width, depth} and {width, depth, channels, detail}.
    awareness: size and epochs of the semantic-aware models, {width, depth, epochs}; teacher: what they are taught by,
        the detector's own finds, the boxes drawn by people, or the gradients of its scores; reach, steepness: of the
        first two, as in `linksim.schemes.sesc.importance`.
    saving: the share of the features that raising mu from .2 to .3 is to leave out: the weights for detection, taught
        here or kept, get the scale on which it does so on the pictures shown (`linksim.training.awareness.power_for`).
        Left out, what is taught has no scale of its own, and what is kept keeps it.
    often: the least and the most channel uses of a feature that half of the lessons keep to. alone: share of lessons
        in which features below the threshold get none.
    precision: float32 or mixed_bfloat16; left out, what suits the machine.
    """
    asked = dict(locals())
    if teacher == "gradients" and set(aims) - {"detection"}:
        raise UserError(f"teacher: gradients are those of detection (found aims {', '.join(aims)}); use finds or boxes")
    if start and not linear_start:
        raise UserError("start: these weights begin with the linear code; linear_start=false needs a new beginning")
    if not (aware_pictures or start):
        raise UserError("aware_pictures: 0 leaves the semantic-aware models to `start`; name one or show them some")
    if often and not 1 <= often[0] <= often[1] <= uses:
        raise UserError(f"often: should be the least and the most uses, from 1 to at most {uses} (found {list(often)})")
    if saving is not None and not 0 < saving < 1:
        raise UserError(f"saving: should be a share between 0 and 1 (found {saving:g})")
    if not 0 <= alone <= 1:
        raise UserError(f"alone: should be a share from 0 to 1 (found {alone:g})")
    kept, precision = _kept(start, detector, aims, bool(aware_pictures)), precision or suited()
    if saving and not (aware_pictures and "detection" in (*aims, *kept)):
        raise UserError("saving: needs a semantic-aware model for detection, taught here (aims) or kept from `start`, "
                        "and pictures to weigh (aware_pictures above 0)")
    began = time.time()
    import keras

    from linksim import weights
    from linksim.schemes.sesc import networks
    from linksim.training.course import Course

    keras.utils.set_random_seed(seed)
    rows = _rows(air)
    seen = look(sources, detector, input_size, pictures, aware_pictures)
    images, finds = seen.images, seen.finds
    print(f"{len(images)} pictures seen by the detector after {time.time() - began:.0f} s", flush=True)
    aware, scale = {}, {}
    for aim in aims if aware_pictures else ():
        targets = seen.targets(aim, teacher, reach, steepness)
        aware[aim] = teach_awareness(seen.maps, targets, stored_as(aim), precision=precision, **(awareness or {}))
    if saving:
        own, grid = weights.part(kept.get("detection", {}), stored_as("detection")), seen.maps.shape[1]
        model = network_of(own, grid)[0] if own else aware["detection"]
        scale[power_as("detection")] = np.float32(power_for(weigh(model, seen.maps), saving))
    del seen
    print(f"semantic-aware models after {time.time() - began:.0f} s", flush=True)
    sizes = {"encoder": encoder or {}, "decoder": decoder or {}}
    course = Course(images, finds, (detector, *judges), crop=crop, zoom=zoom, uses=uses, batch=batch, masks=masks,
                    rate=rate, start=start, seed=seed, air=rows, error_weight=error_weight,
                    feature_weight=feature_weight, answer_weight=answer_weight, linear_start=linear_start,
                    conditioned=conditioned, network=sizes, precision=precision, often=often, alone=alone)
    history = {"minutes": 0.0, "steps": 0, "validation": []}
    if steps != 0:
        history |= course.run(Path(out).with_suffix(".checkpoint.npz"), minutes, steps, patience)

    size = images.shape[1]
    whole = (networks.build_encoder(size, uses, **sizes["encoder"]),
             networks.build_decoder(size, uses, **sizes["decoder"]))
    for taught, part in zip((course.encoder, course.decoder), whole, strict=True):
        part.set_weights(taught.get_weights())
    arrays = {f"{part.name}/{path}": value.astype(np.float16 if value.ndim > 1 else np.float32)
              for part in (*aware.values(), *whole) for path, value in weights.model_arrays(part).items()}
    arrays |= {key: value for part in kept.values() for key, value in part.items()}
    arrays |= scale
    arrays["gains/variance"] = np.asarray(course.variance, np.float32)
    arrays |= entropy_arrays(whole[0], images[:400], uses)
    card = {
        "kind": "sesc", "name": Path(out).stem, "recipe": "sesc", "classes": [], "data": portable(sources),
        "machine": machine(), "minutes": round(history["minutes"], 1), "scores": history,
        "command": command("sesc", asked | {"precision": precision}),
        "config": {"size": size, "uses": uses, "masks": masks, "detector": Path(detector).stem, "aims": [*kept, *aware],
                   "conditioned": conditioned} | sizes,
        "courses": courses(start, "sesc"),
    }
    weights.save(Path(out), arrays, card)
    if steps != 0:
        course.finish()  # the checkpoint goes only now that the result is safe
    return Path(out)


def _kept(start: str | None, detector: str, aims: tuple[str, ...],
          taught: bool) -> dict[str, dict[str, np.ndarray]]:
    """Aim -> arrays of the semantic-aware models of `start` that stay: those for other aims, or where none is taught
    all of them. Models of another detector's feature maps don't stay; UserError where one was counted on."""
    if start is None:
        return {}
    from linksim import weights

    arrays, card = weights.load(start, "sesc")
    theirs, own = card["config"].get("aims", ["detection"]), card["config"].get("detector")
    same = own == Path(detector).stem
    if not taught and not same:
        raise UserError(f"aware_pictures: 0 keeps the semantic-aware models of {start}, which were taught on {own}'s "
                        f"feature maps, not on {Path(detector).stem}'s")
    if not taught and (lacking := set(aims) - set(theirs)):
        raise UserError(f"aware_pictures: 0 keeps the semantic-aware models of {start}, which has none for "
                        f"{', '.join(sorted(lacking))}")
    return {aim: {key: value for key, value in arrays.items()
                  if key.startswith(f"{stored_as(aim)}/") or key == power_as(aim)}
            for aim in theirs if same and not (taught and aim in aims)}


def _rows(air: str | None) -> dict | None:
    """The air's rows from a file that `linksim.link.export` wrote."""
    if air is None:
        return None
    if not Path(air).is_file():
        raise UserError(f"air: no file at {air}; `linksim train air --out air.npz` writes one")
    with np.load(air, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}
