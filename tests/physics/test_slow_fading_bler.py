"""Coded blocks over slow Rayleigh, through transport and link, against the outage form

    BLER = P(SNR |h|^2 < g) = 1 - exp(-10^((g - SNR)/10)),  g the SNR in dB of 50 % BLER on AWGN

which nearly every mistake of power, LLR or normalisation breaks.
"""

import numpy as np
import pytest
from scipy import stats

from linksim.link.burst import Burst, Draw
from linksim.link.headercode import header_candidates, header_threshold_db
from linksim.link.link import Link, LinkConfig
from linksim.link.transport import MCS
from linksim.theory.closed_forms import slow_fading_bler

SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def link():
    return Link(LinkConfig(channel={"model": "rayleigh"}), tile=64)


def agrees(lost, threshold_db, snr_db):
    """Whether the losses counted lie in the binomial's central 99.9 % interval around the outage form."""
    expected = slow_fading_bler(threshold_db, snr_db)
    low, high = stats.binom.interval(0.999, len(lost), expected)
    print(f"{snr_db:.1f} dB: {np.sum(lost)} of {len(lost)} lost, outage form {low:.0f} to {high:.0f}")
    return low <= np.sum(lost) <= high


@pytest.mark.parametrize("index, above_db", [
    (3, 5), (8, 1), *(pytest.param(*case, marks=SLOW) for case in ((3, 1), (3, 9), (8, 5), (8, 9)))])
def test_block_error_rate_over_slow_rayleigh(link, index, above_db, rows=700, uses=200):
    mcs, transport, length = MCS[index], link.transport, np.full(rows, uses, np.int32)
    rng = np.random.default_rng(index)
    bits = [rng.integers(0, 2, n).astype(np.uint8) for n in transport.payload_bits(length, mcs)]
    burst = Burst(transport.encode(bits, length, mcs), length, np.zeros((rows, 0), np.uint8), 0,
                  transport.split(length, mcs))
    threshold_db = float(transport.threshold_db(mcs, length)[0])
    snr_db = threshold_db + above_db
    reception = link.transmit(burst, snr_db, Draw(above_db, np.arange(rows), np.zeros(rows, int)))
    got, ok = transport.decode(reception.symbols, reception.noise_variance, length, mcs)
    assert all(np.array_equal(a, b) for a, b, good in zip(got, bits, ok, strict=True) if good)
    assert agrees(~ok, threshold_db, snr_db), mcs


@pytest.mark.parametrize("candidate, above_db", [
    (2, 3), *(pytest.param(*case, marks=SLOW) for case in ((0, 3), (0, 8), (2, 8), (3, 3), (3, 8)))])
def test_header_loss_over_slow_rayleigh(link, candidate, above_db, rows=700, bits=120):
    uses = header_candidates(bits)[candidate]
    header = np.random.default_rng(1).integers(0, 2, (rows, bits), np.uint8)
    none = np.zeros(rows, np.int32)
    threshold_db = header_threshold_db(bits, uses)
    snr_db = threshold_db + above_db
    burst = Burst(np.zeros((rows, 0), np.complex64), none, header, uses, {"payload": none})
    reception = link.transmit(burst, snr_db, Draw(above_db, np.arange(rows), np.ones(rows, int)))
    ok = reception.header_ok
    np.testing.assert_array_equal(reception.header[ok], header[ok])
    assert agrees(~ok, threshold_db, snr_db)
