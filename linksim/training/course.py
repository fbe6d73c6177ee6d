"""A course for the codec: encoder, noise, decoder and detectors' opinions in one trainable model.

Detectors' weights don't change. Their feature maps and their answers for the clean and for the decoded picture are
compared, the mean over detectors counting (one alone is soon told what it likes to hear):

    loss = error_weight * squared error + feature_weight * distance of the feature maps
                                        + answer_weight * distance of the answers

each counted where features are sent, and a tenth elsewhere.
"""

from pathlib import Path

import numpy as np

from linksim.schemes.sesc.gains import UNKNOWN_DB, UNTOLD
from linksim.training.clock import Clock, study
from linksim.training.lessons import Air, Lessons
from linksim.training.loss import counting, enlarging, map_distance, mean_loss, mean_of, squared_error, through_air
from linksim.training.precision import suited


class Course:
    """Encoder, noise, decoder and detectors' opinions in one trainable model. detectors: names or paths."""

    def __init__(self, images, finds, detectors, crop, zoom, uses, batch, masks, rate, start, seed, air=None,
                 error_weight=1000.0, feature_weight=1.0, answer_weight=0.5, linear_start=True, conditioned=True,
                 network=None, precision=None, often=None, alone=0.5):
        import keras

        from linksim.schemes import linear_code
        from linksim.schemes.sesc import networks
        from linksim.tasks.yolov5.network import from_weights

        held = max(16, len(images) // 50)  # held out of training, for the validation curve
        self.rate, self.seed = rate, seed
        policy, precision = keras.config.dtype_policy(), precision or suited()
        keras.config.set_dtype_policy(precision)
        self.encoder = networks.build_encoder(crop, uses, **(network or {}).get("encoder", {}))
        self.decoder = networks.build_decoder(crop, uses, **(network or {}).get("decoder", {}))
        asked = detectors if feature_weight or answer_weight else ()  # who doesn't count costs nothing
        judges = [from_weights(detector, None, dtype=precision)[0] for detector in asked]
        keras.config.set_dtype_policy(policy)
        if start:
            from linksim import weights

            arrays, _ = weights.load(start, "sesc")
            weights.assign_part(self.encoder, arrays)
            weights.assign_part(self.decoder, arrays)
            self.variance = arrays["gains/variance"]
        else:
            sample = images[np.random.default_rng(seed).integers(len(images), size=400)]
            code = linear_code.fit(linear_code.cut(sample).reshape(-1, 768)[::2], 2 * uses)
            networks.start_from(code, self.encoder, self.decoder, uses)
            if not linear_start:
                forget_linear(self.encoder, self.decoder, uses, seed)
            self.variance = np.exp(np.asarray(self.decoder.get_layer("estimate").log_variance))
        air = Air(air)
        lessons = dict(variance=self.variance, crop=crop, batch=batch, air=air, masks=masks, often=often, alone=alone)
        self.lessons = Lessons(images[held:], finds[held:], steps=100, seed=seed, **lessons)
        self.held_out = Lessons(images[:held], finds[:held], steps=max(1, 128 // batch), seed=0, repeat=True, **lessons)
        parts = (error_weight, feature_weight, answer_weight)
        self.model = _lesson_model(self.encoder, self.decoder, judges, crop, zoom, uses, parts, conditioned)

    def run(self, checkpoint: Path, minutes: float, steps: int | None = None, patience: int | None = None) -> dict:
        """Train for `minutes` (or `steps`) in all, an interrupted course included. Returns the curves."""
        import keras

        names = ("squared_error", "features", "answers")
        self.model.compile(keras.optimizers.AdamW(self.rate, weight_decay=1e-4, clipnorm=1.0),
                           loss=mean_loss, metrics=[mean_of(i, name) for i, name in enumerate(names, start=1)])
        clock = Clock(checkpoint, minutes, self.rate, steps, patience)
        self.finish = clock.discard
        return study(self.model, self.lessons, self.held_out, clock)


def forget_linear(encoder, decoder, uses: int, seed: int) -> None:
    """For the ablation without the linear start: random directions in the place of principal components, trainable, and
    the same variance for every value."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((768, 2 * uses)))[0].astype(np.float32)
    layers = encoder.get_layer("linear_analysis"), decoder.get_layer("linear_synthesis")
    for layer, kernel in zip(layers, (basis, basis.T), strict=True):
        layer.trainable = True
        layer.set_weights([kernel, np.zeros(kernel.shape[1], np.float32)])
    decoder.get_layer("estimate").log_variance.assign(np.zeros(2 * uses, np.float32))


def _lesson_model(encoder, decoder, judges, crop, zoom, uses, weights, conditioned):
    import keras
    from keras import ops

    from linksim.schemes.sesc.networks import sent_values

    grid = crop // 16
    pictures, counts, snr_db = keras.Input((crop, crop, 3)), keras.Input((grid, grid)), keras.Input(())
    gains, noise = keras.Input((2 * uses,)), keras.Input((grid * grid, uses))
    unit = keras.Input((grid * grid, 2 * uses))
    upscale = enlarging(crop, zoom)

    counted_on = snr_db if conditioned else 0.0 * snr_db + UNKNOWN_DB
    features = encoder([pictures, counts, counted_on])  # (B, T, V)
    sent = sent_values(counts, uses)
    received, variance = through_air(features, sent, gains if conditioned else ops.ones_like(gains), noise, unit)
    known = variance if conditioned else UNTOLD * ops.ones_like(variance)
    decoded = decoder([received, known, counts])

    share = counts / ops.maximum(ops.max(counts, (1, 2), keepdims=True), 1.0)
    where = counting(share[..., None])
    error = squared_error(pictures, decoded, where(crop))
    distance = answers = ops.zeros_like(error)
    for judge in judges:
        opinion = _opinion(judge, upscale(pictures), upscale(decoded), where)
        distance, answers = distance + opinion[0] / len(judges), answers + opinion[1] / len(judges)
    loss = weights[0] * error + weights[1] * distance + weights[2] * answers
    return keras.Model((pictures, counts, snr_db, gains, noise, unit),
                       ops.stack([loss, error, distance, answers], -1))


def _opinion(judge, pictures, decoded, where):
    """How far a detector's feature maps, and its answers, for decoded pictures are from those for the clean ones, both
    [B]. where: side -> what counts, [B, side, side, 1]."""
    import keras
    from keras import ops

    from linksim.tasks.yolov5.network import FEATURES, named

    eyes = keras.Model(judge.input, [judge.get_layer(named(name)).output for name in FEATURES] + judge.outputs)
    eyes.trainable = False
    clean, found = eyes(pictures), eyes(decoded)
    answers = sure = 0
    for a, b in zip(clean[3:], found[3:], strict=True):
        area = where(a.shape[1])[..., None]  # (B, s, s, 1, 1)
        a, b = (ops.reshape(ops.cast(x, "float32"), (-1, x.shape[1], x.shape[2], 3, x.shape[3] // 3)) for x in (a, b))
        a = ops.stop_gradient(ops.sigmoid(a))
        belief = a[..., 4:5]
        wrong = ops.abs(ops.stop_gradient(ops.sigmoid(b[..., 4:5])) - belief)
        answers += ops.sum(area * wrong * _cross_entropy(belief, b[..., 4:5]), (1, 2, 3, 4))
        answers += ops.sum(area * belief * _cross_entropy(a[..., 5:], b[..., 5:]), (1, 2, 3, 4))
        answers += 4 * ops.sum(area * belief * ops.square(a[..., :4] - ops.sigmoid(b[..., :4])), (1, 2, 3, 4))
        sure += ops.sum(area * belief, (1, 2, 3, 4))
    return map_distance(clean[:3], found[:3], where), answers / (sure + 5.0)  # 5: crops without objects


def _cross_entropy(probability, logit):
    from keras import ops

    return ops.softplus(logit) - probability * logit
