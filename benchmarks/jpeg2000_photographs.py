"""JPEG2000 alone, no channel: AP50 by bytes, the ceiling of every system that sends JPEG2000.

Photographs, 256 px, judged by YOLOv5n's official weights at 640 (imported by `linksim import yolov5`):

    python benchmarks/jpeg2000_photographs.py --path VOCdevkit/VOC2012 --weights yolov5n.npz --input-size 640

The built-in scenes, judged by the weights that ship with linksim:

    python benchmarks/jpeg2000_photographs.py --source scenes --pictures 600

Expected on the 600 test photographs of the VOC 2012 animal subset (six classes, `difficult` ignored, COCO AP at IoU
.5, letterboxed square coded): clean .733; .118 / .262 / .475 / .615 at 800 / 1,600 / 4,000 / 8,000 B, within .03.
Takes about 30 ms a picture and size on one core at an input of 640, and 10 ms at 256.
"""

import argparse
import time

import numpy as np

from baselines.codecs.jpeg2000 import Jpeg2000
from baselines.codecs.openjpeg import openjpeg_version
from linksim.registry import lookup

SIZES = (800, 1600, 4000, 8000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", choices=("voc", "scenes"), default="voc")
    parser.add_argument("--path", help="VOCdevkit/VOC2012, for --source voc")
    parser.add_argument("--weights", default="yolov5n-scenes", help="name of shipped weights or a file")
    parser.add_argument("--input-size", type=int, default=256, help="side in pixels that the detector sees")
    parser.add_argument("--pictures", type=int, help="how many of the test split; all photographs by default")
    parser.add_argument("--bytes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--bootstrap", type=int, default=200)
    options = parser.parse_args()

    kind = lookup("source", options.source)
    keys = {"type": options.source, "size": 256} | ({"path": options.path} if options.source == "voc" else {})
    source = kind(kind.Config(**keys), "test")
    count = options.pictures or (len(source) if options.source == "voc" else 600)
    images, truths = source.batch(range(count))
    kind = lookup("task", "detection")
    task = kind(kind.Config(type="detection", weights=options.weights, input_size=options.input_size), source.classes)
    codec = Jpeg2000()
    print(f"{count} {options.source} pictures, OpenJPEG {openjpeg_version()}, "
          f"{options.weights} at {options.input_size}")

    def score(name, shown):
        started = time.perf_counter()
        found = task.score(task.observe(shown), truths, np.arange(count), bootstrap=options.bootstrap)
        print(f"{name:>7} {found['ap50']:.3f} [{found['ap50_lo']:.3f}, {found['ap50_hi']:.3f}]"
              f"  {time.perf_counter() - started:.0f} s", flush=True)
        return found["ap50"]

    clean = score("clean", images)
    for size in options.bytes:
        codestreams = codec.to_size(images, [size] * count)
        if None in codestreams:
            raise SystemExit(f"no JPEG2000 codestream of {size} B exists for picture {codestreams.index(None)}")
        decoded = np.stack(codec.decode(codestreams))
        sent = np.mean([len(codestream) for codestream in codestreams])
        error = np.mean((images.astype(np.float32) - decoded) ** 2, axis=(1, 2, 3))
        ap50 = score(f"{size} B", decoded)
        print(f"        {ap50 / clean:.2f} of clean, {sent:.0f} B used, "
              f"PSNR {np.mean(10 * np.log10(255**2 / error)):.2f} dB")


if __name__ == "__main__":
    main()
