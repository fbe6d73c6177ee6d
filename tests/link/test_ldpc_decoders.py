"""The layered decoder and Sionna's with early stopping beside the flooding one."""

import numpy as np
import pytest
from scipy.stats import binomtest

from linksim.link import ldpc_layered, ldpc_sionna, qam
from linksim.link.codeblocks import decode_blocks, encode_blocks, to_buffers
from linksim.link.ldpc import LIFTING, RULES, MotherCode, mother_code
from linksim.link.link import Link, LinkConfig
from linksim.link.mcs import MCS, lifting_size
from linksim.link.transport import Transport

DECODERS = {"layered": ldpc_layered.decode, "sionna": ldpc_sionna.decode}


def received(block, sent, graph, bits_per_symbol, snr_db, count, seed):
    """Information bits and circular-buffer LLRs of `count` code blocks after AWGN."""
    rng, shape = np.random.default_rng(seed), (np.full(count, block), np.full(count, sent), graph,
                                               lifting_size(graph, block), bits_per_symbol)
    bits = rng.integers(0, 2, (count, block), dtype=np.uint8)
    symbols = qam.modulate(encode_blocks(bits, *shape), bits_per_symbol)
    variance = np.full(symbols.shape, 10 ** (-snr_db / 10), np.float32)
    noise = rng.standard_normal((*symbols.shape, 2), np.float32) @ np.array([1, 1j], np.complex64)
    llr = qam.demodulate((symbols + noise * np.sqrt(variance / 2)).astype(np.complex64), variance, bits_per_symbol)
    return bits, to_buffers(llr, *shape), mother_code(graph, shape[3])


def lost(found, bits):
    return np.any(found[:, : bits.shape[1]] != bits, axis=1)


@pytest.mark.parametrize("graph", [1, 2])
@pytest.mark.parametrize("z", LIFTING[3::12])
def test_layered_gives_every_word_back_without_noise(graph, z):
    """8 rows of each base graph, which is rate 22/28 or 10/16."""
    code = MotherCode(graph, z)
    bits = np.random.default_rng(z).integers(0, 2, (3, code.k), dtype=np.uint8)
    buffer = 6 * (1 - 2 * code.encode(bits).astype(np.float32))
    buffer[:, (code.columns + 6) * z :] = 0
    assert np.array_equal(ldpc_layered.decode(code, buffer), bits)


@pytest.mark.parametrize("rule", RULES)
def test_layered_loses_no_more_blocks_than_flooding(rule, count=300):
    """One-sided exact test of the discordant pairs, false alarms 1 in 1000; the SNR is where flooding loses some."""
    bits, buffer, code = received(120, 240, 2, 2, {"minsum": 2.5}.get(rule, 1.5), count, seed=11)
    layered = lost(ldpc_layered.decode(code, buffer, rule=rule), bits)
    flooding = lost(code.decode(buffer, 20, rule), bits)
    assert 10 < flooding.sum() < count - 10
    only_layered, only_flooding = np.sum(layered & ~flooding), np.sum(flooding & ~layered)
    if only_layered + only_flooding:
        assert binomtest(int(only_layered), int(only_layered + only_flooding), 0.5, "greater").pvalue > 1e-3


def test_layered_needs_about_half_the_iterations():
    """Six of its iterations lose no more than ten of flooding, ten no more than fifteen."""
    bits, buffer, code = received(120, 240, 2, 2, 1.5, 300, seed=12)
    for few, many in ((6, 10), (10, 15)):
        assert lost(ldpc_layered.decode(code, buffer, few), bits).sum() <= lost(code.decode(buffer, many), bits).sum()


@pytest.mark.parametrize("decoder", DECODERS)
def test_stopping_early_gives_the_same_words(decoder):
    """Where a block is lost too: at an SNR where about half are."""
    decode = DECODERS[decoder]
    bits, buffer, code = received(120, 240, 2, 2, 1.0, 90, seed=13)
    early, late = decode(code, buffer), decode(code, buffer, early=False)
    wrong = lost(late, bits)
    assert 5 < wrong.sum() < 85 and np.array_equal(early, late)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_block_is_decoded_the_same_in_any_company(decoder):
    """Lengths that leave different checks without their bit, in another order, in other batches: to the bit."""
    decode = DECODERS[decoder]
    bits, short, code = received(120, 240, 2, 2, 1.0, 40, seed=14)
    used = np.flatnonzero(short.any(axis=0))[-1] + 1
    short[:20, used - 40 : used] = 0  # half of them lack the last parity bits
    together = decode(code, short)
    order = np.random.default_rng(14).permutation(40)
    assert np.array_equal(decode(code, short[order]), together[order])
    assert np.array_equal(np.concatenate([decode(code, short[:20]), decode(code, short[20:])]), together)
    assert 2 < lost(together, bits).sum() < 38


def test_sionnas_decoder_stopped_early_loses_as_many_blocks_as_flooding():
    """Not always the same ones: a block that wanders passes its word at an iteration where one of them looks, or not.
    Exact test of the discordant pairs, false alarms 1 in 1000, and nearly all pairs agree."""
    bits, buffer, code = received(120, 240, 2, 2, 1.5, 90, seed=15)
    stopped, flooding = lost(ldpc_sionna.decode(code, buffer), bits), lost(code.decode(buffer), bits)
    assert 4 < flooding.sum() < 86
    assert np.mean(stopped == flooding) > 0.9
    if (apart := int(np.sum(stopped != flooding))):
        assert binomtest(int(np.sum(stopped & ~flooding)), apart).pvalue > 1e-3


@pytest.mark.parametrize("rv", [0, 3])
def test_layered_decodes_every_redundancy_version(rv):
    rng = np.random.default_rng(rv)
    bits = rng.integers(0, 2, (6, 100), dtype=np.uint8)
    shape = np.full(6, 100), np.full(6, 560), 2, lifting_size(2, 100), 4
    llr = 8 * (1 - 2 * encode_blocks(bits, *shape, rv=rv).astype(np.float32))
    assert np.array_equal(decode_blocks(llr, *shape, rv=rv, decoder="layered")[:, :100], bits)


def test_the_link_takes_and_declares_a_decoder():
    channel = {"model": "awgn"}
    told = {name: Link(LinkConfig(channel=channel, transport={"decoder": name})) for name in ("flooding", *DECODERS)}
    assert {name: link.transport.decoder for name, link in told.items()} == {name: name for name in told}
    texts = [link.declared()["decoder"] for link in told.values()]
    assert texts[0] == Link(LinkConfig(channel=channel)).declared()["decoder"] == "boxplus-phi, 20 iterations"
    assert "layered" in texts[1] and "Sionna" in texts[2]
    with pytest.raises(ValueError, match="decoder must be one of"):
        Transport(decoder="turbo")


def test_a_transport_block_comes_through_the_layered_decoder():
    chain, mcs, uses = Transport(decoder="layered"), MCS[3], np.array([300, 0, 520])
    rng = np.random.default_rng(1)
    bits = [rng.integers(0, 2, n, dtype=np.uint8) for n in chain.payload_bits(uses, mcs)]
    symbols = chain.encode(bits, uses, mcs)
    got, ok = chain.decode(symbols, np.full(symbols.shape, 0.05, np.float32), uses, mcs)
    assert ok.tolist() == [True, False, True]
    assert all(np.array_equal(a, b) for a, b in zip(got, bits, strict=True))
