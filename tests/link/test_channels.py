"""What every registered channel must do."""

import numpy as np
import pytest

from linksim.link.burst import Draw
from linksim.registry import lookup, names

SHAPE = (14, 32)


@pytest.fixture(params=names("channel"))
def channel(request):
    model = lookup("channel", request.param)
    return model(model.Config(model=request.param))


def response(channel, draw, slots=2):
    full = channel.response(draw, slots, *SHAPE)
    assert full.dtype == np.complex64 and full.ndim == 4
    return np.broadcast_to(full, (len(draw.picture), slots, *SHAPE))


def test_unit_mean_gain_over_fading(channel):
    rows = 4000
    draw = Draw(3, np.arange(rows), np.zeros(rows, int))
    gain = np.mean(np.abs(response(channel, draw)) ** 2, axis=(1, 2, 3))
    assert np.mean(gain) == pytest.approx(1, abs=5 / np.sqrt(rows))


def test_a_row_follows_from_its_draw_alone(channel):
    many = response(channel, Draw(3, np.arange(6), np.zeros(6, int)))
    few = response(channel, Draw(3, np.array([4, 1]), np.zeros(2, int)), slots=1)
    np.testing.assert_array_equal(few, many[[4, 1], :1])


def test_described(channel):
    assert type(channel).__doc__.strip().endswith(".")
