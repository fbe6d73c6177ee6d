"""HARQ: what combining rounds gains, against what it must."""

import numpy as np
import pytest
from scipy import stats

from linksim.link import qam
from linksim.link.codeblocks import to_buffers
from linksim.link.mcs import MCS
from linksim.link.transport import Transport, redundancy_versions

TRANSPORT = Transport()


def _lost(mcs, uses, snr_db, count, combining, rounds, seed, gains=None):
    """bool [rounds, count]: whether blocks are lost after that many rounds. gains: [rounds, count] of |h|^2."""
    rng, symbols = np.random.default_rng(seed), np.full(count, uses)
    bits = [rng.integers(0, 2, size, dtype=np.uint8) for size in TRANSPORT.payload_bits(symbols, mcs)]
    rvs, heard, lost = redundancy_versions(combining, rounds), [], []
    for attempt, rv in enumerate(rvs):
        sent = TRANSPORT.encode(bits, symbols, mcs, rv)
        variance = np.full((count, 1), 10 ** (-snr_db / 10))
        if gains is not None:
            variance = variance / gains[attempt][:, None]
        noise = rng.standard_normal((*sent.shape, 2)) @ [1, 1j] * np.sqrt(variance / 2)
        variance = np.broadcast_to(variance, sent.shape).astype(np.float32)
        heard.append(((sent + noise).astype(np.complex64), variance, None))
        decoded = TRANSPORT.receive(heard, symbols, mcs, rvs[: attempt + 1])
        right = [np.array_equal(a, b) for a, b in zip(decoded.bits, bits, strict=True)]
        assert all(good for good, ok in zip(right, decoded.ok, strict=True) if ok)
        lost.append(~decoded.ok)
    return np.array(lost)


@pytest.mark.parametrize("q", [2, 4, 6, 8])
def test_two_equal_receptions_are_one_of_half_the_noise(q):
    """Chase combining: LLRs add, which is the LLR of both receptions, 10 log10 2 = 3.01 dB. Exact for QPSK, whose
    LLR is linear; for larger constellations where it is the same noise, LLRs double."""
    rng = np.random.default_rng(q)
    y = (rng.standard_normal((2, 3, 600)) + 1j * rng.standard_normal((2, 3, 600))).astype(np.complex64)
    variance = np.full((3, 600), 0.4, np.float32)
    shape = np.full(3, 500), np.full(3, 600 * q), 2, 64, q
    heard = [to_buffers(qam.demodulate(each, variance, q), *shape) for each in y]
    if q == 2:
        once = to_buffers(qam.demodulate(y.mean(axis=0), variance / 2, q), *shape)
        filler = once >= 1e4
        np.testing.assert_allclose((heard[0] + heard[1])[~filler], once[~filler], rtol=1e-4, atol=1e-4)
        assert filler.sum() == 3 * (640 - 500)
    assert np.array_equal(heard[0] + heard[0], 2 * heard[0])


@pytest.mark.parametrize("index, uses", [(1, 300), (4, 250)])
def test_chase_gains_three_decibels(index, uses, count=500):
    """QPSK: two rounds 3.01 dB below lose as many blocks as one round (Fisher's test, level .2 %)."""
    mcs = MCS[index]
    snr_db = TRANSPORT.threshold_db(mcs, np.array([uses]))[0] + 0.3
    once = _lost(mcs, uses, snr_db, count, "chase", 1, [1, index])[0].sum()
    twice = _lost(mcs, uses, snr_db - 10 * np.log10(2), count, "chase", 2, [2, index])[1].sum()
    assert stats.fisher_exact([[once, count - once], [twice, count - twice]]).pvalue > 0.002


def test_incremental_redundancy_is_the_code_of_lower_rate(count=200):
    """QPSK 3/4 in two rounds of RV 0 and 2 is a code of rate 3/8 and beats chase, by the capacities' difference: at
    equal SNR, chase has capacity C(2 snr) per use of the first round, new redundancy 2 C(snr)."""
    mcs, uses = MCS[4], 300
    snr_db = TRANSPORT.threshold_db(mcs, np.array([uses]))[0] - 10 * np.log10(2)
    chase = _lost(mcs, uses, snr_db, count, "chase", 2, 3)[1]
    incremental = _lost(mcs, uses, snr_db, count, "incremental", 2, 4)[1]
    assert 0.3 < chase.mean() < 0.7 and incremental.mean() < 0.05
    lower = TRANSPORT.threshold_db(MCS[1], np.array([2 * uses]))[0]  # rate 1/3, and 3/8 needs .5 to .9 dB more
    assert lower + 0.4 < _half_lost(mcs, uses, "incremental") < lower + 1.2


def _half_lost(mcs, uses, combining, count=80):
    """SNR in dB where half the blocks are lost after two rounds, by bisection."""
    low, high = -2.0, 2.0
    for step in range(4):
        middle = (low + high) / 2
        lost = _lost(mcs, uses, middle, count, combining, 2, [5, step])[1].mean()
        low, high = (middle, high) if lost > 0.5 else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize("combining", ["chase", "incremental"])
@pytest.mark.parametrize("fading", [False, True])
def test_throughput_is_never_below_the_single_shots(combining, fading, count=250):
    """Delivered blocks per round sent, with up to three rounds, against one: (1 - p_3) / (1 + p_1 + p_2) and 1 - p_1.

    Each round has its own noise and gain. One-sided at 3 standard errors (level .14 % a point)."""
    mcs, uses = MCS[2], 200
    threshold = TRANSPORT.threshold_db(mcs, np.array([uses]))[0]
    for point, above_db in enumerate((-4.0, -2.0, 0.0, 3.0)):
        gains = np.random.default_rng([7, point]).standard_exponential((3, count)) if fading else None
        lost = _lost(mcs, uses, threshold + above_db, count, combining, 3, [6, point, fading], gains)
        sent = 1 + lost[0] + (lost[0] & lost[1])
        delivered = ~(lost[0] & lost[1] & lost[2])
        single, harq = 1 - lost[0].mean(), delivered.mean() / sent.mean()
        # of the ratio: each block's delivered - harq * sent, and of the single shot's, together
        error = np.std((delivered - harq * sent) / sent.mean() - (~lost[0] - single)) / np.sqrt(count)
        assert harq >= single - 3 * error - 1e-12
        if above_db < 0 and not fading:
            assert harq > single + 0.1 and single < 0.1  # where one round delivers nothing, rounds do
