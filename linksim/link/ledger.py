"""Who pays for what: every channel use of a burst under one purpose (burst.PURPOSES)."""

import numpy as np

from linksim.link.burst import PURPOSES, Burst
from linksim.link.grid import Grid

_BITS_PER_SYMBOL, _CRC_BITS = 2, 16  # the header's: QPSK, CRC16


def header_split(bits: int, uses: int) -> dict[str, int]:
    """How the `uses` QPSK symbols of a header of `bits` information bits split: the symbols that its bits and
    its CRC would fill uncoded are side information and CRC, the rest is channel coding."""
    information = min(-(-bits // _BITS_PER_SYMBOL), uses)
    crc = min(_CRC_BITS // _BITS_PER_SYMBOL, uses - information)
    return {"side_information": information, "crc_filler": crc, "coding": uses - information - crc}


def bill(burst: Burst, grid: Grid) -> dict[str, np.ndarray]:
    """purpose -> int32 [B] for every purpose; the sum is `grid.uses(header_uses + length)`.

    ValueError where the burst's own ledger doesn't sum to its length."""
    length = np.asarray(burst.length)
    total = {purpose: np.zeros(len(length), np.int32) for purpose in PURPOSES}
    for purpose, uses in burst.ledger.items():
        if purpose not in total:
            raise ValueError(f"unknown purpose {purpose!r} in a burst's ledger; known: {', '.join(PURPOSES)}")
        total[purpose] += np.asarray(uses, np.int32)
    if (wrong := sum(total.values()) != length).any():
        row = int(np.argmax(wrong))
        raise ValueError(f"a burst's ledger must sum to its length: row {row} sums to "
                         f"{sum(int(u[row]) for u in total.values())}, its length is {int(length[row])}")
    for purpose, uses in header_split(burst.header.shape[1], burst.header_uses).items():
        total[purpose] += np.int32(uses)
    total["pilots"] += grid.pilots(burst.header_uses + length).astype(np.int32)
    return total
