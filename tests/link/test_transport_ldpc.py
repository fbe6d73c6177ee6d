"""Our encoder and decoder of the mother code against Sionna's, and the decoder alone."""

import numpy as np
import pytest

from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.ldpc import MotherCode
from linksim.link.mcs import lifting_size

# graph, K', E, SNR in dB where some blocks fail and some don't (BPSK-like LLRs of variance 4 SNR)
CASES = [(2, 500, 1000, 1.0), (2, 64, 320, -4.0), (1, 1024, 1232, 5.0), (1, 2200, 6600, -1.6)]


def _noisy(coded, snr_db, rng):
    """QPSK LLRs of coded bits on AWGN at Es/N0."""
    variance = 10 ** (-snr_db / 10) / 2  # of each bit sent with amplitude sqrt(1/2)
    y = (1 - 2.0 * coded) * np.sqrt(0.5) + rng.standard_normal(coded.shape) * np.sqrt(variance)
    return (2 * np.sqrt(0.5) * y / variance).astype(np.float32)


@pytest.fixture(scope="module")
def sionna():
    ldpc = pytest.importorskip("sionna.phy.fec.ldpc")
    import tensorflow as tf

    def build(graph, block, sent, rule="boxplus-phi", bits_per_symbol=2):
        encoder = ldpc.LDPC5GEncoder(block, sent, num_bits_per_symbol=bits_per_symbol, bg=f"bg{graph}")
        decoder = ldpc.LDPC5GDecoder(encoder, num_iter=20, cn_update=rule)
        return (lambda bits: encoder(tf.constant(bits, tf.float32)).numpy().astype(np.uint8),
                lambda llr: decoder(tf.constant(-llr)).numpy().astype(np.uint8))

    return build


BY_RULE = [*(("boxplus-phi", *case) for case in CASES), ("boxplus", *CASES[0]), ("boxplus", *CASES[2]),
           ("minsum", 2, 500, 1000, 1.7), ("minsum", 1, 1024, 1232, 5.6)]  # min-sum needs more


@pytest.mark.parametrize("rule, graph, block, sent, snr_db", BY_RULE)
def test_same_words_and_same_decisions_as_sionna(sionna, rule, graph, block, sent, snr_db, count=24):
    encode, decode = sionna(graph, block, sent, rule)
    rng = np.random.default_rng(sent)
    bits = rng.integers(0, 2, (count, block), dtype=np.uint8)
    shape = np.full(count, block), np.full(count, sent), graph, lifting_size(graph, block), 2
    coded = encode_blocks(bits, *shape)
    assert np.array_equal(coded, encode(bits))
    llr = _noisy(coded, snr_db, rng)
    ours, theirs = decode_blocks(llr, *shape, rule=rule)[:, :block], decode(llr)
    right, right_theirs = (ours == bits).all(axis=1), (theirs == bits).all(axis=1)
    assert 0 < right.sum() < count  # the case tells something
    # The sums are added up in another order, so an undecided bit of a lost block may fall the other way.
    assert np.array_equal(right, right_theirs)
    assert np.mean(ours != theirs) < 1e-3


@pytest.mark.parametrize("graph, block, sent, bits_per_symbol", [
    (2, 600, 1200, 4), (1, 1024, 1536, 6), (1, 2200, 6600, 8), (2, 24, 48, 2), (2, 301, 1404, 6), (1, 8448, 9128, 8)])
def test_rate_matching_is_sionnas(sionna, graph, block, sent, bits_per_symbol):
    encode, _ = sionna(graph, block, sent, bits_per_symbol=bits_per_symbol)
    bits = np.random.default_rng(sent).integers(0, 2, (3, block), dtype=np.uint8)
    shape = np.full(3, block), np.full(3, sent), graph, lifting_size(graph, block), bits_per_symbol
    assert np.array_equal(encode_blocks(bits, *shape), encode(bits))


@pytest.mark.parametrize("graph, z", [(1, 2), (1, 13), (1, 240), (2, 3), (2, 44), (2, 352)])
def test_words_fulfil_every_check(graph, z):
    code = MotherCode(graph, z)
    bits = np.random.default_rng(z).integers(0, 2, (3, code.k), dtype=np.uint8)
    word = np.concatenate([bits[:, : 2 * z], code.encode(bits)], axis=1).reshape(3, -1, z)
    assert np.array_equal(word[:, : code.columns].reshape(3, -1), bits)
    for row in code.rows:
        check = sum(np.roll(word[:, c], -s, axis=1) for c, s in row) % 2
        assert not check.any()


@pytest.mark.parametrize("rule", ["boxplus-phi", "boxplus", "minsum"])
def test_a_block_is_decoded_the_same_in_any_company(rule):
    """Other lengths, other noise, another order: to the bit, also where decoding fails."""
    rng = np.random.default_rng(7)
    block, sent = rng.integers(330, 352, 40), 2 * rng.integers(240, 600, 40)
    bits = np.zeros((40, 352), np.uint8)
    for row, size in zip(bits, block, strict=True):
        row[:size] = rng.integers(0, 2, size)
    llr = _noisy(encode_blocks(bits, block, sent, 1, 16, 2), 1.0, rng)

    def decode(rows, tile=8):
        longest = int(sent[rows].max())
        return decode_blocks(llr[rows, :longest], block[rows], sent[rows], 1, 16, 2, rule=rule, tile=tile)

    together = decode(np.arange(40))
    lost = np.array([not np.array_equal(a[:k], b[:k]) for a, b, k in zip(together, bits, block, strict=True)])
    assert 5 < lost.sum() < 35
    order = rng.permutation(40)
    assert np.array_equal(decode(order, tile=1), together[order])
    for row in range(40):
        assert np.array_equal(decode(np.array([row]))[0], together[row])


@pytest.mark.parametrize("rv", [0, 1, 2, 3])
def test_every_redundancy_version_decodes_without_noise(rv):
    rng = np.random.default_rng(rv)
    bits = rng.integers(0, 2, (6, 500), dtype=np.uint8)
    shape = np.full(6, 500), np.full(6, 2800), 2, 64, 4
    llr = 8 * (1 - 2 * encode_blocks(bits, *shape, rv=rv).astype(np.float32))
    assert np.array_equal(decode_blocks(llr, *shape, rv=rv)[:, :500], bits)
