"""A detector's intermediate feature maps, as a space to compare pictures in."""

import numpy as np

from linksim.tiles import in_tiles

TILE = 16  # pictures per compiled call
BACKBONE = ("model.2.cv3", "model.4.cv3", "model.6.cv3", "model.8.cv3")  # the C3 blocks at strides 4, 8, 16, 32


class Maps:
    """Feature maps of weights of kind "yolov5", whatever its classes. UserError where they are missing."""

    def __init__(self, weights: str, input_size: int):
        """input_size: side in pixels of the network's input; pictures are resized to it (bicubic)."""
        import keras

        from linksim.tasks.yolov5.network import features_model, from_weights

        model, card = from_weights(weights, input_size)
        self.name = card["name"] or weights
        layers = [model.get_layer(name).output for name in BACKBONE]
        self._backbone = compiled(keras.Model(model.input, layers, name="yolov5_backbone"), input_size)
        self._neck = compiled(features_model(model), input_size)

    def backbone(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Four maps float32 [B, s, s, c], s = input_size / 4, / 8, / 16, / 32, of pictures uint8 [B, S, S, 3]."""
        return in_tiles(self._backbone, TILE, images)

    def neck(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Three maps float32 [B, s, s, c], s = input_size / 8, / 16, / 32, of pictures uint8 [B, S, S, 3]: those that
        the detector's heads look at."""
        return in_tiles(self._neck, TILE, images)


def compiled(model, size: int):
    """The Keras model on pictures uint8 [B, S, S, 3], resized to its input of `size` pixels and scaled to [0, 1]."""
    import tensorflow as tf

    # Not XLA: on CPU its convolutions take twice the time of oneDNN's.
    return tf.function(lambda images: model(resized(images, size) / 255, training=False), reduce_retracing=True,
                       autograph=False)


def resized(images, size: int):
    """float32 [B, size, size, 3] in 0 to 255 from uint8 [B, S, S, 3]: bicubic, antialiased where it shrinks."""
    import tensorflow as tf

    images = tf.cast(images, "float32")
    if images.shape[1] == size:
        return images
    resized = tf.image.resize(images, (size, size), "bicubic", antialias=images.shape[1] > size)
    return tf.clip_by_value(resized, 0, 255)
