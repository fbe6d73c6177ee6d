"""Pictures for tests: 1/f texture with a few edges, so that codecs have something to do."""

import numpy as np


def textured(count: int, size: int = 64, seed: int = 0) -> np.ndarray:
    """uint8 [count, size, size, 3]."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    frequency[0, 0] = 1
    grey = rng.standard_normal((count, size, size, 1)) + 0.3 * rng.standard_normal((count, size, size, 3))
    texture = np.fft.ifft2(np.fft.fft2(grey, axes=(1, 2)) / frequency[..., None], axes=(1, 2)).real
    texture *= 40 / texture.std(axis=(1, 2, 3), keepdims=True)
    texture[:, size // 4 : size // 2, size // 3 : -size // 4] += 60
    return np.clip(texture + 120, 0, 255).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """dB."""
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))
