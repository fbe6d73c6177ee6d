"""From features to a burst's symbols and back: what is sent, packed to the front, of unit mean power."""

from functools import lru_cache

import numpy as np

from linksim.schemes.sesc.gains import power_gains


class Levels:
    """Square QAM for features: each value is rounded to one of sqrt(points) levels, evenly spaced over +- REACH times
    its standard deviation. Sent with `gain`, every use of a burst is a point of one square, as large as makes its mean
    power 1: points near the middle come more often, as in a shaped constellation, and a square of fixed size would have
    up to 2.8 dB less. The rounding error counts as noise of variance step^2 / 12 at the receiver."""

    REACH = 2.4

    def __init__(self, variance: np.ndarray, points: int):
        self.levels = round(points**0.5)
        self.step = (2 * self.REACH / self.levels * np.sqrt(variance)).astype(np.float32)  # [V]
        self.gain = 1 / self.step

    def round(self, values: np.ndarray) -> np.ndarray:
        """float [..., V] -> the nearest level."""
        index = np.clip(np.floor(values / self.step), -self.levels // 2, self.levels // 2 - 1)
        return ((index + 0.5) * self.step).astype(np.float32)


def symbols(masks: np.ndarray, uses: np.ndarray, context: int) -> np.ndarray:
    """Symbols int64 [B] of masks bool [B, h, w] with `uses` int [B] for a kept feature and `context` for the others."""
    kept = masks.sum((1, 2))
    return kept * uses + (masks[0].size - kept) * context


def gains(variance: np.ndarray, uses: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """`power_gains` of every picture, float32 [B, V]."""
    key = tuple(np.asarray(variance, np.float32).tolist())
    return np.stack([_gains(key, int(u), float(s)) for u, s in zip(uses, snr_db, strict=True)])


@lru_cache(maxsize=1024)
def _gains(variance: tuple, uses: int, snr_db: float) -> np.ndarray:
    return power_gains(np.array(variance), uses, snr_db)


def pack(features: np.ndarray, counts: np.ndarray, gain: np.ndarray, levels: Levels | None):
    """features float32 [B, T, V]; counts int [B, h, w]; gain float32 [B, V] -> symbols complex64 [B, N] of unit mean
    power, length int32 [B], mean power before that float64 [B]."""
    values = (features if levels is None else levels.round(features)) * gain[:, None]
    uses = values[..., 0::2] + 1j * values[..., 1::2]  # (B, T, U)
    counts = counts.reshape(len(counts), -1)
    sent = np.arange(uses.shape[-1]) < counts[..., None]
    length = counts.sum(1).astype(np.int32)
    out, power = np.zeros((len(counts), max(int(length.max()), 1)), np.complex64), np.empty(len(counts))
    for b in range(len(counts)):
        here = uses[b][sent[b]]
        power[b] = np.mean(np.abs(here) ** 2)
        out[b, : len(here)] = here / np.sqrt(power[b])
    return out, length, power


def unpack(received: np.ndarray, noise_variance: np.ndarray, counts: np.ndarray, power: np.ndarray, gain: np.ndarray,
           levels: Levels | None) -> tuple[np.ndarray, np.ndarray]:
    """Received symbols complex64 [B, N] and their noise variance [B, N] -> features and the noise variance of every
    real value, float32 [B, T, V], 0 where not sent."""
    counts = counts.reshape(len(counts), -1)
    shape = *counts.shape, gain.shape[1] // 2
    features, noise = np.zeros((2, *counts.shape, gain.shape[1]), np.float32)
    most = int(counts.sum(1).max())  # a header read wrongly may tell of more symbols than came: those are zeros
    received, noise_variance = (np.pad(x, ((0, 0), (0, max(0, most - x.shape[1])))) for x in (received, noise_variance))
    for b in range(len(counts)):
        sent = np.arange(shape[-1]) < counts[b][:, None]
        number = int(sent.sum())
        uses, variance = np.zeros(shape[1:], np.complex64), np.zeros(shape[1:], np.float32)
        uses[sent] = received[b, :number] * np.sqrt(power[b])
        variance[sent] = noise_variance[b, :number] * (power[b] / 2)
        features[b, :, 0::2], features[b, :, 1::2] = uses.real, uses.imag
        noise[b] = variance.repeat(2, axis=-1)
        features[b] /= gain[b]
        noise[b] /= gain[b] ** 2
        if levels is not None:
            noise[b] += sent.repeat(2, axis=-1) * levels.step**2 / 12
    return features, noise
