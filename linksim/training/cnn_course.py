"""A course for the masked CNN codec: encoder, quantiser, decoder, bits, and the detector's opinion in one model.

    loss = 100 * squared error + distance of the detector's feature maps + bits at their price

error and distance counted where features are sent, and a tenth elsewhere. A quantiser of step D trades bits for
squared error at 2 ln 2 D^2 / 12 a bit (high-rate theory): that is a bit's price, so that one model serves every step.
What the decoder gets is rounded, with the gradient passed straight through; what is priced is made noisy instead
(Minnen and Singh, "Channel-wise autoregressive entropy models for learned image compression", ICIP 2020).
"""

from pathlib import Path

import keras
import numpy as np

from linksim.schemes.sesc.importance import importance
from linksim.schemes.sesc_cnn.quantiser import ROUNDING, STEPS, sent
from linksim.training.clock import Clock, study
from linksim.training.loss import counting, enlarging, map_distance, mean_loss, mean_of, squared_error
from linksim.training.precision import Precision, suited

TAUGHT = np.log2(STEPS[4]), np.log2(STEPS[44])  # steps seen in training


class Course:
    """images uint8 [N, S, S, 3]; finds: N pairs (boxes, scores) of the detector on them; the rest as in the recipe."""

    def __init__(self, images, finds, detector, crop, zoom, channels, batch, rate, rate_weight, start, seed,
                 precision: Precision | None = None):
        from linksim.schemes import linear_code
        from linksim.schemes.sesc_cnn import networks
        from linksim.tasks.yolov5.network import features_model, from_weights

        held = max(16, len(images) // 50)  # held out of training, for the validation curve
        self.rate = rate
        self.lessons = Lessons(images[held:], finds[held:], crop, channels, batch, 100, seed)
        self.held_out = Lessons(images[:held], finds[:held], crop, channels, batch, 6, 0, repeat=True)
        sample = images[np.random.default_rng(seed).integers(len(images), size=400)]
        code = linear_code.fit(linear_code.cut(sample).reshape(-1, networks.VALUES)[::2], channels)
        policy, precision = keras.config.dtype_policy(), precision or suited()
        keras.config.set_dtype_policy(precision)
        self.encoder, self.decoder = networks.build_encoder(crop, channels), networks.build_decoder(crop, channels)
        judge = features_model(from_weights(detector, None, dtype=precision)[0])
        keras.config.set_dtype_policy(policy)
        if start:
            from linksim import weights

            arrays, _ = weights.load(start, "sesc_cnn")
            weights.assign_part(self.encoder, arrays)
            weights.assign_part(self.decoder, arrays)
        else:
            networks.start_from(code, self.encoder, self.decoder)
        bits = networks.Rate(code.deviation, name="rate")
        self.model = _lesson_model(self.encoder, self.decoder, bits, judge, crop, zoom, channels, rate_weight)

    def run(self, checkpoint: Path, minutes: float, steps: int | None = None, patience: int | None = None) -> dict:
        """Train for `minutes` (or `steps`) in all, an interrupted course included. Returns the curves."""
        self.model.compile(keras.optimizers.AdamW(self.rate, weight_decay=1e-4, clipnorm=1.0),
                           loss=mean_loss,
                           metrics=[mean_of(1, "squared_error"), mean_of(2, "features"), mean_of(3, "bytes")])
        clock = Clock(checkpoint, minutes, self.rate, steps, patience)
        self.finish = clock.discard
        return study(self.model, self.lessons, self.held_out, clock)


def draw_sent(rng: np.random.Generator, weights: np.ndarray) -> tuple[np.ndarray, int]:
    """What of a picture is sent: a mask bool [h, w] (all features, those above a random threshold, or random ones) from
    weights float [h, w], and how many channels of the others."""
    kind = rng.random()
    if kind < 0.2:
        keep = np.ones_like(weights, bool)
    elif kind < 0.85:
        keep = weights >= rng.uniform(0.02, 0.7)
    else:
        keep = rng.random(weights.shape) < rng.uniform(0.1, 0.9)
    if not keep.any():
        keep.flat[rng.integers(keep.size)] = True
    return keep, int(rng.choice([0, 0, 0, 3, 6]))


class Lessons(keras.utils.PyDataset):
    """Batches (pictures float32 [B, S, S, 3], sent float32 [B, h, w, C], log2 step [B], unit noise [B, h, w, C] in
    +- 1/2), all made by NumPy outside compiled code. crop: side S of the random crop. repeat: every epoch the same."""

    def __init__(self, pictures, finds, crop, channels, batch, steps, seed, repeat=False):
        super().__init__(workers=1, use_multiprocessing=False)
        self.pictures, self.finds, self.crop, self.channels = pictures, finds, crop, channels
        self.batch, self.steps, self.seed, self.epoch, self.repeat = batch, steps, seed, 0, repeat

    def __len__(self):
        return self.steps

    def on_epoch_end(self):
        self.epoch += not self.repeat

    def __getitem__(self, number):
        rng = np.random.default_rng((self.seed, self.epoch, number))
        size, side, grid = self.pictures.shape[1], self.crop, self.crop // 16
        pictures = np.empty((self.batch, side, side, 3), np.float32)
        there = np.empty((self.batch, grid, grid, self.channels), np.float32)
        for b in range(self.batch):
            i = rng.integers(len(self.pictures))
            y, x = rng.integers(0, size - side + 1, 2)
            part = self.pictures[i, y : y + side, x : x + side]
            boxes, scores = self.finds[i]
            weights = importance(boxes - np.array([x, y, x, y], np.float32), scores, side)
            keep, few = draw_sent(rng, weights)
            flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
            pictures[b], there[b] = part[:, flip], sent(keep[:, flip], few, self.channels)
        step = rng.uniform(*TAUGHT, self.batch).astype(np.float32)
        unit = rng.random(there.shape, np.float32) - 0.5
        return (pictures / 255, there, step, unit), np.zeros((self.batch, 1), np.float32)


def _lesson_model(encoder, decoder, rate, judge, crop, zoom, channels, rate_weight):
    from keras import ops

    grid = crop // 16
    pictures, there = keras.Input((crop, crop, 3)), keras.Input((grid, grid, channels))
    log_step, unit = keras.Input(()), keras.Input((grid, grid, channels))
    judge.trainable = False
    upscale = enlarging(crop, zoom)

    latents = encoder(pictures)
    step = 2.0**log_step
    wide = step[:, None, None, None]
    rounded = ops.sign(latents) * ops.floor(ops.abs(latents) / wide + ROUNDING) * wide
    decoded = decoder([(latents + ops.stop_gradient(rounded - latents)) * there, there, log_step])
    bits = ops.sum(rate(latents + unit * wide, step) * there, (1, 2, 3))

    where = counting(there[..., -1:])
    area = where(crop)
    error = squared_error(pictures, decoded, area)
    distance = map_distance(judge(upscale(pictures)), judge(upscale(decoded)), where)
    price = float(np.log(2) / 6) * ops.square(step) / (3 * ops.sum(area, (1, 2, 3)))  # what a bit is worth
    loss = 100 * (error + rate_weight * price * bits) + distance
    return keras.Model((pictures, there, log_step, unit), ops.stack([loss, error, distance, bits / 8], -1))
