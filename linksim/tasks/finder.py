"""What detection and classification share: a detector looks at the pictures."""

from typing import Literal

import numpy as np
from pydantic import Field

from linksim.errors import UserError
from linksim.tasks.base import Task, TaskConfig
from linksim.tasks.labels import columns
from linksim.tasks.maps import TILE, compiled, resized
from linksim.tasks.nms import nms, observations
from linksim.tiles import in_tiles


class Finder(Task):
    """A task that looks at pictures with YOLOv5 (or a detector you bring); what it scores is a subclass's."""

    class Config(TaskConfig):
        """weights: name or path of weights of kind "yolov5"; with judge "onnx" the path of an ONNX file.
        input_size: side in pixels of the network's input, at most 1,536; pictures are resized to it (bicubic).
        confidence, nms_iou, max_detections: of non-maximum suppression, which runs per class.
        """

        judge: Literal["yolov5", "onnx"] = "yolov5"
        weights: str = "yolov5n-scenes"
        input_size: int = Field(256, gt=0, le=1536, multiple_of=32)
        confidence: float = Field(0.001, ge=0, lt=1)
        nms_iou: float = Field(0.6, gt=0, le=1)
        max_detections: int = Field(300, gt=0)

    def __init__(self, config: Config, classes: tuple[str, ...]):
        """UserError where weights are missing or the detector doesn't know one of `classes`."""
        super().__init__(config, classes)
        self._detect, self._neck = self._compile_yolov5() if config.judge == "yolov5" else self._compile_onnx()

    def observe(self, images: np.ndarray) -> list[dict[str, np.ndarray]]:
        """Objects in pictures uint8 [B, S, S, 3]: boxes float32 [K, 4] x0 y0 x1 y1 in pixels of the picture, scores
        float32 [K], best first, labels int32 [K]."""
        return observations(*in_tiles(self._detect, TILE, images), scale=images.shape[1] / self.config.input_size)

    def features(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """The detector's three neck feature maps, float32 [B, s, s, c], s = input_size / 8, / 16, / 32, for pictures
        uint8 [B, S, S, 3]. Judge "yolov5" alone: UserError."""
        if self._neck is None:
            raise UserError("task.judge is 'onnx', which has no feature maps; a scheme that weighs features by the "
                            "detector's needs task.judge: yolov5")
        return in_tiles(self._neck, TILE, images)

    def _compile_yolov5(self):
        import tensorflow as tf

        from linksim.tasks.yolov5.network import decode, features_model, from_weights

        c = self.config
        model, card = from_weights(c.weights, c.input_size)
        wanted, anchors = columns(tuple(card["classes"]), self.classes), np.asarray(card["config"]["anchors"])

        # Not XLA: on CPU its convolutions take twice the time of oneDNN's.
        @tf.function(reduce_retracing=True, autograph=False)  # a network has no Python branches to convert
        def detect(images):
            heads = model(resized(images, c.input_size) / 255, training=False)
            return nms(*decode(heads, anchors, wanted), c.confidence, c.nms_iou, c.max_detections)

        return detect, compiled(features_model(model), c.input_size)

    def _compile_onnx(self):
        import tensorflow as tf

        from linksim.tasks.onnx_judge import OnnxJudge

        c = self.config
        judge = OnnxJudge(c.weights, c.input_size)
        wanted = columns(judge.names, self.classes)
        suppress = tf.function(lambda b, s: nms(b, s, c.confidence, c.nms_iou, c.max_detections))

        def detect(images):
            boxes, scores = judge(np.asarray(resized(images, c.input_size)))
            return suppress(boxes, np.ascontiguousarray(scores[..., wanted]))

        return detect, None
