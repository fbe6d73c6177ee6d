"""The linear code: principal components of picture patches, power shared for least squared error.

A patch x (768 values) is sent as z = g * (B' (x - m)), g_i proportional to sigma_i^(-1/2), sigma_i^2 the variance of
the i-th principal component. That is the power allocation which minimises squared error for a linear code with a linear
receiver at high SNR (Lee and Petersen, "Optimal linear coding for vector channels", IEEE Trans. Commun. 1976; SoftCast,
Jakubczak and Katabi, MobiCom 2011). The receiver is the Wiener filter z_i v_i / (v_i + n), v_i = g_i^2 sigma_i^2.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LinearCode:
    """mean float32 [D]; basis float32 [D, K], orthonormal columns, largest variance first; deviation float32 [K]."""

    mean: np.ndarray
    basis: np.ndarray
    deviation: np.ndarray

    def __post_init__(self):
        """ValueError where the shapes don't belong together."""
        shapes, (values, components) = (self.mean.shape, self.deviation.shape), self.basis.shape
        if shapes != ((values,), (components,)) or components < 2:
            raise ValueError(f"mean, basis and deviation should be [D], [D, K], [K], got {list(self.mean.shape)}, "
                             f"{list(self.basis.shape)}, {list(self.deviation.shape)}")

    def scale(self, count: int) -> np.ndarray:
        """g, float32 [count]: one unit of mean power per *complex* symbol (two real values) over `count` values."""
        sigma = np.maximum(self.deviation[:count], 1e-6)
        return np.sqrt(count / 2 / sigma.sum()) / np.sqrt(sigma)

    def encode(self, patches: np.ndarray, count: int) -> np.ndarray:
        """float32 [..., D] -> [..., count] real values, mean power 1 per pair over the training data."""
        return ((patches - self.mean) @ self.basis[:, :count]) * self.scale(count)

    def decode(self, values: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Received real values [..., count] and their noise variance per real value -> patches [..., D]."""
        count = values.shape[-1]
        scale = self.scale(count)
        variance = (scale * self.deviation[:count]) ** 2
        return (values * variance / (variance + noise) / scale) @ self.basis[:, :count].T + self.mean


def fit(patches: np.ndarray, count: int) -> LinearCode:
    """The code from sample patches float32 [N, D] (N well above D), keeping `count` components."""
    mean = patches.mean(0)
    covariance = np.cov((patches - mean).T.astype(np.float64))
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(values)[::-1][:count]
    return LinearCode(mean.astype(np.float32), vectors[:, order].astype(np.float32),
                      np.sqrt(np.maximum(values[order], 1e-12)).astype(np.float32))


def cut(images: np.ndarray, patch: int = 16) -> np.ndarray:
    """uint8 [B, H, W, 3] -> float32 patches in [0, 1], [B, T, patch*patch*3], rows first."""
    b, h, w, _ = images.shape
    x = images.reshape(b, h // patch, patch, w // patch, patch, 3).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(b, (h // patch) * (w // patch), patch * patch * 3).astype(np.float32) / 255


def paste(patches: np.ndarray, size: int, patch: int = 16) -> np.ndarray:
    """Inverse of `cut` for square pictures: float32 [B, T, D] -> uint8 [B, size, size, 3], rounded and clipped."""
    n = size // patch
    x = patches.reshape(-1, n, n, patch, patch, 3).transpose(0, 1, 3, 2, 4, 5).reshape(-1, size, size, 3)
    return np.clip(np.rint(x * 255), 0, 255).astype(np.uint8)
