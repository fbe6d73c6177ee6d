"""Modulation and coding schemes, and how a transport block of one is cut into code blocks (TS 38.212, 5.2
and 7.2).

Three tables. "ladder": twelve MCS of round code rates, whose transport blocks fill whole bytes. "table1" and
"table2": 3GPP TS 38.214, tables 5.1.3.1-1 (up to 64-QAM) and 5.1.3.1-2 (up to 256-QAM), with the sizes of
section 5.1.3.2.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from linksim.errors import UserError
from linksim.link.ldpc import LIFTING
from linksim.link.tbs import base_graph, fitting_tb_size

LARGEST = {1: 8448, 2: 3840}  # bits of a code block, by base graph


LOWEST, HIGHEST = Fraction(30, 1024), Fraction(948, 1024)  # target code rates of TS 38.214, 5.1.3.1
RANGE = f"30/1024 to 948/1024 ({float(LOWEST):.3f} to {float(HIGHEST):.3f})"


@dataclass(frozen=True)
class Mcs:
    """index in its table; bits_per_symbol 2, 4, 6 or 8; rate: target code rate; name, "16-QAM 1/2"; table: see
    TABLES. UserError for a code rate that no table of the standard has room for."""

    index: int
    bits_per_symbol: int
    rate: float
    name: str
    table: str = "ladder"

    def __post_init__(self):
        if not LOWEST <= self.rate <= HIGHEST:
            raise UserError(f"code rate {self.rate:.3f} of MCS {self.name!r} lies outside the standard's range, "
                            f"{RANGE}")
        if self.bits_per_symbol not in NAMES:
            raise UserError(f"MCS {self.name!r} asks for {self.bits_per_symbol} bits per symbol; "
                            f"there are {', '.join(map(str, NAMES))}")


NAMES = {2: "QPSK", 4: "16-QAM", 6: "64-QAM", 8: "256-QAM"}


def _table(table: str, *entries: tuple[int, str]) -> tuple[Mcs, ...]:
    return tuple(Mcs(i, q, _rate(rate), f"{NAMES[q]} {rate}", table) for i, (q, rate) in enumerate(entries))


def _rate(text: str) -> float:
    """"2/3", or "682.5/1024" exactly."""
    over, under = map(Fraction, text.split("/"))
    return float(over / under)


def _standard(table: str, **rates: str) -> tuple[Mcs, ...]:
    """rates: q2="120 157 ...", in units of 1/1024, for each number of bits per symbol."""
    return _table(table, *((int(q[1:]), f"{r}/1024") for q, several in rates.items() for r in several.split()))


MCS = _table("ladder", (2, "1/5"), (2, "1/3"), (2, "1/2"), (2, "2/3"), (2, "3/4"), (4, "1/2"), (4, "2/3"), (4, "3/4"),
             (6, "3/5"), (6, "2/3"), (6, "3/4"), (6, "5/6"))

TABLES = {
    "ladder": MCS,
    "table1": _standard("table1", q2="120 157 193 251 308 379 449 526 602 679", q4="340 378 434 490 553 616 658",
                        q6="438 466 517 567 616 666 719 772 822 873 910 948"),
    "table2": _standard("table2", q2="120 193 308 449 602", q4="378 434 490 553 616 658",
                        q6="466 517 567 616 666 719 772 822 873", q8="682.5 711 754 797 841 885 916.5 948"),
}


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

    @property
    def block_bits(self) -> list[int]:
        """Payload bits in each code block: without CRCs, of which the transport block's ends the last."""
        if not self.blocks:
            return []
        kept = self.block - (24 if self.blocks > 1 else 0)
        return [kept] * (self.blocks - 1) + [kept - (16 if self.crc == "16" else 24)]


def lifting_size(graph: int, block: int) -> int:
    """The smallest lifting size whose information columns hold `block` bits."""
    columns = 22
    if graph == 2:
        columns = 10 if block > 640 else 9 if block > 560 else 8 if block > 192 else 6
    return next(z for z in LIFTING if columns * z >= block)


@lru_cache(maxsize=1 << 16)
def plan(symbols: int, mcs: Mcs) -> Plan:
    """The transport block of `symbols` uses; payload 0 where none fits.

    Ladder: the largest whole number of bytes such that information and CRC bits of all code blocks together
    are at most rate * coded bits. The standard's tables: `tbs.fitting_tb_size`."""
    if mcs.table != "ladder":
        sizes = (fitting_tb_size(symbols * mcs.bits_per_symbol, mcs.rate),)
        budget = symbols * mcs.bits_per_symbol
    else:
        budget = int(mcs.rate * symbols * mcs.bits_per_symbol + 1e-6)
        sizes = range((budget - 16) // 8 * 8, 0, -8)
    for payload in sizes:
        if payload and (found := _segmented(symbols, payload, mcs.rate, budget)):
            return found
    return Plan(symbols, 0, "16", 0, 0, 2, 2)


def _segmented(symbols: int, payload: int, rate: float, budget: int) -> Plan | None:
    """Code blocks of a payload (TS 38.212, 5.2.2); None where they take more than `budget` bits or aren't equal
    numbers of bytes."""
    small, graph = payload <= 3824, base_graph(payload, rate)
    bits, largest = payload + (16 if small else 24), LARGEST[graph]
    blocks = 1 if bits <= largest else -(-bits // (largest - 24))
    bits += 24 * blocks if blocks > 1 else 0
    if bits > budget or bits % (8 * blocks):
        return None
    block = bits // blocks
    return Plan(symbols, payload, "16" if small else "24A", blocks, block, graph, lifting_size(graph, block))
