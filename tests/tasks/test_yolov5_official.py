"""Official weights, where the folder LINKSIM_DATA holds them: our network finds what onnxruntime finds."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DATA = Path(os.environ.get("LINKSIM_DATA", "/nonexistent"))
OFFICIAL = DATA / "detectors" / "yolov5n.onnx"
PHOTOGRAPHS = DATA / "VOCdevkit" / "VOC2012" / "JPEGImages"
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not OFFICIAL.exists(), reason="LINKSIM_DATA/detectors/yolov5n.onnx is missing")]


def _square(path: Path, size: int = 640) -> np.ndarray:
    """Letterboxed with grey 114: uint8 [size, size, 3]."""
    image = Image.open(path).convert("RGB")
    scale = size / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    square = Image.new("RGB", (size, size), (114, 114, 114))
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.asarray(square)


def test_keras_network_finds_the_boxes_that_onnxruntime_finds(tmp_path):
    pytest.importorskip("onnxruntime")
    from linksim.tasks.detection import Detection
    from linksim.tasks.labels import COCO
    from linksim.tasks.yolov5.onnx_import import import_yolov5

    paths = [DATA / "detectors" / "bus.jpg", DATA / "detectors" / "zidane.jpg", *sorted(PHOTOGRAPHS.glob("*.jpg"))[:20]]
    images = np.stack([_square(p) for p in paths])
    weights = import_yolov5(OFFICIAL, tmp_path / "yolov5n-coco.npz")
    common = {"type": "detection", "input_size": 640, "confidence": 0.25, "nms_iou": 0.45}
    tasks = [Detection(Detection.Config(judge=judge, weights=str(file), **common), COCO)
             for judge, file in (("yolov5", weights), ("onnx", OFFICIAL))]
    boxes = 0
    for path, mine, theirs in zip(paths, *(task.observe(images) for task in tasks), strict=True):
        # A score within .01 of the threshold may be on either side of it.
        for here, there in ((mine, theirs), (theirs, mine)):
            for box, score, label in zip(here["boxes"], here["scores"], here["labels"], strict=True):
                same = (there["labels"] == label) & (np.abs(there["scores"] - score) < 0.01)
                close = [_iou(box, b) for b in there["boxes"][same]]
                assert max(close, default=0) > 0.98 or score < 0.26, (path.name, COCO[label], score, close)
                boxes += 1
    assert boxes > 60


def _iou(a, b):
    inner = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    return inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner)
