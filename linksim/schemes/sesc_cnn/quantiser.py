"""Steps, rounding, and which values of a latent are sent.

One network serves every rate: the step is chosen per picture, and the decoder is told. Rounding has a dead zone, as in
every video coder: what it saves in bits is worth more than what it costs in error (Sullivan, "Efficient scalar
quantization of exponential and Laplacian random variables", IEEE Trans. Inf. Theory 1996).
"""

import numpy as np

STEPS = 0.05 * 2.0 ** (np.arange(48) / 8)  # of the quantiser, in units of an orthonormal transform of [0, 1] pixels
ROUNDING = 0.4  # |y| / step is rounded up from this distance below the next integer; 0.5 would be plain rounding


def quantise(latents: np.ndarray, step: int) -> np.ndarray:
    """int32, the shape of `latents` float, at STEPS[step]: sign(y) floor(|y| / step + ROUNDING)."""
    scaled = np.abs(latents) / STEPS[step]
    return (np.sign(latents) * np.floor(scaled + ROUNDING)).astype(np.int32)


def sent(keep: np.ndarray, context: int, channels: int) -> np.ndarray:
    """bool [..., h, w, C]: all values of the features kept (bool [..., h, w]), the first `context` of the others."""
    return keep[..., None] | (np.arange(channels) < context)
