"""The header's own code."""

import numpy as np
import pytest

from linksim.link.headercode import HeaderCode, header_candidates, header_threshold_db


def _sent(code, count, seed=0):
    header = np.random.default_rng(seed).integers(0, 2, (count, code.bits), dtype=np.uint8)
    return header, code.encode(header)


def _noisy(symbols, snr_db, seed=1):
    variance = 10 ** (-snr_db / 10)
    noise = np.random.default_rng(seed).standard_normal((*symbols.shape, 2)) @ [1, 1j] * np.sqrt(variance / 2)
    return (symbols + noise).astype(np.complex64), np.full(symbols.shape, variance, np.float32)


def test_candidates_increase_to_a_fortieth():
    uses = header_candidates(280)
    assert uses == sorted(set(uses)) and uses[0] == 296 and uses[2] == 740 and uses[-1] == 5920


@pytest.mark.parametrize("bits", [1, 24, 100, 280, 400, 1000])
def test_round_trip_in_unit_power(bits):
    for uses in header_candidates(bits):
        code = HeaderCode(bits, uses)
        header, symbols = _sent(code, 5)
        assert symbols.shape == (5, uses) and symbols.dtype == np.complex64
        np.testing.assert_allclose(np.abs(symbols), 1, atol=1e-6)
        got, ok = code.decode(symbols, np.full(symbols.shape, 1e-2, np.float32))
        assert ok.all() and got.dtype == np.uint8 and np.array_equal(got, header)


@pytest.mark.parametrize("bits, candidate", [(100, 0), (100, 2), (100, 3), (100, 5), (300, 1), (300, 4)])
def test_half_are_lost_at_the_threshold(bits, candidate, count=150):
    uses = header_candidates(bits)[candidate]
    code = HeaderCode(bits, uses)
    header, symbols = _sent(code, count)
    threshold = header_threshold_db(bits, uses)

    def lost(snr_db):
        got, ok = code.decode(*_noisy(symbols, snr_db))
        assert np.array_equal(got[ok], header[ok])
        return 1 - ok.mean()

    # .2 dB move the curve of 100 bits by a tenth or more.
    assert lost(threshold - 0.2) > 0.5 - 0.05 and lost(threshold + 0.2) < 0.5 + 0.05


def test_threshold_falls_with_every_use():
    uses = np.arange(170, 5000, 50)
    thresholds = [header_threshold_db(280, int(n)) for n in uses]
    assert (np.diff(thresholds) < 0).all()
    # Repetition gains its energy and no more.
    assert header_threshold_db(280, 1480) - header_threshold_db(280, 740) == pytest.approx(-10 * np.log10(2))


def test_a_lost_header_is_known():
    code = HeaderCode(200, 400)
    header, symbols = _sent(code, 60)
    _, ok = code.decode(*_noisy(symbols, -12.0))
    assert not ok.any()


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="100 uses are too few.*at least 156"):
        HeaderCode(280, 100)
    with pytest.raises(ValueError, match="1 to 3824 bits, got 5000"):
        HeaderCode(5000, 9000)
