"""Task "detection": which objects does the receiver find, and where? Scored by average precision at IoU .5."""

from typing import Literal

import numpy as np
from pydantic import Field

from linksim.errors import UserError
from linksim.registry import register
from linksim.tasks import average_precision as ap
from linksim.tasks.base import Task, TaskConfig
from linksim.tasks.labels import columns
from linksim.tasks.nms import nms, observations
from linksim.tiles import in_tiles

LABELS = {"coco": "AP50 (COCO, IoU .5)", "voc_all": "AP50 (VOC, all-point)", "voc_11": "AP50 (VOC, 11-point)"}
TILE = 16  # pictures per compiled call


@register("task", "detection")
class Detection(Task):
    """Objects found by YOLOv5 (or a detector you bring), scored by average precision at IoU .5."""

    class Config(TaskConfig):
        """weights: name or path of weights of kind "yolov5"; with judge "onnx" the path of an ONNX file.
        input_size: side in pixels of the network's input; pictures are resized to it (bicubic).
        confidence, nms_iou, max_detections: of non-maximum suppression, which runs per class.
        """

        judge: Literal["yolov5", "onnx"] = "yolov5"
        weights: str = "yolov5n-scenes"
        input_size: int = Field(256, gt=0, multiple_of=32)
        confidence: float = Field(0.001, ge=0, lt=1)
        nms_iou: float = Field(0.6, gt=0, le=1)
        max_detections: int = Field(300, gt=0)
        protocol: ap.Protocol = "coco"

    metric = "ap50"
    metric_label = LABELS["coco"]

    def __init__(self, config: Config, classes: tuple[str, ...]):
        """UserError where weights are missing or the detector doesn't know one of `classes`."""
        super().__init__(config, classes)
        self.metric_label = LABELS[config.protocol]
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

    def score(self, observations: list[dict], truths: list, pictures: np.ndarray, bootstrap: int = 0,
              seed: int = 0) -> dict[str, float]:
        """AP50, the mean over the classes that have objects; `linksim.tasks.base.Task.score` tells the rest."""
        protocol = self.config.protocol
        matches = ap.match(observations, truths, self.classes, protocol)
        found = {"ap50": float(ap.mean(ap.average_precision(matches, pictures, protocol=protocol))[0])}
        if bootstrap:
            resampled = ap.bootstrap(matches, pictures, bootstrap, seed, protocol)
            found["ap50_lo"], found["ap50_hi"] = np.percentile(resampled, (2.5, 97.5)).tolist()
        return found

    def _compile_yolov5(self):
        import tensorflow as tf

        from linksim.tasks.yolov5.network import decode, features_model, from_weights

        c = self.config
        model, card = from_weights(c.weights, c.input_size)
        wanted, anchors = columns(tuple(card["classes"]), self.classes), np.asarray(card["config"]["anchors"])
        neck = features_model(model)

        # Not XLA: on CPU its convolutions take twice the time of oneDNN's.
        @tf.function(reduce_retracing=True)
        def detect(images):
            boxes, scores = decode(model(_resize(images, c.input_size) / 255, training=False), anchors)
            return nms(boxes, tf.gather(scores, wanted, axis=-1), c.confidence, c.nms_iou, c.max_detections)

        @tf.function(reduce_retracing=True)
        def features(images):
            return neck(_resize(images, c.input_size) / 255, training=False)

        return detect, features

    def _compile_onnx(self):
        import tensorflow as tf

        from linksim.tasks.onnx_judge import OnnxJudge

        c = self.config
        judge = OnnxJudge(c.weights, c.input_size)
        wanted = columns(judge.names, self.classes)
        suppress = tf.function(lambda b, s: nms(b, s, c.confidence, c.nms_iou, c.max_detections))

        def detect(images):
            boxes, scores = judge(np.asarray(_resize(images, c.input_size)))
            return suppress(boxes, np.ascontiguousarray(scores[..., wanted]))

        return detect, None


def _resize(images, size: int):
    """float32 [B, size, size, 3] in 0 to 255 from uint8 [B, S, S, 3]: bicubic, antialiased where it shrinks."""
    import tensorflow as tf

    images = tf.cast(images, "float32")
    if images.shape[1] == size:
        return images
    resized = tf.image.resize(images, (size, size), "bicubic", antialias=images.shape[1] > size)
    return tf.clip_by_value(resized, 0, 255)
