"""The networks of the masked CNN codec, in `keras.ops` alone: encoder, decoder, and the rate model of training.

Encoder and decoder start as a transform code on principal components of 16 x 16 patches: their linear layers are set
from it and stay, and the last layer of every learned path starts at zero. What is learned is learned beside them.
"""

import keras
import numpy as np
from keras import layers, ops

from linksim.schemes.sesc.networks import paint_over, residual
from linksim.schemes.sesc.patches import PATCH, patchify, space_to_depth, unpatchify

VALUES = PATCH * PATCH * 3


class PerChannel(layers.Layer):
    """A learned vector, added (`shared`, a feature) or multiplied in as exp (`gain`); float32 [C]."""

    def __init__(self, channels: int, multiply: bool = False, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.multiply = multiply
        self.vector = self.add_weight(name="vector", shape=(channels,), initializer="zeros")

    def call(self, x):
        return x * ops.exp(self.vector) if self.multiply else x + self.vector


def build_encoder(size: int, channels: int, width: int = 48):
    """Pictures float32 [B, size, size, 3] in [0, 1] -> latents float32 [B, size/16, size/16, channels], in the units of
    an orthonormal transform. Every latent is made; which are sent is decided afterwards."""
    grid = size // PATCH
    pictures = keras.Input((size, size, 3))
    linear = layers.Dense(channels, dtype="float32", trainable=False, name="linear_analysis")(patchify(pictures))
    linear = ops.reshape(linear, (-1, grid, grid, channels))
    x = space_to_depth(pictures - 0.5, 4)
    x = layers.Conv2D(width // 2, 3, padding="same", activation="relu", name="enter")(x)
    x = residual(x, width // 2, "fine")
    x = layers.Conv2D(2 * width, 4, strides=4, activation="relu", name="down")(x)  # (B, h, w, 2 * width)
    x = residual(x, 2 * width, "deep")
    x = ops.concatenate([x, ops.cast(linear, x.dtype)], -1)
    learned = layers.Dense(channels, kernel_initializer="zeros", dtype="float32", name="learned")(x)
    latents = PerChannel(channels, multiply=True, name="gain")(linear + learned)
    return keras.Model(pictures, latents, name="encoder")


def build_decoder(size: int, channels: int, width: int = 96, fine: int = 48, detail: int = 16):
    """Dequantised latents -> pictures.

    Inputs: latents float32 [B, h, w, channels], 0 where not sent; sent float32 [B, h, w, channels]; log2 of the
    quantiser's step, float32 [B]. A learned shared feature stands for what isn't sent.
    Output: float32 [B, size, size, 3], nominally in [0, 1], not clipped."""
    grid = size // PATCH
    latents, sent = keras.Input((grid, grid, channels)), keras.Input((grid, grid, channels))
    step = keras.Input(())
    shared = PerChannel(channels, name="shared")(ops.zeros_like(latents))
    known = PerChannel(channels, multiply=True, name="inverse_gain")(latents * sent) + shared * (1 - sent)
    linear = layers.Dense(VALUES, dtype="float32", trainable=False, name="linear_synthesis")(known)
    picture = unpatchify(ops.reshape(linear, (-1, grid * grid, VALUES)), grid, grid)  # (B, H, W, 3)

    # Multiplied, not added: Keras takes [B, 1, 1, 1] for a bias where B happens to equal h, and adds it along h.
    coarse = ops.ones_like(sent[..., :1]) * (step[:, None, None, None] / 2 + 1)
    planes = ops.concatenate([sent[..., :1], sent[..., -1:], coarse], -1)  # anything sent, all sent, how coarsely
    x = layers.Dense(width, name="embed")(ops.concatenate([known * 2, planes], -1))
    for i in range(3):
        x = residual(layers.LayerNormalization(dtype="float32", name=f"norm_{i}")(x), width, f"around_{i}") + x
    x = layers.Dense(PATCH * detail, name="detail")(x)
    x = ops.reshape(x, (-1, grid * grid, PATCH * detail))
    x = unpatchify(x, grid, grid, PATCH // 4, detail)  # (B, H/4, W/4, detail)

    return keras.Model([latents, sent, step], paint_over(picture, x, planes, fine, 2), name="decoder")


class Rate(layers.Layer):
    """Bits float32 [B, h, w, C] of latents, for training alone: each channel has a mixture of two logistic densities
    p, so that a value y quantised with step D takes

        - log2 integral of p over [y - D/2, y + D/2]

    with y made noisy, uniform in +- D/2 (Ballé et al., "Variational image compression with a scale hyperprior", ICLR
    2018): one density, and through D every rate."""

    def __init__(self, deviation: np.ndarray, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        start = np.log(np.maximum(deviation, 1e-3))[None] + np.log([[0.15], [0.7]])
        self.log_scale = self.add_weight(name="log_scale", shape=start.shape,
                                         initializer=lambda shape, dtype=None: ops.cast(start, dtype or "float32"))
        self.share = self.add_weight(name="share", shape=(len(deviation),), initializer="zeros")

    def call(self, noisy, step):  # step (B,)
        half, bits = step[:, None, None, None] / 2, 0.0
        first = ops.sigmoid(self.share)
        magnitude = ops.abs(noisy)  # the densities are symmetric: subtract where sigmoids are small
        for share, log_scale in ((first, self.log_scale[0]), (1 - first, self.log_scale[1])):
            scale = ops.exp(log_scale)
            bits += share * (ops.sigmoid((half - magnitude) / scale) - ops.sigmoid((-half - magnitude) / scale))
        return -ops.log2(ops.maximum(bits, 1e-6))


def start_from(code, encoder, decoder) -> None:
    """Set the linear paths from a `linear_code.LinearCode`, so that untrained they are that transform."""
    encoder.get_layer("linear_analysis").set_weights([code.basis, -(code.mean @ code.basis)])
    decoder.get_layer("linear_synthesis").set_weights([code.basis.T, code.mean])
