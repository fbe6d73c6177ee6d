"""Symbols spread over the burst come back in order, and lie evenly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.separate.interleaver import _places, gathered, spread


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.integers(1, 4))
def test_what_is_spread_comes_back(lengths, factor):
    rows, width = len(lengths), 40
    symbols = np.arange(rows * width).reshape(rows, width)
    sent = spread(symbols, lengths)
    assert all((sent[row, n:] == symbols[row, n:]).all() for row, n in enumerate(lengths))
    np.testing.assert_array_equal(gathered(sent, lengths), symbols)
    llr = np.repeat(sent, factor, axis=1)
    np.testing.assert_array_equal(gathered(llr, lengths, factor), np.repeat(symbols, factor, axis=1))


def test_every_stretch_lies_evenly_over_the_burst():
    for n in (1000, 7919, 9216):
        places = _places(n)
        assert np.array_equal(np.sort(places), np.arange(n))
        for start in range(0, n - n // 4, n // 8):  # a code block of a quarter of the burst
            gaps = np.diff(np.sort(places[start : start + n // 4]))
            assert gaps.max() <= 12 and np.abs(np.mean(places[start : start + n // 4]) / n - 0.5) < 0.02
