"""What every registered task must keep to, yours too (tasks/base.py)."""

from functools import cache

import fakes  # noqa: F401  registers tasks and sources that need no weights
import numpy as np
import pytest

from linksim import registry
from linksim.schemes.base import lost_picture

PICTURES, SIZE = 3, 256

pytestmark = pytest.mark.parametrize("kind", [n for n in registry.names("task") if not n.startswith("fake")])


@cache
def bench(kind: str):
    """The task with its defaults, over pictures and truths it can judge."""
    name, size = ("fake_dots", 32) if kind.startswith("fake_") else ("scenes", SIZE)
    cls, task = registry.lookup("source", name), registry.lookup("task", kind)
    source = cls(cls.Config(type=name, size=size), "test")
    images, truths = source.batch(range(PICTURES))
    noise = np.random.default_rng(0).normal(0, 10, images.shape)
    received = np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)
    received[2] = lost_picture(size)
    return task(task.Config(type=kind), tuple(source.classes)), images, received, truths


def test_a_row_holds_arrays_that_do_not_collide_with_the_engines_columns(kind):
    task, sent, received, _ = bench(kind)
    rows = task.compare(received, sent)
    assert len(rows) == PICTURES
    for row in rows:
        assert not set(row) & {"scheme", "snr_db", "picture", "realisation", "ok", "psnr_db", "uses"}
        for key, value in row.items():
            assert np.asarray(value).dtype.kind in "fiub" and np.ndim(value) <= 2, key
            assert np.asarray(value).dtype == np.asarray(rows[0][key]).dtype, key


def test_a_row_does_not_depend_on_its_neighbours(kind):
    task, sent, received, _ = bench(kind)
    together, alone = task.compare(received, sent), task.compare(received[1:2], sent[1:2])
    for key, value in alone[0].items():
        np.testing.assert_array_equal(value, together[1][key])


def test_the_score_has_its_metric_and_where_asked_an_interval_around_it(kind):
    task, sent, received, truths = bench(kind)
    rows, pictures = task.compare(received, sent), np.arange(PICTURES)
    plain = task.score(rows, truths, pictures)
    assert task.metric in plain and not {f"{task.metric}_lo", f"{task.metric}_hi"} & set(plain)
    judged = task.score(rows, truths, pictures, bootstrap=200, seed=1)
    low, value, high = (judged[f"{task.metric}{end}"] for end in ("_lo", "", "_hi"))
    assert value == plain[task.metric] and low <= value + 1e-9 and value <= high + 1e-9
    again = task.score(rows, truths, pictures, bootstrap=200, seed=1)
    assert all(np.array_equal(again[key], judged[key]) for key in judged)
    assert isinstance(task.metric_label, str) and task.metric_label
