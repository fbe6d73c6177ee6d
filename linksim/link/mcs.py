"""Modulation and coding schemes, and how a transport block of one is cut into code blocks (TS 38.212, 5.2
and 7.2)."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from linksim.link.ldpc import LIFTING

LARGEST = {1: 8448, 2: 3840}  # bits of a code block, by base graph


@dataclass(frozen=True)
class Mcs:
    """index in MCS; bits_per_symbol 2, 4, 6 or 8; rate: information and CRC bits per coded bit; name,
    "16-QAM 1/2"."""

    index: int
    bits_per_symbol: int
    rate: float
    name: str


def _table(*entries: tuple[int, str]) -> tuple[Mcs, ...]:
    names = {2: "QPSK", 4: "16-QAM", 6: "64-QAM", 8: "256-QAM"}
    return tuple(Mcs(i, q, float(Fraction(rate)), f"{names[q]} {rate}") for i, (q, rate) in enumerate(entries))


MCS = _table((2, "1/5"), (2, "1/3"), (2, "1/2"), (2, "2/3"), (2, "3/4"), (4, "1/2"), (4, "2/3"), (4, "3/4"),
             (6, "3/5"), (6, "2/3"), (6, "3/4"), (6, "5/6"))


@dataclass(frozen=True)
class Plan:
    """How `symbols` channel uses of one transport block are spent.

    payload: information bits A. crc: name of the transport block's CRC. blocks: code blocks C. block: bits
    K' of a code block with all its CRCs. graph, lifting: its mother code.
    """

    symbols: int
    payload: int
    crc: str
    blocks: int
    block: int
    graph: int
    lifting: int


def lifting_size(graph: int, block: int) -> int:
    """The smallest lifting size whose information columns hold `block` bits."""
    columns = 22
    if graph == 2:
        columns = 10 if block > 640 else 9 if block > 560 else 8 if block > 192 else 6
    return next(z for z in LIFTING if columns * z >= block)


@lru_cache(maxsize=1 << 16)
def plan(symbols: int, mcs: Mcs) -> Plan:
    """The transport block that fills `symbols` uses at mcs.rate: the largest whole number of bytes such
    that information and CRC bits of all code blocks together are at most rate * coded bits. payload 0 where
    none fits."""
    budget = int(mcs.rate * symbols * mcs.bits_per_symbol + 1e-6)
    for payload in range((budget - 16) // 8 * 8, 0, -8):
        small = payload <= 3824
        graph = 2 if payload <= 292 or (small and mcs.rate <= 0.67) or mcs.rate <= 0.25 else 1
        bits, largest = payload + (16 if small else 24), LARGEST[graph]
        blocks = 1 if bits <= largest else -(-bits // (largest - 24))
        bits += 24 * blocks if blocks > 1 else 0
        if bits <= budget and bits % (8 * blocks) == 0:
            block = bits // blocks
            return Plan(symbols, payload, "16" if small else "24A", blocks, block, graph, lifting_size(graph, block))
    return Plan(symbols, 0, "16", 0, 0, 2, 2)
