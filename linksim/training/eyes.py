"""What a detector sees in pictures, on any Keras backend: for training alone, where speed is no matter.

The judge of a run is `linksim.tasks.detection`, on TensorFlow. Finds and feature maps are the same but for how pictures
are resized: Pillow's bicubic here, so that no backend differs from another.
"""

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
        boxes, scores = decode(network.outputs, np.asarray(card["config"]["anchors"]))
        scores = keras.ops.take(scores, columns(known, classes or known), axis=-1)
        self.size, self._network = input_size, keras.Model(network.input, [boxes, scores, *maps])
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

    def _seen(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        if images.shape[1] != self.size:
            resized = [Image.fromarray(image).resize((self.size, self.size), Image.Resampling.BICUBIC)
                       for image in images]
            images = np.stack([np.asarray(image) for image in resized])
        return tuple(self._network.predict_on_batch(images.astype(np.float32) / 255))

