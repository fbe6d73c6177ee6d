"""Modes: the MCS of a picture's transport blocks, and how its payload symbols are shared between them."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from baselines.separate.config import SeparateConfig
from baselines.separate.frame import Header
from linksim.link.mcs import Mcs

SPLITS = {1: ((1.0,),),  # shares that unequal protection chooses from; a share of 0: one transport block fewer
          2: ((1.0, 0.0), (0.25, 0.75), (0.5, 0.5), (0.75, 0.25)),
          3: ((1.0, 0.0, 0.0), (0.25, 0.75, 0.0), (0.5, 0.5, 0.0), (0.25, 0.25, 0.5), (0.5, 0.25, 0.25))}


@dataclass(frozen=True)
class Mode:
    """mcs: of every transport block, the best protected first. split: index into the splits both sides know, which say
    shares: of the payload symbols."""

    mcs: tuple[Mcs, ...]
    split: int
    shares: tuple[float, ...]

    @property
    def name(self) -> str:
        """"16-QAM 1/2", or with shares "25 % QPSK 1/3 + 75 % 16-QAM 1/2"."""
        used = [(mcs, share) for mcs, share in zip(self.mcs, self.shares, strict=True) if share]
        return " + ".join(mcs.name if len(used) == 1 else f"{100 * share:.0f} % {mcs.name}" for mcs, share in used)

    @property
    def efficiency(self) -> float:
        """Information bits per payload symbol."""
        return sum(mcs.bits_per_symbol * mcs.rate * share for mcs, share in zip(self.mcs, self.shares, strict=True))

    @property
    def bits_per_symbol(self) -> int | None:
        """Of all payload symbols; None where they differ."""
        used = {mcs.bits_per_symbol for mcs, share in zip(self.mcs, self.shares, strict=True) if share}
        return used.pop() if len(used) == 1 else None

    def parts(self, symbols: np.ndarray) -> np.ndarray:
        """Payload symbols int [B] -> int64 [B, parts], those of each transport block."""
        ends = np.floor(np.asarray(symbols)[:, None] * np.cumsum(self.shares) + 1e-6).astype(np.int64)
        ends[:, -1] = symbols
        return np.diff(ends, axis=1, prepend=0)


class Modes:
    """What a config may send over a link's MCS table, as the header names it.

    tried: the modes to choose from. count: transport blocks of a mode at most."""

    def __init__(self, config: SeparateConfig, table: tuple[Mcs, ...], most: int):
        """most: payload symbols of a picture at most."""
        self.table, layers = table, config.layers
        self.count = layers if isinstance(layers, int) else len(layers or [None])
        self.splits = SPLITS[self.count]
        if isinstance(layers, list):
            self.splits = (tuple(layer.share for layer in layers),)
            self.tried = [self.of([layer.mcs for layer in layers], 0)]
        elif isinstance(config.mcs, int):
            self.tried = [self.of([config.mcs], 0)]
        else:
            self.tried = [self.of(indices, split) for split in range(len(self.splits)) for indices in self._mcs(split)]
        self.header = Header.for_values(*[len(table) - 1] * self.count, len(self.splits) - 1,
                                        config.harq.rounds - 1, most)

    def of(self, indices, split: int) -> Mode:
        return Mode(tuple(self.table[int(index)] for index in indices), split, self.splits[split])

    def plain(self, mode: Mode) -> int | list[int]:
        """A mode as a plan has it: the index of its MCS, or of all and the split behind."""
        indices = [mcs.index for mcs in mode.mcs]
        return indices[0] if self.count == 1 else [*indices, mode.split]

    def planned(self, plain: int | list[int]) -> Mode:
        """Inverse of `plain`."""
        return self.of([plain], 0) if self.count == 1 else self.of(plain[:-1], plain[-1])

    def _mcs(self, split: int):
        """MCS indices to try with a split: the better protected first; blocks without a share take the first's."""
        used = sum(share > 0 for share in self.splits[split])
        for some in combinations(sorted(range(len(self.table)), key=lambda i: (efficiency(self.table[i]), i)), used):
            yield [*some, *[some[0]] * (self.count - used)]


def efficiency(mcs: Mcs) -> float:
    """Information bits per symbol."""
    return mcs.bits_per_symbol * mcs.rate
