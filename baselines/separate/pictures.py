"""Pictures on their way: what is analysed, and how they would arrive."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

AT_ONCE = 64  # pictures of a set that are looked at together, where all of them would take much memory


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


def few(count: int) -> Iterator[np.ndarray]:
    """The rows of a set, AT_ONCE at a time."""
    for start in range(0, count, AT_ONCE):
        yield np.arange(start, min(start + AT_ONCE, count))


class Shown:
    """What a separate scheme shows of codestreams (None: the lost picture), an array uint8 [B, S, S, 3] whose rows are
    decoded when they are asked for. ok: bool [B], which can be shown."""

    def __init__(self, scheme, codestreams: list[bytes | None]):
        self._scheme, self._codestreams = scheme, codestreams
        self.shape, self.dtype = (len(codestreams), scheme.bench.size, scheme.bench.size, 3), np.dtype(np.uint8)
        self.ok = np.concatenate([scheme.shown([codestreams[row] for row in rows])[1] for rows in few(len(self))])

    def __len__(self) -> int:
        return len(self._codestreams)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        shown = self._scheme.shown([self._codestreams[row] for row in np.atleast_1d(rows)])[0]
        return shown if rows.ndim else shown[0]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:].astype(dtype, copy=False)


@dataclass(frozen=True)
class Candidate:
    """A point of an upper-bound curve: pictures as they would arrive, uint8 [P, S, S, 3] (an array, or rows of one on
    demand), and the Es/N0 in dB that each needs to arrive, float [P] (inf: never): as Link.effective_snr_db has it for
    bits_per_symbol (None: any constellation) and symbols int [P]."""

    curve: str
    label: str
    images: np.ndarray | Shown
    threshold_db: np.ndarray
    bits_per_symbol: int | None = None
    symbols: np.ndarray | None = None
