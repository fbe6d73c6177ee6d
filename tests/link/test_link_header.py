"""The header's way: coded, over the same channel as the payload, decoded at the receiver."""

import numpy as np
import pytest

from linksim.link.burst import Burst, Draw
from linksim.link.headercode import header_candidates
from linksim.link.link import Link, LinkConfig

BITS, ROWS, USES = 40, 12, 300


@pytest.fixture(scope="module")
def link():
    return Link(LinkConfig(channel={"model": "rayleigh"}), tile=4)


def burst(header_uses=None):
    rng = np.random.default_rng(0)
    phase = rng.integers(0, 4, (ROWS, USES))
    length = np.full(ROWS, USES, np.int32)
    return Burst((1j**phase).astype(np.complex64), length, rng.integers(0, 2, (ROWS, BITS), np.uint8),
                 header_uses or header_candidates(BITS)[2], {"payload": length})


def draw():
    return Draw(11, np.arange(ROWS), np.zeros(ROWS, int))


def test_header_arrives(link):
    b = burst()
    r = link.transmit(b, 60.0, draw())
    assert r.header_ok.all() and r.header.dtype == np.uint8
    np.testing.assert_array_equal(r.header, b.header)


def test_header_is_lost_in_noise_and_payload_arrives_all_the_same(link):
    b = burst()
    r = link.transmit(b, -40.0, draw())
    assert not r.header_ok.any()
    assert r.symbols.shape == (ROWS, USES) and (r.noise_variance > 0).all()


def test_header_and_payload_share_the_gain(link):
    """The rows whose header is lost are those of the smallest gains."""
    b = burst()
    gain = link.gain(draw())
    for snr_db in range(-15, 15):
        ok = link.transmit(b, float(snr_db), draw()).header_ok
        if 0 < ok.sum() < ROWS:
            assert gain[ok].max() > gain[~ok].min() and gain[ok].mean() > gain[~ok].mean()
            break
    else:
        pytest.fail("no SNR at which some headers are lost")


def test_header_is_billed(link):
    for uses in header_candidates(BITS):
        ledger = link.ledger(burst(uses))
        np.testing.assert_array_equal(sum(ledger.values()), link.uses(uses + burst().length))
        assert (ledger["side_information"] == BITS // 2).all()
        assert (ledger["coding"] == uses - BITS // 2 - 8).all()
