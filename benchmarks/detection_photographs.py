"""AP50 of detectors on clean photographs: a check of pictures, network, suppression and scoring together.

    python benchmarks/detection_photographs.py --voc VOCdevkit/VOC2012 --weights yolov5n-coco.npz
    python benchmarks/detection_photographs.py --voc VOCdevkit/VOC2012 --onnx nanodet_m_320.onnx --input-size 320

Photographs are letterboxed to each of `--sizes` and resized to the detector's input. On 600 photographs of VOC 2012
with animals (six classes, COCO AP at IoU .5, difficult ignored), 320 / 256 px: YOLOv5n at 640 px about .749 / .733,
NanoDet-m about .731 / .728. About half a minute a row on two cores.
"""

import argparse
import time

import numpy as np

from linksim.sources.voc import Voc
from linksim.tasks.detection import Detection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voc", required=True, help="folder with JPEGImages, Annotations and ImageSets")
    parser.add_argument("--weights", help="YOLOv5 weights: a shipped name or a .npz file")
    parser.add_argument("--onnx", help="a detector as ONNX file")
    parser.add_argument("--input-size", type=int, default=640)
    parser.add_argument("--sizes", type=int, nargs="+", default=[320, 256])
    parser.add_argument("--confidence", type=float, default=0.001)
    parser.add_argument("--nms-iou", type=float, default=0.6)
    options = parser.parse_args()
    for size in options.sizes:
        source = Voc(Voc.Config(type="voc", path=options.voc, size=size), "test")
        config = Detection.Config(
            type="detection", judge="onnx" if options.onnx else "yolov5", weights=options.onnx or options.weights,
            input_size=options.input_size, confidence=options.confidence, nms_iou=options.nms_iou)
        task, found, truths, seconds = Detection(config, source.classes), [], [], 0.0
        for start in range(0, len(source), 48):
            images, here = source.batch(range(start, min(start + 48, len(source))))
            began = time.perf_counter()
            found += task.observe(images)
            seconds += time.perf_counter() - began
            truths += here
        pictures = np.arange(len(source))
        for protocol in ("coco", "voc_all", "voc_11"):
            task.config.protocol = protocol
            score = task.score(found, truths, pictures, bootstrap=500)
            print(f"{size} px, {len(source)} photographs, {protocol}: AP50 {score['ap50']:.4f} "
                  f"({score['ap50_lo']:.3f} to {score['ap50_hi']:.3f}), {1000 * seconds / len(source):.0f} ms each",
                  flush=True)


if __name__ == "__main__":
    main()
