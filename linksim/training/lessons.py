"""What a codec is shown in training: crops of pictures, masks, and noise, all made by NumPy outside compiled code.

The air of training is arrays: the noise variance N0/|h|^2 after equalisation of each picture (`fading_noise`) and unit
Gaussian noise. `link` computes the same quantity; a test holds the two together.
"""

import keras
import numpy as np

from linksim.schemes.sesc.importance import importance


def fading_noise(rng: np.random.Generator, count: int, snr_db=(0.0, 22.0), fading_share: float = 0.5) -> np.ndarray:
    """Effective noise variance per complex symbol, float32 [count]: mean SNR uniform over `snr_db` decibels; a share of
    the pictures sees one Rayleigh gain each (E|h|^2 = 1), the rest none."""
    snr = 10 ** (rng.uniform(*snr_db, count) / 10)
    gain = np.where(rng.random(count) < fading_share, rng.exponential(1.0, count), 1.0)
    return (1 / np.maximum(snr * gain, 0.1)).astype(np.float32)  # deeper fades teach nothing


def draw_mask(rng: np.random.Generator, weights: np.ndarray, full_share: float = 0.35) -> np.ndarray:
    """One mask float32 [h, w]: everything, the patches above a random threshold, or random blocks."""
    kind = rng.random()
    if kind < full_share:
        return np.ones_like(weights)
    if kind < 0.85:
        keep = weights >= rng.uniform(0.02, 0.6)
    else:
        coarse = rng.random((weights.shape[0] // 2, weights.shape[1] // 2)) < rng.uniform(0.2, 0.9)
        keep = coarse.repeat(2, 0).repeat(2, 1)
    if not keep.any():
        keep.flat[rng.integers(keep.size)] = True
    return keep.astype(np.float32)


class Lessons(keras.utils.PyDataset):
    """Batches (pictures float32 [B, S, S, 3], keep [B, h, w], noise variance [B], unit noise [B, T, V]).

    pictures: uint8 [N, H, H, 3]; finds: N pairs (boxes, scores) of the detector on the clean pictures. crop: side S of
    the random crop. masks: False teaches the network that sends everything. repeat: every epoch the same, for
    validation.
    """

    def __init__(self, pictures, finds, crop: int, uses: int, batch: int, steps: int, seed: int,
                 masks: bool = True, repeat: bool = False):
        super().__init__(workers=1, use_multiprocessing=False)
        self.pictures, self.finds, self.crop, self.uses = pictures, finds, crop, uses
        self.batch, self.steps, self.seed, self.masks = batch, steps, seed, masks
        self.epoch, self.repeat = 0, repeat

    def __len__(self):
        return self.steps

    def on_epoch_end(self):
        self.epoch += not self.repeat

    def __getitem__(self, step):
        rng = np.random.default_rng((self.seed, self.epoch, step))
        size, side = self.pictures.shape[1], self.crop
        grid = side // 16
        pictures = np.empty((self.batch, side, side, 3), np.float32)
        keep = np.ones((self.batch, grid, grid), np.float32)
        for b in range(self.batch):
            i = rng.integers(len(self.pictures))
            y, x = rng.integers(0, size - side + 1, 2)
            flip = rng.random() < 0.5
            part = self.pictures[i, y : y + side, x : x + side]
            pictures[b] = part[:, ::-1] if flip else part
            if self.masks:
                boxes, scores = self.finds[i]
                weights = importance(boxes - np.array([x, y, x, y], np.float32), scores, side)
                keep[b] = draw_mask(rng, weights[:, ::-1] if flip else weights)
        noise = fading_noise(rng, self.batch)
        unit = rng.standard_normal((self.batch, grid * grid, 2 * self.uses), np.float32)
        return (pictures / 255, keep, noise, unit), np.zeros((self.batch, 1), np.float32)
