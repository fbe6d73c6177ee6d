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
        from linksim.tasks.yolov5.network import FEATURES, from_weights, named

        network, card = from_weights(detector, input_size)
        wanted = classes or tuple(card["classes"])
        self.size, self._columns = input_size, columns(tuple(card["classes"]), wanted)
        self._anchors = np.asarray(card["config"]["anchors"])
        maps = [network.get_layer(named(name)).output for name in FEATURES]
        self._network = keras.Model(network.input, maps + network.outputs)
        # TensorFlow's convolutions take twice the time under XLA on a CPU.
        self._network.compile(jit_compile=keras.backend.backend() == "jax")

    def look(self, images: np.ndarray, confidence: float) -> tuple[list[tuple[np.ndarray, np.ndarray]], list]:
        """Of pictures uint8 [B, S, S, 3], the finds of each (boxes float32 [K, 4] x0 y0 x1 y1 in its pixels, scores
        float32 [K] above `confidence`, best first) and the three neck feature maps float32 [B, s, s, c],
        s = input_size / 8, / 16, / 32."""
        from keras import ops

        from linksim.tasks.nms import suppress
        from linksim.tasks.yolov5.network import decode

        out = in_tiles(self._seen, TILE, images)
        boxes, scores = (ops.convert_to_numpy(a) for a in decode([ops.convert_to_tensor(a) for a in out[3:]],
                                                                self._anchors))
        scale = images.shape[1] / self.size
        finds = [suppress(b * scale, s[:, self._columns], confidence, IOU)[:2]
                 for b, s in zip(boxes, scores, strict=True)]
        return finds, list(out[:3])

    def _seen(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        if images.shape[1] != self.size:
            resized = [Image.fromarray(image).resize((self.size, self.size), Image.Resampling.BICUBIC)
                       for image in images]
            images = np.stack([np.asarray(image) for image in resized])
        return tuple(self._network.predict_on_batch(images.astype(np.float32) / 255))

