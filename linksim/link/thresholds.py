"""Measures thresholds.json: where this chain loses half its code blocks on AWGN, and how steeply.

    python -m linksim.link.thresholds            # all entries, some minutes on two cores

A block-error curve is taken as Q((SNR - t) / s) in dB. Per entry, t is first bracketed, then t and s are
fitted by maximum likelihood to blocks at five SNRs around it. Draws are keyed by the entry, so the file
comes out the same.
"""

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.special import log_ndtr

from linksim.link import qam
from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.mcs import LARGEST, MCS, lifting_size

# K' per base graph: up to 3,824 information bits base graph 2 takes rates up to .67, above it and behind it 1.
SIZES = {2: (64, 128, 256, 512, 1024, 2048, 3840), 1: (320, 512, 1024, 2048, 4224, 8448)}
HEADER_SIZES = (48, 96, 192, 384, 768)
HEADER_RATES = (1 / 5, 1 / 3, 1 / 2, 3 / 4)
OFFSETS = (-1.2, -0.6, 0.0, 0.6, 1.2)  # SNRs of the fit, in spreads from the middle


@lru_cache(maxsize=1)
def load() -> dict:
    """The table as committed: "mcs" (by name of the MCS) and "header", lists of entries by K' (see main)."""
    return json.loads(files("linksim.link").joinpath("thresholds.json").read_text())


def blocks_lost(block: int, graph: int, bits_per_symbol: int, rate: float, snr_db: float, count: int, key: int) -> int:
    """How many of `count` code blocks of K' = block bits are wrong after AWGN at Es/N0 = snr_db."""
    rng = np.random.default_rng([key, block, graph, bits_per_symbol, round(1000 * rate), round(1000 * (snr_db + 100))])
    sent = np.full(count, int(np.ceil(block / rate / bits_per_symbol)) * bits_per_symbol)
    size, z = np.full(count, block), lifting_size(graph, block)
    bits = rng.integers(0, 2, (count, block), dtype=np.uint8)
    symbols = qam.modulate(encode_blocks(bits, size, sent, graph, z, bits_per_symbol), bits_per_symbol)
    variance = np.float32(10 ** (-snr_db / 10))
    noise = rng.standard_normal((*symbols.shape, 2), np.float32) @ np.array([1, 1j], np.complex64)
    received = symbols + noise * np.sqrt(variance / 2)
    llr = qam.demodulate(received, np.full(symbols.shape, variance), bits_per_symbol)
    return int(np.any(decode_blocks(llr, size, sent, graph, z, bits_per_symbol)[:, :block] != bits, axis=1).sum())


def measure(block: int, graph: int, bits_per_symbol: int, rate: float, count: int = 200) -> tuple[float, float]:
    """(t, s) in dB, from 5 * count blocks."""
    from scipy.optimize import minimize  # slow to import, and only needed here

    efficiency = bits_per_symbol * rate
    low = 10 * np.log10(2**efficiency - 1) - 0.5  # capacity: nothing gets through below
    high = low + 8
    while high - low > 0.3:
        middle = (low + high) / 2
        lost = blocks_lost(block, graph, bits_per_symbol, rate, middle, 8, key=0)
        low, high = (middle, high) if lost > 4 else (low, middle)
    spread = 0.8 * min(1.0, np.sqrt(96 / block)) + 0.05
    snrs = (low + high) / 2 + spread * np.array(OFFSETS)
    lost = np.array([blocks_lost(block, graph, bits_per_symbol, rate, snr, count, key=1) for snr in snrs])

    def unlikelihood(parameters):
        z = (snrs - parameters[0]) / np.exp(parameters[1])
        return -np.sum(lost * log_ndtr(-z) + (count - lost) * log_ndtr(z))

    middle, log_spread = minimize(unlikelihood, [snrs[2], np.log(spread)], method="Nelder-Mead").x
    return float(middle), float(np.exp(log_spread))


def graph_sizes(rate: float) -> list[tuple[int, int]]:
    """(base graph, K') of the entries of an MCS: those that TS 38.212, 7.2.2, can choose at its rate."""
    if rate <= 0.25:
        return [(2, size) for size in SIZES[2]]
    if rate <= 0.67:
        return [(2, size) for size in SIZES[2]] + [(1, 4224), (1, LARGEST[1])]
    return [(2, size) for size in (64, 128, 256)] + [(1, size) for size in SIZES[1]]


def main() -> None:
    def entry(block, graph, bits_per_symbol, rate, count):
        threshold, spread = measure(block, graph, bits_per_symbol, rate, count)
        case = f"K'={block}, base graph {graph}, {bits_per_symbol} bits per symbol, rate {rate:.3f}"
        print(f"{case}: {threshold:.2f} dB, spread {spread:.2f} dB", flush=True)
        return {"graph": graph, "rate": rate, "block": block,
                "threshold_db": round(threshold, 3), "spread_db": round(spread, 3)}

    def count(block):
        return int(np.clip(30_000 // block, 16, 200))

    table = {
        "measured": "python -m linksim.link.thresholds; 20 iterations, boxplus-phi, AWGN",
        "threshold_db": "Es/N0 of 50 % code-block error", "spread_db": "s of the block-error curve Q((SNR - t) / s)",
        "mcs": {m.name: [entry(k, g, m.bits_per_symbol, m.rate, count(k)) for g, k in graph_sizes(m.rate)]
                for m in MCS},
        "header": [entry(k, 2, 2, rate, 200) for rate in HEADER_RATES for k in HEADER_SIZES],
    }
    Path(__file__).with_name("thresholds.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
