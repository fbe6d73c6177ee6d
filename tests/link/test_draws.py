import time

import numpy as np
import pytest
from scipy import stats

from linksim.link.burst import Draw
from linksim.link.draws import calibration_draw, normal


def draw(rows, seed=7, attempt=0, realisation=0):
    return Draw(seed, np.arange(rows), np.full(rows, realisation), attempt)


def test_unit_power_and_circular():
    x = normal(draw(50), "noise", 4000).ravel()
    assert x.dtype == np.complex64
    assert np.mean(np.abs(x) ** 2) == pytest.approx(1, abs=5 / np.sqrt(x.size))
    assert np.abs(np.mean(x**2)) < 5 / np.sqrt(x.size)
    assert stats.kstest(x.real * np.sqrt(2), "norm").pvalue > 1e-3


def test_a_row_depends_on_its_draw_alone():
    many = normal(draw(9), "noise", 100)
    some = Draw(7, np.array([8, 3]), np.zeros(2, int))
    np.testing.assert_array_equal(normal(some, "noise", 60), many[[8, 3], :60])


@pytest.mark.parametrize("other", [
    draw(3, seed=8), draw(3, attempt=1), draw(3, realisation=1), Draw(7, np.arange(1, 4), np.zeros(3, int)),
    calibration_draw(7, 3, 1)])
def test_every_key_counts(other):
    a, b = normal(draw(3), "noise", 1000), normal(other, "noise", 1000)
    assert np.abs(np.mean(a * b.conj(), axis=1)).max() < 0.2
    assert np.abs(np.mean(a * normal(draw(3), "gain", 1000).conj(), axis=1)).max() < 0.2


def test_known_numbers():
    """Golden: a change here changes every published table."""
    x = normal(Draw(1, np.array([2]), np.array([3]), 4), "gain", 2)[0]
    np.testing.assert_allclose(x, [-0.0984185487 + 0.5122537613j, 0.1547222435 - 0.2373943776j], rtol=1e-6)


def test_calibration_rows_are_picture_major():
    d = calibration_draw(0, [5, 9], 3)
    assert d.picture.tolist() == [5, 5, 5, 9, 9, 9]
    assert d.realisation.tolist() == [0, 1, 2, 0, 1, 2]


def test_fast():
    """About 10 ms for 64 rows of 6,400 on a free core; a Python loop over numbers would take seconds."""
    normal(draw(2), "noise", 10)
    start = time.perf_counter()
    normal(draw(64), "noise", 6400)
    assert time.perf_counter() - start < 0.5
