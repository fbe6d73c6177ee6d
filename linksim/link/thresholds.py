"""Measures thresholds.json: where this chain loses half its code blocks on AWGN, and how steeply.

    python -m linksim.link.thresholds            # entries that the file lacks; all take some minutes on two cores

A block-error curve is taken as Q((SNR - t) / s) in dB. Per entry, t is first bracketed, then t and s are
fitted by maximum likelihood to blocks at five SNRs around it. Draws are keyed by the entry, so the file
comes out the same.
"""

import json
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.special import log_ndtr, ndtri

from linksim.link import esm, simulate
from linksim.link.mcs import LARGEST, MCS, NAMES, Mcs, Plan
from linksim.link.tbs import MOST

# K' per base graph: up to 3,824 information bits base graph 2 takes rates up to .67, above it and behind it 1.
SIZES = {2: (64, 128, 256, 512, 1024, 2048, 3840), 1: (320, 512, 1024, 2048, 4224, 8448)}
# Codes measured beside the ladder's, so that every code rate of the standard's tables lies between two.
BETWEEN = ((2, "15/128"), (2, "9/10"), (4, "1/3"), (4, "9/10"), (6, "2/5"), (6, "7/10"), (6, "9/10"), (6, "19/20"),
           (8, "2/3"), (8, "7/10"), (8, "4/5"), (8, "9/10"), (8, "19/20"))
HEADER_SIZES = (48, 96, 192, 384, 768)
HEADER_RATES = (1 / 5, 1 / 3, 1 / 2, 3 / 4)
OFFSETS = (-1.2, -0.6, 0.0, 0.6, 1.2)  # SNRs of the fit, in spreads from the middle
FILE = Path(__file__).with_name("thresholds.json")


@lru_cache(maxsize=1)
def load() -> dict:
    """The table as committed: "mcs" (by name of the MCS) and "header", lists of entries by K' (see main)."""
    return json.loads(files("linksim.link").joinpath("thresholds.json").read_text())


def transport_block(p: Plan, mcs: Mcs) -> float:
    """Es/N0 in dB at which half the transport blocks of plan p are lost on AWGN; inf where it carries nothing.

    A block of K' bits is lost with probability Q((SNR - t) / s), t and s from `_at_size` for the ladder, from
    `code_block` for the standard's tables; a transport block of C such with 1 - (1 - Q)^C.
    """
    if not p.payload:
        return np.inf
    if mcs.table == "ladder":
        middle, spread = _at_size(load()["mcs"][mcs.name], p.graph, p.block)
    else:
        rate = p.block * p.blocks / (p.symbols * mcs.bits_per_symbol)
        middle, spread = code_block(p.graph, p.block, mcs.bits_per_symbol, rate)
    return float(middle + spread * -ndtri(1 - 0.5 ** (1 / p.blocks)))


def code_block(graph: int, block: int, bits_per_symbol: int, rate: float) -> tuple[float, float]:
    """(t, s) in dB of a code block of K' = block bits at an effective code rate K' / E.

    t is as far above the SNR of its BICM capacity as that of the measured codes of this constellation, of which
    those whose sizes reach K' count: straight lines over log K', then over the code rate."""
    codes = _codes(graph, bits_per_symbol)
    near = [code for code in codes if code[0][0] / 2 <= block <= 1.25 * code[0][-1]] or codes
    points = sorted([np.interp(np.log(block), np.log(sizes), column) for column in columns] for sizes, *columns in near)
    rates, gaps, spreads = np.array(points).T
    middle = capacity_db(rate, bits_per_symbol) + np.interp(rate, rates, gaps)
    return float(middle), float(np.interp(rate, rates, spreads))


@lru_cache(maxsize=8)
def _codes(graph: int, bits_per_symbol: int) -> list[np.ndarray]:
    """float64 [4, sizes] for each code measured on this base graph and constellation: K', effective code rate,
    threshold above BICM capacity, spread."""
    codes = []
    for name, table in load()["mcs"].items():
        entries = [entry for entry in table if entry["graph"] == graph]
        if name.split()[0] != NAMES[bits_per_symbol] or not entries:
            continue
        rates = [e["block"] / coded_bits(e["block"], e["rate"], bits_per_symbol) for e in entries]
        gaps = [e["threshold_db"] - capacity_db(r, bits_per_symbol) for e, r in zip(entries, rates, strict=True)]
        codes.append(np.array([[e["block"] for e in entries], rates, gaps, [e["spread_db"] for e in entries]]))
    return codes


def capacity_db(rate: float, bits_per_symbol: int) -> float:
    """Es/N0 in dB at which a constellation's BICM capacity is `rate` times its bits per symbol."""
    return float(10 * np.log10(esm.inverse(rate * bits_per_symbol, bits_per_symbol)))


def _at_size(table: list[dict], graph: int, block: int) -> tuple[float, float]:
    """Threshold and spread of a measured MCS, over log K'."""
    graphs = [entry for entry in table if entry["graph"] == graph] or table
    size = np.log([entry["block"] for entry in graphs])
    middle = np.interp(np.log(block), size, [entry["threshold_db"] for entry in graphs])
    spread = np.interp(np.log(block), size, [entry["spread_db"] for entry in graphs])
    return float(middle), float(spread)


def coded_bits(block: int, rate: float, bits_per_symbol: int) -> int:
    """E of an entry: the fewest whole symbols at most at `rate`."""
    return int(np.ceil(block / rate / bits_per_symbol)) * bits_per_symbol


def blocks_lost(block: int, graph: int, bits_per_symbol: int, rate: float, snr_db: float, count: int, key: int) -> int:
    """How many of `count` code blocks of K' = block bits are wrong after AWGN at Es/N0 = snr_db."""
    rng = np.random.default_rng([key, block, graph, bits_per_symbol, round(1000 * rate), round(1000 * (snr_db + 100))])
    return simulate.errors(rng, block, coded_bits(block, rate, bits_per_symbol), graph, bits_per_symbol, snr_db, count)


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
    small = (64, 128, 256) if rate <= MOST[2] else ()
    return [(2, size) for size in small] + [(1, size) for size in SIZES[1]]


def main() -> None:
    def entry(block, graph, bits_per_symbol, rate, count):
        threshold, spread = measure(block, graph, bits_per_symbol, rate, count)
        case = f"K'={block}, base graph {graph}, {bits_per_symbol} bits per symbol, rate {rate:.3f}"
        print(f"{case}: {threshold:.2f} dB, spread {spread:.2f} dB", flush=True)
        return {"graph": graph, "rate": rate, "block": block,
                "threshold_db": round(threshold, 3), "spread_db": round(spread, 3)}

    def count(block):
        return int(np.clip(30_000 // block, 16, 200))

    wanted = [(m.name, m.bits_per_symbol, m.rate) for m in MCS]
    wanted += [(f"{NAMES[q]} {rate}", q, float(Fraction(rate))) for q, rate in BETWEEN]
    known = load() if FILE.exists() else {"mcs": {}}
    table = {
        "measured": "python -m linksim.link.thresholds; 20 iterations, boxplus-phi, AWGN",
        "threshold_db": "Es/N0 of 50 % code-block error", "spread_db": "s of the block-error curve Q((SNR - t) / s)",
        "mcs": {name: known["mcs"].get(name) or [entry(k, g, q, rate, count(k)) for g, k in graph_sizes(rate)]
                for name, q, rate in wanted},
        "header": known.get("header") or [entry(k, 2, 2, rate, 200) for rate in HEADER_RATES for k in HEADER_SIZES],
    }
    FILE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
