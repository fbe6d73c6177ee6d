"""Transport-block sizes of 3GPP TS 38.214, section 5.1.3.2: the information bits that go with so many channel
uses."""

from bisect import bisect_left, bisect_right
from math import ceil, floor, log2

# Highest effective code rate by base graph. Above .95 a terminal may skip decoding (TS 38.214, 5.1.3); base graph
# 2, of which the first two columns are never sent, doesn't converge any more there, at whatever SNR.
MOST = {1: 0.95, 2: 0.90}

# Table 5.1.3.2-1: sizes up to 3,824 bits.
SMALL = (
    24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192, 208, 224, 240,
    256, 272, 288, 304, 320, 336, 352, 368, 384, 408, 432, 456, 480, 504, 528, 552, 576, 608, 640, 672, 704, 736, 768,
    808, 848, 888, 928, 984, 1032, 1064, 1128, 1160, 1192, 1224, 1256, 1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672,
    1736, 1800, 1864, 1928, 2024, 2088, 2152, 2216, 2280, 2408, 2472, 2536, 2600, 2664, 2728, 2792, 2856, 2976, 3104,
    3240, 3368, 3496, 3624, 3752, 3824)


def tb_size(information: float, rate: float) -> int:
    """Bits of the transport block for N_info = information (resource elements * bits per symbol * rate) at a
    target code rate: steps 2 to 4 of the section."""
    if information <= 3824:
        step = 2 ** max(3, floor(log2(max(information, 1))) - 6)
        quantised = max(24, step * floor(information / step))
        return SMALL[bisect_left(SMALL, quantised)]
    step = 2 ** (floor(log2(information - 24)) - 5)
    quantised = max(3840, step * floor((information - 24) / step + 0.5))  # ties go to the next larger integer
    blocks = 1
    if rate <= 0.25:
        blocks = ceil((quantised + 24) / 3816)
    elif quantised > 8424:
        blocks = ceil((quantised + 24) / 8424)
    return 8 * blocks * ceil((quantised + 24) / (8 * blocks)) - 24


def fitting_tb_size(coded: int, rate: float) -> int:
    """`tb_size` for `coded` bits on the air, but never so large that the block with its CRC takes more than MOST
    of them, as the standard's rounding up would in small allocations: then the largest of the table that
    doesn't; 0 where none does."""
    size = tb_size(coded * rate, rate)
    if size > 3824:
        return size
    at = bisect_right(SMALL, size)
    while at and SMALL[at - 1] + 16 > MOST[base_graph(SMALL[at - 1], rate)] * coded:
        at -= 1
    return SMALL[at - 1] if at else 0


def base_graph(payload: int, rate: float) -> int:
    """1 or 2, for a transport block of `payload` bits at a target code rate (TS 38.212, 7.2.2)."""
    return 2 if payload <= 292 or (payload <= 3824 and rate <= 0.67) or rate <= 0.25 else 1
