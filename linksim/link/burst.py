"""What crosses the wall between schemes and the air: a burst goes in, a reception comes out."""

from dataclasses import dataclass, field

import numpy as np

PURPOSES = ("payload", "side_information", "coding", "crc_filler", "pilots")


@dataclass(frozen=True)
class Burst:
    """What a scheme sends for B pictures.

    symbols: complex64 [B, N], unit mean power over the first `length` entries of each row, packed to the
        front, zero behind. N is fixed per scheme.
    length: int32 [B], payload symbols sent.
    header: uint8 [B, H], information bits (0/1) of the header; H is fixed per scheme and may be 0.
    header_uses: QPSK symbols that carry the coded header, fixed per scheme and scenario; 0 where H is 0.
    ledger: purpose -> int32 [B], how `length` splits by purpose (see PURPOSES); sums to `length`.
        The header's and the pilots' uses are added by `Link.ledger`.
    bits_per_symbol: 2, 4, 6 or 8 where all symbols are points of that Gray-labelled QAM (`linksim.link.qam`);
        None for analog symbols. Detectors that search a constellation need it.
    """

    symbols: np.ndarray
    length: np.ndarray
    header: np.ndarray
    header_uses: int
    ledger: dict[str, np.ndarray] = field(default_factory=dict)
    bits_per_symbol: int | None = None

    def rows(self, index) -> "Burst":
        """The burst of the pictures in `index` (integers or a slice)."""
        return Burst(self.symbols[index], self.length[index], self.header[index], self.header_uses,
                     {purpose: uses[index] for purpose, uses in self.ledger.items()}, self.bits_per_symbol)


@dataclass(frozen=True)
class Reception:
    """What the receiver has of B pictures, and all that it has.

    symbols: complex64 [B, N], equalised (unbiased: sent + noise), zero beyond what was sent.
    noise_variance: float32 [B, N], effective noise variance of each equalised symbol, N0/|h|^2 for a single
        antenna with perfect CSI; zero beyond what was sent.
    header: uint8 [B, H], as decoded.
    header_ok: bool [B], verdict of the header's CRC. Where False the header's bits mean nothing.
    llr: float32 [B, N * bits_per_symbol], LLRs of the payload's bits in the order and sign of
        `linksim.link.qam.demodulate`, from a detector that gives bits and no symbols (K-best); else None.
    earlier: receptions of the same rows in earlier HARQ rounds, oldest first.
    """

    symbols: np.ndarray
    noise_variance: np.ndarray
    header: np.ndarray
    header_ok: np.ndarray
    llr: np.ndarray | None = None
    earlier: tuple["Reception", ...] = ()


@dataclass(frozen=True)
class Draw:
    """Integers from which gain and noise follow, the same for every scheme.

    seed: the scenario's seed. picture, realisation: int64 [B]. attempt: HARQ round, 0 for the first.
    """

    seed: int
    picture: np.ndarray
    realisation: np.ndarray
    attempt: int = 0
