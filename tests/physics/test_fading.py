"""The air against closed forms: SNR, gain, noise, uncoded bit error rate."""

import numpy as np
import pytest
from scipy import stats

from linksim.link.burst import Burst, Draw
from linksim.link.link import Link, LinkConfig
from linksim.theory.closed_forms import ber_awgn, ber_rayleigh


@pytest.fixture(scope="module")
def links():
    return {model: Link(LinkConfig(channel={"model": model})) for model in ("awgn", "rayleigh")}


def qpsk(rows, uses, seed=0):
    """Gray QPSK of unit power and its bits int [2, rows, uses]."""
    bits = np.random.default_rng(seed).integers(0, 2, (2, rows, uses))
    return (((1 - 2 * bits[0]) + 1j * (1 - 2 * bits[1])) / np.sqrt(2)).astype(np.complex64), bits


def send(link, snr_db, rows, uses, seed=0):
    symbols, bits = qpsk(rows, uses, seed)
    length = np.full(rows, uses, np.int32)
    burst = Burst(symbols, length, np.zeros((rows, 0), np.uint8), 0, {"payload": length})
    draw = Draw(seed, np.arange(rows), np.zeros(rows, int))
    return symbols, bits, link.transmit(burst, snr_db, draw), link.gain(draw)


def test_slow_rayleigh_gain_is_exponential(links):
    gain = links["rayleigh"].gain(Draw(5, np.arange(20_000) // 2, np.arange(20_000) % 2))
    assert stats.kstest(gain, "expon").pvalue > 1e-3
    assert np.mean(gain) == pytest.approx(1, abs=5 / np.sqrt(len(gain)))


def test_slow_rayleigh_is_one_gain_per_burst(links):
    _, _, reception, gain = send(links["rayleigh"], 10, 20, 4000)
    expected = np.repeat(0.1 / gain[:, None], 4000, axis=1)
    np.testing.assert_allclose(reception.noise_variance, expected, rtol=1e-5)


@pytest.mark.parametrize("snr_db", [-5, 7, 20])
@pytest.mark.parametrize("model", ["awgn", "rayleigh"])
def test_measured_snr_and_equalised_noise(links, model, snr_db):
    """Noise has variance N0 per data resource element; after equalising, N0/|h|^2 as declared."""
    symbols, _, reception, gain = send(links[model], snr_db, 100, 2000)
    error = reception.symbols - symbols
    normalised = np.abs(error) ** 2 / reception.noise_variance
    assert np.mean(normalised) == pytest.approx(1, abs=5 / np.sqrt(normalised.size))
    assert stats.kstest(normalised[:, ::20].ravel(), "expon").pvalue > 1e-3
    n0 = np.mean(np.abs(error) ** 2 * gain[:, None])
    assert 10 * np.log10(np.mean(np.abs(symbols) ** 2) / n0) == pytest.approx(snr_db, abs=0.05)
    correlation = np.mean(error * symbols.conj() / np.sqrt(reception.noise_variance))
    assert np.abs(correlation) < 5 / np.sqrt(error.size)


@pytest.mark.parametrize("snr_db", [0, 4, 8])
def test_uncoded_qpsk_over_awgn(links, snr_db):
    """BER = Q(sqrt(Es/N0)) for Gray QPSK."""
    symbols, bits, reception, _ = send(links["awgn"], snr_db, 100, 4000)
    wrong = np.sum((reception.symbols.real < 0) != bits[0]) + np.sum((reception.symbols.imag < 0) != bits[1])
    expected = ber_awgn(2, 10 ** (snr_db / 10))
    assert stats.binomtest(int(wrong), bits.size, expected).pvalue > 1e-3


@pytest.mark.parametrize("snr_db", [0, 5, 10, 15])
def test_uncoded_qpsk_over_slow_rayleigh(snr_db):
    """BER = (1 - sqrt(g / (1 + g))) / 2 with g = Eb/N0 = SNR / 2 (Proakis, 14.4-15).

    Bits of a burst share their gain, so the interval is over bursts."""
    grid = {"fft_size": 8, "symbols_per_slot": 1, "pilot_symbols": [], "cyclic_prefix": 0}
    link = Link(LinkConfig(channel={"model": "rayleigh"}, grid=grid), tile=1024)
    symbols, bits, reception, _ = send(link, snr_db, 20_000, 8)
    wrong = ((reception.symbols.real < 0) != bits[0]) + ((reception.symbols.imag < 0) != bits[1]).astype(int)
    per_burst = wrong.mean(axis=1) / 2
    expected = ber_rayleigh(2, 10 ** (snr_db / 10))
    assert np.mean(per_burst) == pytest.approx(expected, abs=3.5 * stats.sem(per_burst))
    assert 3.5 * stats.sem(per_burst) < 0.2 * expected  # sharp enough to see half a dB
