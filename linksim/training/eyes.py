"""What a detector sees in pictures, on any Keras backend: for training alone, where speed is no matter.

The judge of a run is `linksim.tasks.detection`, on TensorFlow. Finds and feature maps are the same but for how pictures
are resized: Pillow's bicubic here, so that no backend differs from another.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from linksim.tiles import in_tiles

TILE, IOU = 16, 0.6  # pictures of a compiled call; overlap of finds of one class


class Eyes:
    """detector: name or path of weights of kind "yolov5"; input_size: side in pixels of the network's input; classes:
    those that count, all that the detector knows where there are none. UserError where it doesn't know one."""

    def __init__(self, detector: str, input_size: int, classes: tuple[str, ...] = ()):
        import keras

        from linksim.tasks.labels import columns
        from linksim.tasks.yolov5.network import FEATURES, decode, from_weights, named

        network, card = from_weights(detector, input_size)
        known = tuple(card["classes"])
        maps = [network.get_layer(named(name)).output for name in FEATURES]
        wanted = columns(known, classes) if classes else None
        boxes, scores = decode(network.outputs, np.asarray(card["config"]["anchors"]), wanted)
        self.size, self._network = input_size, keras.Model(network.input, [boxes, scores, *maps])
        self._scores = keras.Model(network.input, scores)
        # TensorFlow's convolutions take twice the time under XLA on a CPU.
        self._network.compile(jit_compile=keras.backend.backend() == "jax")

    def look(self, images: np.ndarray, confidence: float) -> tuple[list[tuple[np.ndarray, np.ndarray]], list]:
        """Of pictures uint8 [B, S, S, 3], the finds of each (boxes float32 [K, 4] x0 y0 x1 y1 in its pixels, scores
        float32 [K] above `confidence`, best first) and the three neck feature maps float32 [B, s, s, c],
        s = input_size / 8, / 16, / 32."""
        from linksim.tasks.nms import suppress

        boxes, scores, *maps = in_tiles(self._seen, TILE, images)
        scale = images.shape[1] / self.size
        return [suppress(b * scale, s, confidence, IOU)[:2] for b, s in zip(boxes, scores, strict=True)], maps

    def slopes(self, images: np.ndarray, confidence: float) -> np.ndarray:
        """float32 [B, size, size, 3]: derivative of the sum of all scores above `confidence` by every pixel in [0, 1]
        of pictures uint8 [B, S, S, 3], resized to the network's input."""
        from keras import ops

        def sure(pixels):
            scores = self._scores(pixels)
            return ops.sum(ops.where(scores > confidence, scores, 0.0))

        return in_tiles(lambda tile: derivative(sure, self._input(tile)), TILE, images)

    def _seen(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(self._network.predict_on_batch(self._input(images)))

    def _input(self, images: np.ndarray) -> np.ndarray:
        """The network's input float32 [B, size, size, 3] in [0, 1] for pictures uint8 [B, S, S, 3]."""
        if images.shape[1] != self.size:
            resized = [Image.fromarray(image).resize((self.size, self.size), Image.Resampling.BICUBIC)
                       for image in images]
            images = np.stack([np.asarray(image) for image in resized])
        return images.astype(np.float32) / 255


def derivative(function: Callable, x: np.ndarray) -> np.ndarray:
    """Of a scalar function of one float32 array, by every entry of it. Keras has none of its own."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(x))
    if keras.backend.backend() == "torch":
        x = keras.ops.convert_to_tensor(x).requires_grad_(True)
        function(x).backward()
        return x.grad.cpu().numpy()
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x).numpy()

