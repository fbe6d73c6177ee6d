"""Gray-labelled square QAM of 3GPP TS 38.211, section 5.1, and its exact soft demapper.

Even bits of a symbol label the real part, odd bits the imaginary part, so both are pulse amplitudes of q/2
bits: one sign bit, then whether the amplitude lies outside or inside, and so on. Mean power per complex
symbol is 1.
"""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=8)
def amplitudes(bits: int) -> np.ndarray:
    """float32 [2^bits]: amplitude of each label (its first bit the most significant), scaled so that two such
    parts have unit mean power together."""
    labels = np.arange(2**bits)[:, None] >> np.arange(bits - 1, -1, -1) & 1
    level = np.ones(2**bits)
    for i in range(bits - 1, 0, -1):
        level = 2 ** (bits - i) - (1 - 2 * labels[:, i]) * level
    level = (1 - 2 * labels[:, 0]) * level
    return (level / np.sqrt(2 * np.mean(level**2))).astype(np.float32)


def modulate(bits: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """uint8 [..., n * bits_per_symbol] -> complex64 [..., n]."""
    half = bits_per_symbol // 2
    parts = bits.reshape(*bits.shape[:-1], -1, half, 2)  # (..., symbol, bit, real or imaginary)
    weights = 1 << np.arange(half - 1, -1, -1)
    labels = np.einsum("...bp,b->...p", parts, weights)
    values = amplitudes(half)[labels]
    return (values[..., 0] + 1j * values[..., 1]).astype(np.complex64)


def demodulate(symbols: np.ndarray, noise_variance: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """A-posteriori LLRs log P(0)/P(1) for equally likely symbols in complex Gaussian noise.

    symbols: complex64 [..., n], unbiased. noise_variance: float32, same shape: E|noise|^2 of each, > 0.
    Returns float32 [..., n * bits_per_symbol]: log of the sum over labels with bit 0 of exp(-(y - a)^2 /
    N0), minus the same with bit 1, per real dimension (whose noise variance is N0 / 2).
    """
    half = bits_per_symbol // 2
    levels = amplitudes(half)
    y = np.stack([symbols.real, symbols.imag], axis=-1)  # (..., n, 2)
    scale = np.float32(1) / np.maximum(noise_variance, np.float32(1e-9))[..., None]
    if half == 1:
        return (np.float32(4) * levels[0] * y * scale).reshape(*symbols.shape[:-1], -1)
    metrics = [-((y - a) ** 2) * scale for a in levels]
    best = metrics[0]
    for metric in metrics[1:]:
        best = np.maximum(best, metric)
    likelihoods = [np.exp(metric - best) for metric in metrics]
    llr = np.empty((*symbols.shape, half, 2), np.float32)
    for bit in range(half):
        sums = [np.full_like(best, 1e-30), np.full_like(best, 1e-30)]  # the floor bounds the LLR by 69
        for label, likelihood in enumerate(likelihoods):
            sums[label >> (half - 1 - bit) & 1] += likelihood
        llr[..., bit, :] = np.log(sums[0]) - np.log(sums[1])
    return llr.reshape(*symbols.shape[:-1], -1)
