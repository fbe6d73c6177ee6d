"""The code of a header: CRC16, 5G LDPC down to rate 1/5, repetition (round the circular buffer) below,
QPSK."""

import numpy as np

from linksim.link import crc, qam, thresholds
from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.mcs import LARGEST, lifting_size

CRC_BITS = 16
RATES = (1 / 2, 1 / 3, 1 / 5, 1 / 10, 1 / 20, 1 / 40)
MARGIN = 0.95  # the highest code rate that base graph 2 with its two unsent columns still decodes


class HeaderCode:
    """bits: information bits of a header, up to 3,824. uses: QPSK symbols it is sent in, at least (bits +
    16) / 1.9."""

    def __init__(self, bits: int, uses: int, iterations: int = 20, rule: str = "boxplus-phi"):
        self.bits, self.uses, self.iterations, self.rule = bits, uses, iterations, rule
        self.block = bits + CRC_BITS
        if not 0 < self.block <= LARGEST[2]:
            raise ValueError(f"a header has 1 to {LARGEST[2] - CRC_BITS} bits, got {bits}")
        if self.block > 2 * uses * MARGIN:
            raise ValueError(f"{uses} uses are too few for a header of {bits} bits and its CRC16; "
                             f"give at least {int(np.ceil(self.block / 2 / MARGIN))}")
        self.lifting = lifting_size(2, self.block)

    def encode(self, header: np.ndarray) -> np.ndarray:
        """uint8 [B, bits] of 0/1 -> complex64 [B, uses], unit power."""
        words = crc.append(np.asarray(header, np.uint8), "16")
        return qam.modulate(encode_blocks(words, *self._shape(len(words))), 2)

    def decode(self, symbols: np.ndarray, noise_variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """complex64 [B, uses] equalised, float32 [B, uses] effective noise variance -> (uint8 [B, bits], ok
        bool [B]), the verdict of the CRC; where it is False the bits mean nothing."""
        llr = qam.demodulate(np.asarray(symbols), np.asarray(noise_variance), 2)
        words = decode_blocks(llr, *self._shape(len(llr)), iterations=self.iterations, rule=self.rule)[:, : self.block]
        return words[:, : self.bits], crc.check(words, "16")

    def _shape(self, rows: int):
        return np.full(rows, self.block), np.full(rows, 2 * self.uses), 2, self.lifting, 2


def header_candidates(bits: int) -> list[int]:
    """Increasing numbers of uses for a header of so many bits: rates 1/2, 1/3, 1/5, 1/10, 1/20 and 1/40."""
    return [header_uses(bits, rate) for rate in RATES]


def header_uses(bits: int, rate: float) -> int:
    """Channel uses of a header of so many bits and its CRC16, QPSK at a code rate."""
    return int(np.ceil((bits + CRC_BITS) / (2 * rate)))


def header_threshold_db(bits: int, uses: int) -> float:
    """Es/N0 in dB at which half the headers are lost on AWGN, interpolated over log bits and log rate in
    thresholds.json; below rate 1/5 repetition gains its energy: 10 log10 of the number of repetitions."""
    entries = thresholds.load()["header"]
    sizes, rates = (sorted({entry[key] for entry in entries}) for key in ("block", "rate"))
    table = {(entry["block"], entry["rate"]): entry["threshold_db"] for entry in entries}
    rate = (bits + CRC_BITS) / (2 * uses)
    by_rate = [np.interp(np.log(bits + CRC_BITS), np.log(sizes), [table[size, r] for size in sizes]) for r in rates]
    repeated = min(0.0, 10 * np.log10(rate / rates[0]))
    return float(np.interp(np.log(rate), np.log(rates), by_rate) + repeated)
