"""The coded chain against published and measured block-error rates, and against slow fading's closed form.

Reference counts, errors of blocks: 5G LDPC of Sionna 1.2, AWGN, 20 iterations, boxplus-phi; the last two with
boxplus, from the notebooks of Sionna 1.2.1 (5G_Channel_Coding_Polar_vs_LDPC_Codes).
"""

import numpy as np
import pytest
from scipy.stats import binomtest

from linksim.link import qam
from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.mcs import lifting_size


def _losses(block, sent, bits_per_symbol, snr_db, key):
    """bool [count]: which code blocks are wrong. snr_db: [count], Es/N0 of each."""
    rng, count = np.random.default_rng(key), len(snr_db)
    shape = np.full(count, block), np.full(count, sent), 2, lifting_size(2, block), bits_per_symbol
    bits = rng.integers(0, 2, (count, block), dtype=np.uint8)
    symbols = qam.modulate(encode_blocks(bits, *shape), bits_per_symbol)
    variance = np.broadcast_to(10 ** (-np.asarray(snr_db)[:, None] / 10), symbols.shape).astype(np.float32)
    noise = rng.standard_normal((*symbols.shape, 2)) @ [1, 1j] * np.sqrt(variance / 2)
    llr = qam.demodulate((symbols + noise).astype(np.complex64), variance, bits_per_symbol)
    return np.any(decode_blocks(llr, *shape)[:, :block] != bits, axis=1)


@pytest.mark.parametrize("block, sent, bits_per_symbol, snr_db, errors, blocks, count", [
    (512, 1024, 2, 0.5, 454, 500, 200),
    (512, 1024, 2, 1.0, 220, 500, 400),
    (512, 1024, 2, 1.5, 214, 3000, 1000),
    (1024, 2048, 4, 6.0, 308, 500, 200),
    (1024, 2048, 4, 6.5, 213, 2500, 600),
    (1024, 1536, 6, 13.5, 302, 500, 200),
    (1024, 1536, 6, 14.0, 210, 1500, 400),
    (64, 128, 2, 2.0, 589, 4000, 1000),
    (64, 128, 2, 3.0, 501, 23000, 2000),
])
def test_block_errors_on_awgn(block, sent, bits_per_symbol, snr_db, errors, blocks, count):
    lost = int(_losses(block, sent, bits_per_symbol, np.full(count, snr_db), [block, int(10 * snr_db)]).sum())
    ours = binomtest(lost, count).proportion_ci(0.99, "wilson")
    reference = binomtest(errors, blocks).proportion_ci(0.99, "wilson")
    # The allowance is what .05 dB make on the slope of the curve: boxplus and boxplus-phi differ by as much.
    allowance = 0.15 * errors / blocks
    assert ours.low <= reference.high + allowance and reference.low - allowance <= ours.high


@pytest.mark.parametrize("snr_db", [5.0, 10.0, 15.0])
def test_slow_rayleigh_is_the_outage_of_the_threshold(snr_db, count=1500):
    """BLER = 1 - exp(-10^((g - SNR)/10)) with g = .95 dB, where QPSK (512, 1024) loses half its blocks on
    AWGN."""
    gain = np.random.default_rng(3).exponential(size=count)
    lost = int(_losses(512, 1024, 2, snr_db + 10 * np.log10(gain), [77, int(snr_db)]).sum())
    expected = 1 - np.exp(-(10 ** ((0.95 - snr_db) / 10)))
    low, high = binomtest(lost, count).proportion_ci(0.99, "wilson")
    assert low <= expected <= high
