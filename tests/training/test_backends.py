"""The codec is taught on every Keras backend that is installed, and a course begun on one goes on."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

COURSE = """
import sys
from pathlib import Path

import numpy as np

from linksim import weights
from linksim.tasks.yolov5.network import build_yolov5
from linksim.training.course import Course
from linksim.training.eyes import Eyes

detector, steps = "detector.npz", int(sys.argv[1])
if not Path(detector).exists():
    small = build_yolov5(1 / 3, 0.125, 2, 64, dtype="float32")
    anchors = [[[8, 8], [16, 12], [12, 20]], [[30, 30], [40, 20], [20, 44]], [[60, 60], [90, 50], [50, 100]]]
    weights.save(Path(detector), weights.model_arrays(small), {
                 "kind": "yolov5", "name": "detector", "classes": ["a", "b"],
                 "config": {"depth": 1 / 3, "width": 0.125, "anchors": anchors, "input_size": 64}})
images = np.random.default_rng(0).integers(0, 256, (18, 64, 64, 3), np.uint8)
finds, _ = Eyes(detector, 64).look(images, 0.1)
course = Course(images, finds, [detector], crop=32, zoom=1.0, uses=16, batch=16, masks=True, rate=1e-3, start=None,
                seed=1, network={"encoder": {"width": 16, "depth": 1},
                                 "decoder": {"width": 16, "depth": 1, "channels": 8}})
before = [np.array(w) for w in course.decoder.get_weights()]
history = course.run(Path("mine.checkpoint.npz"), 60, steps)
changed = sum((a != b).any() for a, b in zip(before, course.decoder.get_weights()))
print("steps", history["steps"], "changed", changed, "loss", history["validation"][-1]["loss"])
"""


def teach(folder, backend: str, steps: int) -> str:
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3",
                                "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", COURSE, str(steps)], cwd=folder, env=environment, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def installed(backend: str):
    missing = find_spec(backend) is None
    return pytest.param(backend, marks=pytest.mark.skipif(missing, reason=f"{backend} isn't installed"))


@pytest.mark.slow
@pytest.mark.parametrize("backend", [installed(name) for name in ("tensorflow", "jax", "torch")])
def test_a_course_is_taught_and_goes_on(tmp_path, backend):
    first = teach(tmp_path, backend, 3).split()
    assert int(first[first.index("steps") + 1]) >= 3 and int(first[first.index("changed") + 1]) > 10
    assert (tmp_path / "mine.checkpoint.npz").exists() and (tmp_path / "mine.png").exists()
    assert float(first[first.index("loss") + 1]) > 0
    second = teach(tmp_path, backend, 5)
    assert "going on from step 3" in second and "steps 5 " in second
