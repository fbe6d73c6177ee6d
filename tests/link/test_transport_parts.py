"""The parts of the transport chain, each against an answer found in another way."""

import numpy as np
import pytest

from linksim.link import crc, qam, ratematch
from linksim.link.ldpc import LIFTING, MotherCode
from linksim.link.mcs import LARGEST, MCS, lifting_size, plan

RNG = np.random.default_rng(38212)


def _bits(text: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(text, np.uint8))[None]


@pytest.mark.parametrize("name, answer", [("16", 0x31C3), ("24A", 0xCDE703), ("24B", 0x23EF52)])
def test_crc_of_the_catalogue(name, answer):
    """The check values of CRC-16/XMODEM, CRC-24/LTE-A and CRC-24/LTE-B for "123456789"."""
    parity = crc.crc(_bits(b"123456789"), name)[0]
    assert int("".join(map(str, parity)), 2) == answer
    padded = np.concatenate([np.zeros((1, 77), np.uint8), _bits(b"123456789")], axis=1)
    assert np.array_equal(crc.crc(padded, name)[0], parity)


@pytest.mark.parametrize("name", ["16", "24A", "24B"])
def test_crc_finds_every_burst_of_its_length(name):
    words = crc.append(RNG.integers(0, 2, (40, 300), dtype=np.uint8), name)
    assert crc.check(words, name).all()
    for row, start in enumerate(RNG.integers(0, 290, 40)):
        words[row, start : start + 10] ^= 1
    assert not crc.check(words, name).any()


def _selected(code, block, sent, bits_per_symbol, rv):
    """Bit selection and interleaving as written down in TS 38.212, 5.4.2.1 and 5.4.2.2, bit by bit."""
    filler = set(range(block - 2 * code.z, code.k - 2 * code.z))
    j, e = ratematch.START[code.graph][rv] * code.z, []
    while len(e) < sent:
        if j % code.n not in filler:
            e.append(j % code.n)
        j += 1
    rows = sent // bits_per_symbol
    return [e[i * rows + j] for j in range(rows) for i in range(bits_per_symbol)]


@pytest.mark.parametrize("graph, z, block, sent, bits_per_symbol", [
    (2, 16, 96, 240, 2), (2, 16, 90, 2400, 4), (1, 8, 170, 204, 6), (1, 8, 176, 528, 2), (2, 30, 256, 1280, 8)])
@pytest.mark.parametrize("rv", [0, 1, 2, 3])
def test_selected_bits_are_those_of_the_standard(graph, z, block, sent, bits_per_symbol, rv):
    code = MotherCode(graph, z)
    got = ratematch.select(np.arange(code.n)[None], code, block, sent, bits_per_symbol, rv)
    assert got[0].tolist() == _selected(code, block, sent, bits_per_symbol, rv)


@pytest.mark.parametrize("rv, sent", [(0, 300), (0, 2 * 800), (1, 1000), (2, 2400), (3, 500)])
def test_combining_is_the_inverse_and_sums_repetitions(rv, sent):
    code = MotherCode(2, 16)
    llr = RNG.standard_normal((3, sent)).astype(np.float32)
    expected = np.zeros((3, code.n))
    for row in range(3):
        np.add.at(expected[row], _selected(code, 100, sent, 4, rv), llr[row].astype(float))
    buffer = ratematch.combine(llr, code, 100, 4, rv)
    filler = np.arange(100 - 32, 160 - 32)
    assert (buffer[:, filler] > 1e3).all()
    rest = np.setdiff1d(np.arange(code.n), filler)
    np.testing.assert_allclose(buffer[:, rest], expected[:, rest], atol=1e-5)


def _constellation(b):
    """The formulas of TS 38.211, 5.1.3 to 5.1.6, for bits b [n, q]."""
    s = 1 - 2 * b.astype(float)
    q = b.shape[1]
    if q == 2:
        return (s[:, 0] + 1j * s[:, 1]) / np.sqrt(2)
    if q == 4:
        return (s[:, 0] * (2 - s[:, 2]) + 1j * s[:, 1] * (2 - s[:, 3])) / np.sqrt(10)
    if q == 6:
        return (s[:, 0] * (4 - s[:, 2] * (2 - s[:, 4])) + 1j * s[:, 1] * (4 - s[:, 3] * (2 - s[:, 5]))) / np.sqrt(42)
    return (s[:, 0] * (8 - s[:, 2] * (4 - s[:, 4] * (2 - s[:, 6])))
            + 1j * s[:, 1] * (8 - s[:, 3] * (4 - s[:, 5] * (2 - s[:, 7])))) / np.sqrt(170)


@pytest.mark.parametrize("q", [2, 4, 6, 8])
def test_qam_is_that_of_the_standard_and_its_llrs_are_exact(q):
    labels = (np.arange(2**q)[:, None] >> np.arange(q - 1, -1, -1) & 1).astype(np.uint8)
    points = _constellation(labels)
    np.testing.assert_allclose(qam.modulate(labels.reshape(1, -1), q)[0], points, atol=1e-6)
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1)

    y = (RNG.standard_normal(200) + 1j * RNG.standard_normal(200)).astype(np.complex64)
    variance = RNG.uniform(0.05, 2, 200).astype(np.float32)
    likelihood = np.exp(-np.abs(y[:, None] - points) ** 2 / variance[:, None])
    zero = np.einsum("nl,lq->nq", likelihood, 1.0 - labels)
    one = np.einsum("nl,lq->nq", likelihood, labels.astype(float))
    np.testing.assert_allclose(qam.demodulate(y, variance, q).reshape(200, q), np.log(zero / one), atol=2e-3, rtol=1e-3)


def test_lifting_sizes_are_those_of_the_standard():
    assert len(LIFTING) == 51 and LIFTING[0] == 2 and LIFTING[-1] == 384 and {7, 13, 30, 208, 352} <= set(LIFTING)
    assert lifting_size(2, 512) == 64 and lifting_size(2, 600) == 72 and lifting_size(2, 64) == 11
    assert lifting_size(1, 8448) == 384 and lifting_size(2, 3840) == 384 and lifting_size(1, 4225) == 208


@pytest.mark.parametrize("mcs", MCS, ids=lambda m: m.name)
def test_segmentation_follows_the_standard(mcs):
    """Number of code blocks, base graph and CRC as TS 38.212 (5.2.2, 7.2.1, 7.2.2) give them for the
    payload found."""
    for symbols in [*range(1, 400, 7), *range(400, 30000, 397)]:
        p = plan(symbols, mcs)
        if not p.payload:
            continue
        graph = 2 if p.payload <= 292 or (p.payload <= 3824 and mcs.rate <= 0.67) or mcs.rate <= 0.25 else 1
        assert p.graph == graph and p.payload % 8 == 0
        with_crc = p.payload + (16 if p.payload <= 3824 else 24)
        blocks = 1 if with_crc <= LARGEST[graph] else -(-with_crc // (LARGEST[graph] - 24))
        assert p.blocks == blocks
        assert p.block * blocks == with_crc + (24 * blocks if blocks > 1 else 0)
        budget = mcs.rate * symbols * mcs.bits_per_symbol
        assert budget - 8 * blocks - 80 < p.block * blocks <= budget + 1e-6
        uses = ratematch.shares(symbols, blocks)
        assert uses.sum() == symbols and uses.max() - uses.min() <= 1 and (np.diff(uses) >= 0).all()
