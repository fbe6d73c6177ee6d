"""Pictures on their way: what is analysed, and how they would arrive."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pictures:
    """The analysis: pictures uint8 [B, S, S, 3] and their hints [B, ...] for the codec, or None. The codec
    remembers what it made of them."""

    images: np.ndarray
    hints: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> "Pictures":
        return Pictures(self.images[rows], None if self.hints is None else self.hints[rows])


@dataclass(frozen=True)
class Candidate:
    """A point of an upper-bound curve: pictures as they would arrive, uint8 [P, S, S, 3], and the Es/N0 in dB
    that each needs to arrive, float [P] (inf: never): as Link.effective_snr_db has it for bits_per_symbol
    (None: any constellation) and symbols int [P]."""

    curve: str
    label: str
    images: np.ndarray
    threshold_db: np.ndarray
    bits_per_symbol: int | None = None
    symbols: np.ndarray | None = None
