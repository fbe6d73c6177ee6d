"""The networks of SE-SC, in `keras.ops` alone: semantic-aware model, semantic encoder, semantic decoder.

A feature is an ordered vector of up to `uses` channel uses, the most important first; any number of them may be sent,
of every feature another (`counts`). Encoder and decoder start as the linear code (`linksim.schemes.linear_code`): their
linear layers are set from it, and the last layer of every learned path starts at zero. Training can only add to what
principal components already give.
"""

import keras
import numpy as np
from keras import layers, ops

from linksim.schemes.sesc.patches import PATCH, depth_to_space, patchify, space_to_depth, unpatchify

VALUES = PATCH * PATCH * 3


class Attend(layers.Layer):
    """A pre-norm transformer block on a token grid, with a depth-wise convolution in place of a position embedding
    (so that any picture size works). Tokens whose `keep` is 0 are neither attended to nor seen by the convolution."""

    def __init__(self, width: int, heads: int = 4, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads = width, heads
        self.place = layers.DepthwiseConv2D(3, padding="same", name="place")
        self.norm1, self.norm2 = layers.LayerNormalization(name="norm1"), layers.LayerNormalization(name="norm2")
        self.attention = layers.MultiHeadAttention(heads, width // heads, name="attention")
        self.grow = layers.Dense(2 * width, activation="gelu", name="grow")
        self.shrink = layers.Dense(width, name="shrink")

    def build(self, x_shape, keep_shape):
        batch, height, width, channels = x_shape
        tokens = (batch, height * width, channels)
        self.place.build(x_shape)
        self.norm1.build(tokens)
        self.norm2.build(tokens)
        self.attention.build(tokens, tokens)
        self.grow.build(tokens)
        self.shrink.build((*tokens[:2], 2 * channels))
        self.built = True

    def call(self, x, keep):  # x (B, h, w, D), keep (B, h, w)
        height, width = x.shape[1:3]
        x = x + self.place(x * keep[..., None])
        tokens = ops.reshape(x, (-1, height * width, self.width))
        seen = ops.reshape(keep, (-1, 1, height * width)) > 0
        seen = ops.broadcast_to(seen, (ops.shape(tokens)[0], height * width, height * width))
        normed = self.norm1(tokens)
        tokens = tokens + self.attention(normed, normed, attention_mask=seen)
        tokens = tokens + self.shrink(self.grow(self.norm2(tokens)))
        return ops.reshape(tokens, (-1, height, width, self.width))


def residual(x, width: int, name: str):
    """Two 3 x 3 convolutions around a skip connection."""
    y = layers.Conv2D(width, 3, padding="same", activation="relu", name=name + "_a")(x)
    return x + layers.Conv2D(width, 3, padding="same", name=name + "_b")(y)


def paint_over(picture, x, plane, width: int, blocks: int):
    """What convolutions add to a first picture, one down-up level, `blocks` residual blocks at each stage.

    picture [B, H, W, 3]; x [B, H/4, W/4, C], what is known besides; plane [B, h, w, P], what is known of every patch.
    """
    planes = ops.repeat(ops.repeat(plane, PATCH // 4, axis=1), PATCH // 4, axis=2)
    x = ops.concatenate([space_to_depth(picture - 0.5, 4), ops.cast(x, "float32"), planes], axis=-1)
    x = layers.Conv2D(width, 3, padding="same", name="enter")(x)
    for i in range(blocks):
        x = residual(x, width, f"fine_{i}")
    deep = layers.Conv2D(2 * width, 2, strides=2, name="down")(x)
    for i in range(blocks):
        deep = residual(deep, 2 * width, f"deep_{i}")
    x = x + depth_to_space(layers.Conv2D(4 * width, 1, name="up")(deep), 2)
    for i in range(blocks):
        x = residual(x, width, f"finer_{i}")
    learned = layers.Conv2D(48, 3, padding="same", kernel_initializer="zeros", dtype="float32", name="paint")(x)
    return picture + depth_to_space(learned, 4)


def build_awareness(channels: tuple[int, ...] = (64, 128, 256), grid: int | None = 16, width: int = 64, depth: int = 1):
    """Semantic-aware model: the detector's feature maps -> weight vector.

    Inputs: feature maps already resized to the token grid, float [B, h, w, sum(channels)]. depth: 3 x 3 convolutions
    around a patch, dilated by 1, 2, 4, 1, ...: how far the network sees.
    Output: float [B, h, w] in [0, 1].
    """
    maps = keras.Input((grid, grid, sum(channels)))
    x = layers.LayerNormalization(dtype="float32", name="norm")(maps)
    x = layers.Conv2D(width, 1, activation="relu", name="mix")(x)
    x = layers.Conv2D(width, 3, padding="same", activation="relu", name="around")(x)
    for i in range(1, depth):
        seen = layers.LayerNormalization(name=f"norm_{i}")(x)
        x = x + layers.Conv2D(width, 3, padding="same", activation="relu", dilation_rate=2 ** (i % 3),
                              name=f"around_{i}")(seen)
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", dtype="float32", name="weight")(x)
    return keras.Model(maps, x[..., 0], name="awareness")


def build_encoder(size: int, uses: int, width: int = 128, depth: int = 2):
    """Masked transformer encoder: pictures, and what of them is sent -> features.

    Inputs: pictures float32 [B, size, size, 3] in [0, 1]; counts float32 [B, h, w], channel uses of every feature, 0
    where it isn't sent; snr_db float32 [B], mean SNR that the transmitter counts on.
    Output: float32 [B, h*w, 2*uses] real values, values 2j and 2j + 1 being use j, before power normalisation; those
    beyond a feature's count aren't sent.
    """
    grid = size // PATCH
    pictures, counts, snr_db = keras.Input((size, size, 3)), keras.Input((grid, grid)), keras.Input(())
    keep = ops.cast(counts > 0, "float32")
    patches = patchify(pictures)
    linear = layers.Dense(2 * uses, dtype="float32", trainable=False, name="linear_analysis")(patches)
    x = layers.Dense(width, name="embed")(patches - 0.5)
    x = ops.reshape(x, (-1, grid, grid, width))
    about = ops.stack([counts / uses, keep * snr_db[:, None, None] / 20], axis=-1)
    x = x + layers.Dense(width, use_bias=False, kernel_initializer="zeros", name="about")(about)
    for i in range(depth):
        x = Attend(width, name=f"attend_{i}")(x, keep)
    x = layers.LayerNormalization(dtype="float32", name="norm")(ops.reshape(x, (-1, grid * grid, width)))
    learned = layers.Dense(2 * uses, kernel_initializer="zeros", dtype="float32", name="learned_analysis")(x)
    return keras.Model([pictures, counts, snr_db], linear + learned, name="encoder")


class Estimate(layers.Layer):
    """What the receiver makes of the received features: the Wiener estimate of what was sent,
    and the learned shared feature in the place of what wasn't."""

    def __init__(self, values: int, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.values = values

    def build(self, received_shape, noise_shape, sent_shape):
        self.log_variance = self.add_weight(shape=(self.values,), initializer="zeros", name="log_variance")
        self.shared = self.add_weight(shape=(self.values,), initializer="zeros", name="shared_feature")
        self.built = True

    def call(self, received, noise, sent):  # (B, T, V) each
        variance = ops.exp(self.log_variance)
        estimate = sent * received * variance / (variance + noise) + (1.0 - sent) * self.shared
        return estimate, estimate * ops.exp(-0.5 * self.log_variance)


def sent_values(counts, uses: int):
    """counts float [B, h, w] -> float32 [B, h*w, 2*uses], 1 for values that are sent: the first of every feature."""
    counts = ops.reshape(counts, (-1, counts.shape[1] * counts.shape[2], 1))
    return ops.cast(ops.greater(counts, np.repeat(np.arange(uses, dtype=np.float32), 2)), "float32")


def build_decoder(size: int, uses: int, width: int = 128, depth: int = 2, channels: int = 48, detail: int = 16):
    """Decoder: received features -> pictures. The transformer fills in what is missing, convolutions paint.

    Inputs: received float32 [B, T, 2*uses], features plus noise, 0 where not sent; noise float32 [B, T, 2*uses], noise
    variance of each real value in the same units; counts float32 [B, h, w], channel uses of every feature.
    Output: float32 [B, size, size, 3], nominally in [0, 1], not clipped.
    """
    grid = size // PATCH
    tokens, values = grid * grid, 2 * uses
    received, noise, counts = keras.Input((tokens, values)), keras.Input((tokens, values)), keras.Input((grid, grid))
    sent = sent_values(counts, uses)
    estimate, whitened = Estimate(values, name="estimate")(received, noise, sent)
    linear = layers.Dense(VALUES, dtype="float32", trainable=False, name="linear_synthesis")(estimate)
    picture = unpatchify(linear, grid, grid)  # (B, H, W, 3)

    number = ops.reshape(counts, (-1, tokens))
    kept = ops.cast(number > 0, "float32")
    level = 0.3 * ops.sum(sent * ops.log(noise + 1e-4), axis=-1) / ops.maximum(2 * number, 1.0)  # 0 where not sent
    plane = ops.reshape(ops.stack([level, kept, number / uses], axis=-1), (-1, grid, grid, 3))
    whitened = ops.reshape(whitened, (-1, grid, grid, values))
    x = layers.Dense(width, name="embed")(ops.concatenate([whitened, plane], -1))
    everything = ops.ones_like(counts)
    for i in range(depth):
        x = Attend(width, name=f"attend_{i}")(x, everything)
    x = layers.LayerNormalization(dtype="float32", name="norm")(x)
    x = layers.Dense(PATCH * detail, name="detail")(x)
    x = ops.reshape(x, (-1, tokens, PATCH * detail))
    x = unpatchify(x, grid, grid, PATCH // 4, detail)  # (B, H/4, W/4, detail)

    return keras.Model([received, noise, counts], paint_over(picture, x, plane, channels, 3), name="decoder")


def start_from(code, encoder, decoder, uses: int) -> None:
    """Set the linear paths of encoder and decoder from a `LinearCode`, so that untrained they are that code.

    They stay as they are: Adam's steps are as large as their entries, and would undo in a hundred steps what
    principal components know. What is to be learned is learned beside them."""
    scale = code.scale(2 * uses)
    basis = code.basis[:, : 2 * uses]
    encoder.get_layer("linear_analysis").set_weights([basis * scale, -(code.mean @ basis) * scale])
    decoder.get_layer("linear_synthesis").set_weights([(basis / scale).T, code.mean])
    variance = (scale * code.deviation[: 2 * uses]) ** 2
    decoder.get_layer("estimate").log_variance.assign(np.log(variance).astype("float32"))
