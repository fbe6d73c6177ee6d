"""Mutual information per constellation and the effective SNR it gives."""

import numpy as np
import pytest

from linksim.link import qam
from linksim.link.esm import effective_snr, inverse, mutual_information

QAM = [2, 4, 6, 8]


@pytest.mark.parametrize("bits", QAM)
@pytest.mark.parametrize("snr_db", [-5.0, 4.0, 13.0])
def test_bicm_capacity_is_the_mean_over_the_demappers_llrs(bits, snr_db, count=200_000):
    """1 - E[log2(1 + exp(-L))] per bit with the chain's own LLRs: within 4.5 standard errors."""
    rng = np.random.default_rng([bits, round(10 * snr_db + 100)])
    sent, variance = rng.integers(0, 2, count * bits, dtype=np.uint8), 10 ** (-snr_db / 10)
    noise = rng.standard_normal((count, 2)) @ [1, 1j] * np.sqrt(variance / 2)
    received = (qam.modulate(sent, bits) + noise).astype(np.complex64)
    llr = qam.demodulate(received, np.full(count, variance, np.float32), bits).astype(np.float64)
    per_symbol = bits - np.logaddexp(0, -(1.0 - 2.0 * sent) * llr).reshape(count, bits).sum(axis=1) / np.log(2)
    error = per_symbol.std() / np.sqrt(count)
    assert abs(per_symbol.mean() - mutual_information(10 ** (snr_db / 10), bits)) < 4.5 * error


def test_qpsk_is_the_binary_channel_twice():
    """Capacity of binary antipodal signalling by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    for snr_db in (-20, -3, 0, 4, 7):
        snr = 10 ** (snr_db / 10)  # per real dimension: amplitude^2 / variance is snr
        llr = 2 * snr + 2 * np.sqrt(2 * snr) * nodes
        expected = 2 - 2 * np.sum(weights * np.logaddexp(0, -llr)) / np.sqrt(np.pi) / np.log(2)
        assert mutual_information(snr, 2) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("bits", QAM)
def test_bounds_and_order(bits):
    snr = 10 ** (np.arange(-60, 60, 0.37) / 10)
    information = mutual_information(snr, bits)
    assert (information > 0).all() and (information <= bits).all()
    assert (information < mutual_information(snr)).all()
    assert (np.diff(information) > 0)[information[1:] < bits - 1e-9].all()
    assert information[-1] == bits and mutual_information(0.0, bits) == 0


@pytest.mark.parametrize("bits", [*QAM, None])
def test_inverse(bits):
    snr = 10 ** (np.arange(-60, 10, 0.41) / 10)
    np.testing.assert_allclose(inverse(mutual_information(snr, bits), bits), snr, rtol=1e-6)
    assert inverse(0.0, bits) == 0 and inverse(-1.0, bits) == 0
    if bits:
        assert inverse(float(bits), bits) == np.inf


@pytest.mark.parametrize("bits", [*QAM, None])
def test_effective_snr_of_equals_is_theirs(bits):
    """Far above saturation too, where the mutual information itself can't tell SNRs apart."""
    snr = 10 ** (np.arange(-60, 60, 1.7) / 10)
    np.testing.assert_allclose(effective_snr(np.repeat(snr[:, None], 5, axis=1), bits), snr, rtol=1e-6)


@pytest.mark.parametrize("bits", [*QAM, None])
def test_effective_snr_lies_between_and_is_near_the_worse_at_high_snr(bits):
    snr = np.array([[1.0, 4.0], [0.5, 50.0], [1e4, 2e5], [0.0, 3.0]])
    effective = effective_snr(snr, bits)
    assert (effective > snr.min(axis=1)).all() and (effective < snr.max(axis=1)).all()
    arithmetic = snr.mean(axis=1)
    assert (effective < arithmetic).all()
    information = mutual_information(snr[:2], bits).mean(axis=1)
    np.testing.assert_allclose(mutual_information(effective[:2], bits), information, rtol=1e-5)


def test_effective_snr_of_some():
    snr = np.array([[1.0, 1e3, 2.0]])
    kept = np.array([[True, False, True]])
    assert effective_snr(snr, 4, where=kept)[0] == pytest.approx(effective_snr(snr[:, [0, 2]], 4)[0])


def test_unknown_constellation():
    with pytest.raises(ValueError, match="2, 4, 6 or 8"):
        mutual_information(1.0, 3)
