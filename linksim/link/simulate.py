"""Code blocks over the bare chain, from coder to decoder with nothing but noise and fading between.

For thresholds and for comparison with published block-error rates, where CRCs and OFDM would only be in the way.
"""

from typing import Literal

import numpy as np

from linksim.errors import UserError
from linksim.link import qam
from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.mcs import HIGHEST, LARGEST, LOWEST, RANGE, lifting_size
from linksim.link.tbs import base_graph


def block_errors(k: int, n: int, bits_per_symbol: int, rule: str, iterations: int, snr_db: float, count: int, seed,
                 fading: Literal["slow", "fast"] | None = None, interleaved: bool = True) -> int:
    """How many of `count` code blocks are wrong at a mean Es/N0 of `snr_db`.

    k: bits K' of a block. n: coded bits E, a multiple of bits_per_symbol. rule, iterations: of the decoder
    (ldpc.py). seed: int or ints. fading: Rayleigh gain per block ("slow") or per symbol ("fast"), known to the
    receiver; None: AWGN. interleaved: with the bit interleaver of TS 38.212, 5.4.2.2. The base graph is that of
    7.2.2 for a transport block of k bits at rate k / n. UserError for a code rate out of the standard's range or a
    block too large."""
    if not LOWEST <= k / n <= HIGHEST:
        raise UserError(f"code rate {k}/{n} = {k / n:.3f} lies outside the standard's range, {RANGE}")
    graph = base_graph(k, k / n)
    if not 0 < k <= LARGEST[graph]:
        raise UserError(f"a code block of base graph {graph} has 1 to {LARGEST[graph]} bits, got {k}")
    return errors(np.random.default_rng(seed), k, n, graph, bits_per_symbol, snr_db, count, rule, iterations, fading,
                  interleaved)


def errors(rng: np.random.Generator, k: int, n: int, graph: int, bits_per_symbol: int, snr_db: float, count: int,
           rule: str = "boxplus-phi", iterations: int = 20, fading: str | None = None,
           interleaved: bool = True) -> int:
    """`block_errors` on a given base graph."""
    depth = bits_per_symbol if interleaved else 1  # interleaving one row changes nothing
    shape = np.full(count, k), np.full(count, n), graph, lifting_size(graph, k), depth
    bits = rng.integers(0, 2, (count, k), dtype=np.uint8)
    symbols = qam.modulate(encode_blocks(bits, *shape), bits_per_symbol)
    noise = rng.standard_normal((*symbols.shape, 2), np.float32) @ np.array([1, 1j], np.complex64)
    variance = np.float32(10 ** (-snr_db / 10))
    if fading:  # the equaliser divides by the gain, so that fading is another noise variance
        gains = rng.standard_exponential((count, 1 if fading == "slow" else symbols.shape[1]), np.float32)
        variance = variance / np.maximum(gains, np.float32(1e-9))
    variance = np.broadcast_to(variance, symbols.shape)
    llr = qam.demodulate(symbols + noise * np.sqrt(variance / 2), variance, bits_per_symbol)
    found = decode_blocks(llr, *shape, iterations=iterations, rule=rule)
    return int(np.any(found[:, :k] != bits, axis=1).sum())
