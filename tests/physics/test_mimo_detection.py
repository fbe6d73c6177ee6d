"""Several antennas against exact distributions and error rates over independent Rayleigh fading.

Every resource element fades by itself (fading fast), so counts are binomial. p-values above 1e-3 pass: of the 17
tests here that err by chance one in 60 runs, with seeds fixed before.
"""

from functools import cache
from math import comb

import numpy as np
import pytest
from scipy import stats

from linksim.link import qam
from linksim.link.burst import Burst, Draw
from linksim.link.detector import KBest
from linksim.link.equaliser import combine, separate
from linksim.link.link import Link, LinkConfig

GRID = {"fft_size": 64, "symbols_per_slot": 16, "pilot_symbols": [], "cyclic_prefix": 0}


def mrc_ber(branches, snr):
    """Gray QPSK after maximum ratio combining of independent Rayleigh branches at Es/N0 = snr each (Proakis, "Digital
    Communications", 4th ed., 14.4-15): diversity of order `branches`."""
    mu = np.sqrt(snr / 2 / (1 + snr / 2))
    return ((1 - mu) / 2) ** branches * sum(comb(branches - 1 + k, k) * ((1 + mu) / 2) ** k for k in range(branches))


@cache
def link(receive, transmit, equaliser):
    return Link(LinkConfig(channel={"model": "rayleigh", "fading": "fast"}, grid=GRID, equaliser=equaliser,
                           antennas={"receive": receive, "transmit": transmit}), tile=16)


def send(receive, transmit, snr_db, equaliser="lmmse", bits=2, rows=40, uses=2048, seed=1):
    """Bits sent int [rows, uses, bits], symbols sent and the reception."""
    sent = np.random.default_rng(seed).integers(0, 2, (rows, uses * bits), np.uint8)
    length = np.full(rows, uses, np.int32)
    burst = Burst(qam.modulate(sent, bits), length, np.zeros((rows, 0), np.uint8), 0, {"payload": length}, bits)
    draw = Draw(seed, np.arange(rows), np.zeros(rows, int))
    reception = link(receive, transmit, equaliser).transmit(burst, snr_db, draw)
    return sent.reshape(rows, uses, bits), burst.symbols, reception


def wrong(bits, reception):
    """bool, like bits: hard decisions that miss, of QPSK."""
    return np.stack([reception.symbols.real < 0, reception.symbols.imag < 0], axis=-1) != bits


@pytest.mark.parametrize("receive, snr_db", [(1, 8), (2, 4), (2, 9), (4, 0)])
def test_maximum_ratio_combining(receive, snr_db):
    bits, symbols, reception = send(receive, 1, snr_db)
    lost = wrong(bits, reception)
    assert stats.binomtest(int(lost.sum()), lost.size, mrc_ber(receive, 10 ** (snr_db / 10))).pvalue > 1e-3
    normalised = np.abs(reception.symbols - symbols) ** 2 / reception.noise_variance
    assert stats.kstest(normalised[:, ::8].ravel(), "expon").pvalue > 1e-3
    gain = 10 ** (-snr_db / 10) / reception.noise_variance[:, ::8].ravel()
    assert stats.kstest(gain, stats.gamma(receive).cdf).pvalue > 1e-3


def test_two_antennas_have_diversity_two():
    """The logarithm of the error rate falls with that of the SNR: with slope 2 in the end, 1.65 between 6 and 12 dB,
    where one antenna has .87."""
    lost = [wrong(bits, reception) for bits, _, reception in (send(2, 1, snr_db, seed=2) for snr_db in (6, 12))]
    slope = np.log10(lost[0].mean() / lost[1].mean()) / 0.6
    one, two = (np.log10(mrc_ber(n, 10**0.6) / mrc_ber(n, 10**1.2)) / 0.6 for n in (1, 2))
    deviation = float(np.sqrt(sum(1 / each.sum() for each in lost)) / np.log(10) / 0.6)
    assert slope == pytest.approx(two, abs=4 * deviation) and two - one > 8 * deviation


@pytest.mark.parametrize("receive, transmit, snr_db", [(2, 2, 10), (4, 2, 4), (3, 3, 12)])
def test_zero_forcing_is_combining_of_the_antennas_left_over(receive, transmit, snr_db):
    """A stream of zero forcing sees R - S + 1 branches at SNR / S each (Winters, Salz and Gitlin, "The impact of
    antenna diversity on the capacity of wireless communication systems", IEEE Trans. Commun. 42, 1994). Of each
    resource element one stream is counted: those of one share their noise."""
    bits, symbols, reception = send(receive, transmit, snr_db, "zf")
    snr, branches = 10 ** (snr_db / 10) / transmit, receive - transmit + 1
    lost = wrong(bits, reception)[:, ::transmit]
    assert stats.binomtest(int(lost.sum()), lost.size, mrc_ber(branches, snr)).pvalue > 1e-3
    gain = 1 / snr / reception.noise_variance[:, :: 4 * transmit].ravel()
    assert stats.kstest(gain, stats.gamma(branches).cdf).pvalue > 1e-3


@pytest.mark.parametrize("receive, transmit, snr_db", [(2, 2, 0), (2, 2, 15), (4, 3, 8)])
def test_lmmse_sinr_has_the_distribution_of_optimum_combining(receive, transmit, snr_db):
    """With N = S - 1 interferers as strong as the stream, Gamma = SNR / S, the SINR lies above z with probability

        exp(-z / Gamma) sum_{i=1}^{R} A_i(z) (z / Gamma)^(i-1) / (i-1)!,   A_i = sum_{j<=R-i} C(N, j) z^j / (1 + z)^N

    (Gao, Smith and Clark, "Theoretical reliability of MMSE linear diversity combining in Rayleigh-fading additive
    interference channels", IEEE Trans. Commun. 46, 1998)."""
    _, symbols, reception = send(receive, transmit, snr_db)
    others, mean = transmit - 1, 10 ** (snr_db / 10) / transmit

    def cdf(z):
        above = sum(
            sum(comb(others, j) * z**j for j in range(min(receive - i, others) + 1)) / (1 + z) ** others
            * (z / mean) ** (i - 1) / np.prod(np.arange(1, i)) for i in range(1, receive + 1))
        return 1 - np.exp(-z / mean) * above

    sinr = 1 / reception.noise_variance[:, :: 4 * transmit].ravel().astype(np.float64)
    assert stats.kstest(sinr, cdf).pvalue > 1e-3
    per_row = np.mean(np.abs(reception.symbols - symbols) ** 2 / reception.noise_variance, axis=1)
    assert np.mean(per_row) == pytest.approx(1, abs=float(4 * stats.sem(per_row)))


def noisy(rng, count, receive, streams, bits, n0):
    """Labels int [count, streams], received and channel over the noise's standard deviation."""
    labels = rng.integers(0, 2**bits, (count, streams))
    points = qam.modulate((np.arange(2**bits)[:, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8), bits)[:, 0]
    h, n = (rng.standard_normal((count, receive, k, 2)) @ [1, 1j] / np.sqrt(2) for k in (streams, 1))
    h /= np.sqrt(n0)
    return labels, points, ((h @ points[labels][..., None] + n)[..., 0]).astype(np.complex64), h.astype(np.complex64)


def max_log(received, h, points, bits, streams):
    """LLRs over all combinations, float64 [count, streams, bits], and the most likely combination."""
    sets = np.stack(np.meshgrid(*[np.arange(len(points))] * streams, indexing="ij"), -1).reshape(-1, streams)
    metric = -np.sum(np.abs(received[:, None] - points[sets] @ h.transpose(0, 2, 1)) ** 2, axis=2)
    one = (sets[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1  # [sets, streams, bits]
    best = [np.max(np.where(one == b, metric[:, :, None, None], -np.inf), axis=1) for b in (0, 1)]
    return best[0] - best[1], sets[np.argmax(metric, axis=1)]


@pytest.mark.parametrize("receive, streams, bits, n0", [(2, 2, 2, 0.5), (3, 3, 2, 0.3)])
def test_kbest_is_maximum_likelihood_where_it_keeps_all(receive, streams, bits, n0):
    _, points, received, h = noisy(np.random.default_rng(5), 300, receive, streams, bits, n0)
    llr = KBest(streams, bits).llr(received, h)
    expected, _ = max_log(received, h, points, bits, streams)
    np.testing.assert_allclose(llr, np.clip(expected, -20, 20), atol=2e-3)


def test_kbest_is_close_to_maximum_likelihood_where_it_prunes():
    """2 x 2 16-QAM, 256 combinations, 64 paths: nearly all decisions agree, and no more symbols are lost."""
    labels, points, received, h = noisy(np.random.default_rng(6), 2000, 2, 2, 4, 0.02)
    llr = KBest(2, 4).llr(received, h)
    _, best = max_log(received, h, points, 4, 2)
    decided = np.sum((llr < 0) << np.arange(3, -1, -1), axis=2)
    assert np.mean(decided == best) > 0.995
    assert np.mean(decided == labels) == pytest.approx(np.mean(best == labels), abs=0.005)


def test_kbest_in_the_link_beats_lmmse():
    """Over 2 x 2 fast Rayleigh QPSK at 10 dB maximum likelihood has diversity 2, LMMSE 1."""
    bits, _, reception = send(2, 2, 10, "kbest", rows=10)
    searched = np.mean((reception.llr.reshape(bits.shape) < 0) != bits)
    assert reception.llr.shape == (10, 2048 * 2) and searched < 0.6 * np.mean(wrong(bits, reception))


def test_separate_is_sionnas_lmmse_and_of_one_stream_combining():
    from sionna.phy.mimo import lmmse_equalizer, zf_equalizer

    rng = np.random.default_rng(8)
    _, _, y, h = noisy(rng, 500, 4, 3, 4, 1.0)
    ours = y.T[None], np.transpose(h, (1, 2, 0))[None]
    white = np.broadcast_to(0.3 * np.eye(4, dtype=np.complex64), (500, 4, 4))
    for forcing, theirs in ((False, lmmse_equalizer), (True, zf_equalizer)):
        symbols, variance = separate(*ours, np.float32(0.3), forcing)
        expected, no_eff = theirs(y, h, white)
        np.testing.assert_allclose(symbols[0].numpy().T, expected, atol=2e-3, rtol=2e-3)
        np.testing.assert_allclose(variance[0].numpy().T, no_eff, rtol=2e-3)
    one = separate(ours[0], ours[1][:, :, :1], np.float32(0.3))
    combined = combine(ours[0], ours[1][:, :, 0], np.float32(0.3))
    np.testing.assert_allclose(one[0][:, 0], combined[0], rtol=1e-4)
    np.testing.assert_allclose(one[1][:, 0], combined[1], rtol=1e-4)


def test_a_singular_channel_gives_numbers():
    """Two streams through one direction: nothing to separate, but no NaN either, and the noise says so."""
    h = np.ones((1, 2, 2, 4), np.complex64)
    y = np.ones((1, 2, 4), np.complex64)
    for forcing in (False, True):
        symbols, variance = separate(y, h, np.float32(1e-6), forcing)
        assert np.isfinite(symbols).all() and np.isfinite(variance).all() and np.min(variance) > 0.9


@pytest.mark.parametrize("mutation", ["no for no_eff", "biased LMMSE", "3 dB more power", "noise of one antenna"])
def test_mistakes_are_seen(mutation, monkeypatch):
    """What the tests above measure moves when the receiver is wrong on purpose."""
    from linksim.link import air

    def mutant(y, h, n0, forcing=False):
        if mutation == "3 dB more power":
            h = h * 2**0.5
        symbols, variance = separate(y, h, n0, forcing)
        if mutation == "no for no_eff":
            variance = 0 * variance + n0
        if mutation == "biased LMMSE":
            symbols = symbols / _complex(1 + variance)
        if mutation == "noise of one antenna":
            variance = variance / 2
        return symbols, variance

    monkeypatch.setattr(air, "separate", mutant)
    link.cache_clear()
    _, symbols, reception = send(2, 2, 3, rows=10)
    per_row = np.mean(np.abs(reception.symbols - symbols) ** 2 / reception.noise_variance, axis=1)
    link.cache_clear()
    assert abs(np.mean(per_row) - 1) > 8 * stats.sem(per_row)


def _complex(x):
    import tensorflow as tf

    return tf.cast(x, tf.complex64)
