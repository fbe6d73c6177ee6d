"""What a codec is shown in training: crops of pictures, what of them is sent, and the air, all made by NumPy outside
compiled code.

The air of training is arrays: the effective noise variance after equalisation of every symbol. Flat fading is drawn
here; channels that change within a burst, estimated ones among them, come from the link itself, as rows that
`linksim.link.export` writes. A test holds both to the link.
"""

import keras
import numpy as np

from linksim.schemes.sesc.gains import UNKNOWN_DB, power_gains
from linksim.schemes.sesc.importance import importance

WORST = 10.0  # largest noise variance taught; deeper fades teach nothing
UNKNOWING = 0.15  # share of lessons whose transmitter doesn't know the SNR


class Air:
    """Noise of training. rows: what `linksim.link.export` wrote (noise float [D, N], effective noise variance over N0
    symbol by symbol; snr_db float [D], where a row holds at one mean SNR only, else NaN), or None for flat fading
    alone. flat: share of lessons without them where there are rows; fading: share of these that meet a Rayleigh gain,
    E|h|^2 = 1, the others none. snr_db: mean SNR, uniform between the two."""

    def __init__(self, rows: dict | None = None, flat: float = 0.6, fading: float = 0.6, snr_db=(-2.0, 22.0)):
        self.rows, self.flat, self.fading, self.snr_db = rows, flat, fading, snr_db

    def draw(self, rng: np.random.Generator, symbols: int) -> tuple[float, np.ndarray]:
        """Mean SNR in dB and the effective noise variance of `symbols` symbols, float32 [symbols]."""
        snr_db = rng.uniform(*self.snr_db)
        if self.rows is None or rng.random() < self.flat:
            gain = rng.exponential(1.0) if rng.random() < self.fading else 1.0
            relative = np.full(symbols, 1 / max(gain, 1e-6))
        else:
            row = rng.integers(len(self.rows["noise"]))
            noise = self.rows["noise"][row].astype(np.float32)
            relative = noise[(rng.integers(len(noise)) + np.arange(symbols)) % len(noise)]
            if np.isfinite(self.rows["snr_db"][row]):  # an estimate's quality belongs to its SNR
                snr_db = float(self.rows["snr_db"][row]) + rng.uniform(-4, 4)
        return snr_db, np.minimum(relative * 10 ** (-snr_db / 10), WORST).astype(np.float32)


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


def draw_counts(rng: np.random.Generator, mask: np.ndarray, uses: int, alone: float = 0.5,
                often: tuple[int, int] | None = None) -> np.ndarray:
    """Channel uses of every feature, float32 [h, w]: one number for what the mask keeps; for the rest none (a share
    `alone` of the draws), or any number up to half as many. often: the least and the most that half of the draws keep
    to, whatever the mask."""
    most = uses if mask.mean() < 0.6 else uses // 2
    many = int(np.exp(rng.uniform(np.log(min(6, most)), np.log(most + 1))))
    if often and rng.random() < 0.5:
        many = int(rng.integers(often[0], often[1] + 1))
    few = 0 if rng.random() < alone else int(np.exp(rng.uniform(0, np.log(many // 2 + 1))))
    return np.where(mask > 0, many, few).astype(np.float32)


class Lessons(keras.utils.PyDataset):
    """Batches (pictures float32 [B, S, S, 3], counts [B, h, w], snr_db [B], gains [B, V], noise [B, T, U],
    unit noise [B, T, V]): what is shown, the channel uses of every feature, the SNR that the transmitter counts on, its
    power gains, the noise variance of every complex symbol, and Gaussian noise to be scaled by it.

    pictures: uint8 [N, H, H, 3]; finds: N pairs (boxes, scores) of the detector on the clean pictures. crop: side S of
    the random crop. variance: of a feature's values, float [V]. masks: False teaches the network that sends every
    feature. often, alone: as for `draw_counts`. repeat: every epoch the same, for validation.
    """

    def __init__(self, pictures, finds, variance, crop: int, batch: int, steps: int, seed: int, air: Air,
                 masks: bool = True, repeat: bool = False, often: tuple[int, int] | None = None, alone: float = 0.5):
        super().__init__(workers=1, use_multiprocessing=False)
        self.shares = {"often": often, "alone": alone}
        self.pictures, self.finds, self.variance, self.crop = pictures, finds, variance, crop
        self.batch, self.steps, self.seed, self.air, self.masks = batch, steps, seed, air, masks
        self.epoch, self.repeat = 0, repeat

    def __len__(self):
        return self.steps

    def on_epoch_end(self):
        self.epoch += not self.repeat

    def __getitem__(self, step):
        rng = np.random.default_rng((self.seed, self.epoch, step))
        size, side, uses = self.pictures.shape[1], self.crop, len(self.variance) // 2
        grid = side // 16
        pictures = np.empty((self.batch, side, side, 3), np.float32)
        counts = np.empty((self.batch, grid, grid), np.float32)
        counted_on = np.empty(self.batch, np.float32)
        gains = np.empty((self.batch, 2 * uses), np.float32)
        noise = np.empty((self.batch, grid * grid, uses), np.float32)
        for b in range(self.batch):
            i = rng.integers(len(self.pictures))
            y, x = rng.integers(0, size - side + 1, 2)
            flip = rng.random() < 0.5
            part = self.pictures[i, y : y + side, x : x + side]
            pictures[b] = part[:, ::-1] if flip else part
            mask = np.ones((grid, grid), np.float32)
            if self.masks:
                boxes, scores = self.finds[i]
                weights = importance(boxes - np.array([x, y, x, y], np.float32), scores, side)
                mask = draw_mask(rng, weights[:, ::-1] if flip else weights)
            counts[b] = draw_counts(rng, mask, uses, **self.shares)
            snr_db, here = self.air.draw(rng, grid * grid * uses)
            noise[b] = here.reshape(grid * grid, uses)
            counted_on[b] = UNKNOWN_DB if rng.random() < UNKNOWING else np.rint(snr_db)
            gains[b] = power_gains(self.variance, int(counts[b].max()), counted_on[b])
        unit = rng.standard_normal((self.batch, grid * grid, 2 * uses), np.float32)
        return (pictures / 255, counts, counted_on, gains, noise, unit), np.zeros((self.batch, 1), np.float32)
