"""Is a course as fast as this machine allows? Number format and compiler that `linksim train sesc` chooses, beside the
other choice: float32 by the backend's own operations, and bfloat16 under XLA.

    python benchmarks/training.py                  # some minutes; goal: at most a tenth slower than the other choice
    python benchmarks/training.py --crop 256 --batch 6

Batches of the same lessons on built-in scenes, by turns in one process; medians of seconds per batch, and their ratio.
"""

import argparse
import time

import numpy as np

GOAL = 0.9  # the other choice takes at least so many times as long


def school(precision: str, jit: bool, images, finds, options):
    """A course ready for its first batch."""
    import keras

    from linksim.training.course import Course
    from linksim.training.loss import mean_loss

    course = Course(images, finds, ["yolov5n-scenes"], crop=options.crop, zoom=options.zoom, uses=192,
                    batch=options.batch, masks=True, rate=1e-6, start="sesc-scenes", seed=1, precision=precision)
    course.model.compile(keras.optimizers.AdamW(1e-6), loss=mean_loss, jit_compile=jit)
    return course


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--zoom", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    import keras

    from linksim.sources.scenes import scene
    from linksim.training.precision import suited

    images = np.stack([scene("train", i, 256)[0] for i in range(24)])
    finds = [(np.array([[60, 60, 180, 180]], np.float32), np.array([0.8], np.float32))] * len(images)
    chosen = (suited(), "auto")
    xla = keras.backend.backend() != "torch"  # whose compiler takes minutes
    other = ("mixed_bfloat16", xla) if chosen[0] == "float32" else ("float32", keras.backend.backend() == "jax")
    courses = [school(*choice, images, finds, options) for choice in (chosen, other)]
    seconds = np.empty((options.times + 1, 2))
    for turn in range(options.times + 1):  # the first one compiles
        for i, course in enumerate(courses):
            lesson = course.lessons[turn]
            began = time.perf_counter()
            course.model.train_on_batch(*lesson)
            seconds[turn, i] = time.perf_counter() - began
    ours, theirs = np.median(seconds[1:], axis=0)
    for (precision, jit), took in zip((chosen, other), (ours, theirs), strict=True):
        print(f"{precision}, XLA {jit}: {took:.2f} s a batch of {options.batch}")
    met = theirs / ours >= GOAL
    print(f"the other choice takes {theirs / ours:.2f} times as long; goal {GOAL}: {'holds' if met else 'MISSED'}")
    return int(not met)


if __name__ == "__main__":
    raise SystemExit(main())
