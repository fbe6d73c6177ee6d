"""A course for the codec: encoder, noise, decoder and the detector's opinion in one trainable model.

The detector's weights don't change; its feature maps of the clean and of the decoded picture are compared.
"""

from pathlib import Path

import numpy as np

from linksim.training.clock import Clock
from linksim.training.lessons import Lessons


class Course:
    """Encoder, noise, decoder and the detector's opinion in one trainable model."""

    def __init__(self, images, finds, detector, crop, zoom, uses, batch, masks, rate, start, seed):
        import keras

        from linksim.schemes import linear_code
        from linksim.schemes.sesc import networks
        from linksim.tasks.yolov5.network import features_model, from_weights

        held = max(16, len(images) // 50)  # held out of training, for the validation curve
        self.rate, self.seed = rate, seed
        steps = 100
        self.lessons = Lessons(images[held:], finds[held:], crop, uses, batch, steps, seed, masks)
        self.held_out = Lessons(images[:held], finds[:held], crop, uses, batch, max(1, 64 // batch), 0, masks,
                                repeat=True)
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
        clock = Clock(checkpoint, minutes, self.rate, steps)
        clock.resume(self.model)
        self.model.fit(self.lessons, validation_data=self.held_out, epochs=100_000, verbose=0,
                       callbacks=[clock.callback()])
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
