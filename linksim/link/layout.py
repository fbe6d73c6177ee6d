"""Where the code blocks of a batch of transport blocks lie on the air: who they belong to and which symbols they
take."""

import numpy as np

from linksim.link import ratematch
from linksim.link.mcs import Mcs, plan


class Layout:
    """The code blocks of B transport blocks, flat: row (picture), start and uses (symbols in that row),
    block (K'), sent (coded bits E), graph and lifting, each int [number of code blocks]."""

    def __init__(self, symbols: np.ndarray, mcs: Mcs):
        self.symbols = np.asarray(symbols, np.int64)
        self.plans = [plan(int(n), mcs) for n in self.symbols]
        count = np.array([p.blocks for p in self.plans], np.int64)
        self.first = np.cumsum(count) - count
        self.row = np.repeat(np.arange(len(count)), count)
        shares = [ratematch.shares(p.symbols, p.blocks) for p in self.plans if p.blocks]
        self.uses = np.concatenate([count[:0], *shares])
        ends = np.cumsum(self.uses)
        self.start = ends - self.uses - np.repeat((ends - self.uses)[self.first[count > 0]], count[count > 0])
        self.sent = self.uses * mcs.bits_per_symbol
        self.block, self.graph, self.lifting = (
            np.repeat(np.array([getattr(p, name) for p in self.plans], np.int64), count)
            for name in ("block", "graph", "lifting"))

    def by_plan(self):
        """(plan, rows int [R], indices of their blocks int [R, C]) for rows that carry something."""
        for p in dict.fromkeys(self.plans):
            if p.blocks:
                rows = np.array([b for b, other in enumerate(self.plans) if other is p or other == p])
                yield p, rows, self.first[rows][:, None] + np.arange(p.blocks)

    def by_code(self):
        """(graph, lifting, indices of blocks) of each mother code in use."""
        for graph, z in sorted(set(zip(self.graph.tolist(), self.lifting.tolist(), strict=True))):
            yield graph, z, np.flatnonzero((self.graph == graph) & (self.lifting == z))

    def places(self, at: np.ndarray, factor: int):
        """(row [T, 1], column [T, W], here bool [T, W]) of the blocks `at` in an array of `factor` columns
        per symbol, W those of the longest; `here` where a block has so many."""
        offset = np.arange(int(self.uses[at].max()) * factor)
        column = self.start[at][:, None] * factor + offset
        here = offset < self.uses[at][:, None] * factor
        return np.broadcast_to(self.row[at][:, None], column.shape), column, here
