"""Recipe `sesc_cnn`: trains the masked CNN codec on any source, for one detector.

1. The detector looks at the clean pictures once; its finds say where importance lies.
2. The semantic-aware model learns to predict that importance from the detector's feature maps.
3. Encoder and decoder start as a transform code and learn together, with masks of every kind, at every step of the
   quantiser (`linksim.training.cnn_course` has the loss).
4. The distributions for the range coder are counted on training pictures.
"""

import time
from pathlib import Path

import numpy as np

from linksim.training.cards import command, courses, machine, portable
from linksim.training.precision import Precision, suited


def train(out: Path, minutes: float, sources: list[dict], detector: str, input_size: int, crop: int = 128,
          zoom: float = 1.0, channels: int = 192, pictures: int = 4000, batch: int = 12, rate: float = 6e-4,
          rate_weight: float = 1.0, start: str | None = None, seed: int = 1, aware_pictures: int = 1200,
          counted: int = 200, steps: int | None = None, patience: int | None = None,
          precision: Precision | None = None) -> Path:
    """Train and write `out` (.npz and card).

    sources: source configurations as in a scenario ({type: scenes}).
    detector: weights of the judge; input_size: side to which it upscales pictures when judging.
    crop, zoom: side of training crops and the factor by which they are upscaled for the detector's features (judge's
        input_size / picture size is the faithful choice).
    channels: values of a latent, one latent per 16 x 16 patch.
    rate_weight: of the bits in the loss; 1 prices a bit as squared error alone would.
    counted: pictures on which the distributions are counted.
    start: weights to go on from. steps: a number of batches instead of minutes, for comparisons at equal effort.
    patience: stop when the held-out loss hasn't improved over so many hundreds of batches, and keep the best weights.
    precision: float32 or mixed_bfloat16; left out, what suits the machine.
    """
    asked = dict(locals())
    began, precision = time.time(), precision or suited()
    from keras import ops

    from linksim import weights
    from linksim.schemes.sesc.awareness import fit_entropy
    from linksim.schemes.sesc.importance import importance
    from linksim.schemes.sesc_cnn import networks, statistics
    from linksim.training.awareness import look, teach_awareness
    from linksim.training.cnn_course import Course, draw_sent

    seen = look(sources, detector, input_size, pictures, aware_pictures)
    images, finds = seen.images, seen.finds
    size, grid = images.shape[1], images.shape[1] // 16
    print(f"{len(images)} pictures seen by the detector after {time.time() - began:.0f} s", flush=True)
    targets = np.stack([importance(*found, size) for found in finds])
    awareness = teach_awareness(seen.maps, targets[: len(seen.maps)], precision=precision)
    del seen
    course = Course(images, finds, detector, crop, zoom, channels, batch, rate, rate_weight, start, seed, precision)
    history = course.run(Path(out).with_suffix(".checkpoint.npz"), minutes, steps, patience)

    encoder, decoder = networks.build_encoder(size, channels), networks.build_decoder(size, channels)
    encoder.set_weights(course.encoder.get_weights())
    decoder.set_weights(course.decoder.get_weights())
    arrays = {f"{part.name}/{path}": value.astype(np.float16 if value.ndim > 1 else np.float32)
              for part in (awareness, encoder, decoder) for path, value in weights.model_arrays(part).items()}
    some = images[-counted:].astype(np.float32) / 255  # as the scheme will see them: through weights of float16
    weights.assign_part(encoder, arrays)
    latents = np.concatenate([ops.convert_to_numpy(encoder(some[i : i + 16], training=False))
                              for i in range(0, len(some), 16)])
    drawn = [draw_sent(np.random.default_rng((seed, i)), w) for i, w in enumerate(targets[-counted:])]
    masks, contexts = np.stack([keep for keep, _ in drawn]), np.array([few for _, few in drawn])
    counts = statistics.fit(latents, masks, contexts)
    arrays |= {f"statistics/{key}": value for key, value in counts.items()}
    arrays |= {f"entropy/{key}": value for key, value in fit_entropy(latents.reshape(-1, grid, grid, channels)).items()}
    card = {
        "kind": "sesc_cnn", "name": Path(out).stem, "recipe": "sesc_cnn", "classes": [], "data": portable(sources),
        "machine": machine(), "minutes": round(history["minutes"], 1), "scores": history,
        "command": command("sesc_cnn", asked | {"precision": precision}),
        "config": {"size": size, "channels": channels, "detector": Path(detector).stem},
        "courses": courses(start, "sesc_cnn"),
    }
    weights.save(Path(out), arrays, card)
    course.finish()  # the checkpoint goes only now that the result is safe
    return Path(out)
