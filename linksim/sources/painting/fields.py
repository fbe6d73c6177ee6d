"""Random texture fields with a power-law spectrum, made by one inverse FFT.

A field is white Gaussian noise shaped by |f|^(-slope/2), f in cycles per picture: power falls as |f|^-slope,
as in photographs, where slope is about 2 (Field, J. Opt. Soc. Am. A 4, 2379, 1987).
"""

from functools import lru_cache

import numpy as np
from scipy import fft


@lru_cache(maxsize=4)
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    frequency = (fft.fftfreq(size) * size).astype(np.float32)
    return frequency[:, None], frequency[None, :]


def field_pair(rng: np.random.Generator, size: int, slope: float, stretch: float, angle: float):
    """Two independent fields, float32 [size, size] each, mean 0 and standard deviation 1.

    slope: exponent of power over frequency. stretch >= 1 and angle (radians): how much longer the grain is
    along one direction than across it (grass, fur, wood).
    """
    fy, fx = _grid(size)
    along = (fx * np.cos(angle) + fy * np.sin(angle)).astype(np.float32)
    across = (fy * np.cos(angle) - fx * np.sin(angle)).astype(np.float32)
    power = along**2 * np.float32(stretch) + across**2 / np.float32(stretch)
    power[0, 0] = np.inf
    noise = rng.standard_normal((2, size, size), dtype=np.float32)
    noise *= np.exp(np.float32(-slope / 4) * np.log(power))
    spectrum = np.empty((size, size), np.complex64)
    spectrum.real, spectrum.imag = noise
    field = fft.ifft2(spectrum, overwrite_x=True)
    return field.real / field.real.std(), field.imag / field.imag.std()
