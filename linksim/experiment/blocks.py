"""The test pictures, and what is made of them, in blocks: what a run holds doesn't grow with their number.

A block is BLOCK pictures in a row. It is read, or analysed, when it is asked for; the latest few are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from linksim.sources.base import Source, Truth

BLOCK, KEPT = 64, 3  # pictures of a block; blocks kept


class Latest(OrderedDict):
    """A dict that forgets all but the `size` entries put in, or got by `take`, last; `followers`, others of its kind,
    forget an entry of that key with it."""

    def __init__(self, size: int):
        super().__init__()
        self.size, self.followers = size, []

    def take(self, key: Any, make: Callable[[], Any]) -> Any:
        """The entry at `key`, made where there is none."""
        if key not in self:
            self[key] = make()
        self.move_to_end(key)
        self.trim()
        return self[key]

    def trim(self) -> None:
        while len(self) > self.size:
            key, _ = self.popitem(last=False)
            for follower in self.followers:
                follower.pop(key, None)


class Blockwise:
    """What `make` (rows int [B] -> something of B rows that can be indexed) gives for `count` pictures, made block by
    block. It has a length and rows, `self[int array]`, and as attributes the arrays of all rows together."""

    def __init__(self, make: Callable[[np.ndarray], Any], count: int, keep: int = KEPT):
        self._make, self._count, self._kept = make, count, Latest(keep)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows) -> Any:
        rows = np.arange(self._count)[rows]
        blocks = np.unique(rows // BLOCK)
        if len(blocks) != 1:  # nothing is known of how these are put together
            return self._make(rows)
        own, whole = self.rows(blocks[0]), self._kept.take(int(blocks[0]), lambda: self._make(self.rows(blocks[0])))
        return whole if np.array_equal(rows, own) else whole[rows - own[0]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        parts = [getattr(self[self.rows(block)], name) for block in range(self.blocks)]
        return None if parts[0] is None else np.concatenate(parts)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.concatenate([self[self.rows(block)] for block in range(self.blocks)]).astype(dtype, copy=False)

    def follow(self, pictures: "Blockwise") -> "Blockwise":
        """Itself, keeping no block longer than `pictures` does: what is made of pictures often holds them."""
        pictures._kept.followers.append(self._kept)
        return self

    @property
    def blocks(self) -> int:
        return -(-self._count // BLOCK)

    def rows(self, block: int) -> np.ndarray:
        """int [B], the pictures of a block."""
        return np.arange(block * BLOCK, min((block + 1) * BLOCK, self._count))


class Pictures(Blockwise):
    """The first `count` pictures of a source as an array uint8 [count, S, S, 3] that is read in blocks.

    truths: what is in them, a list; the first look at it reads every picture that wasn't read yet."""

    def __init__(self, source: Source, count: int):
        super().__init__(self._read, count)
        self._source, self._truths = source, [None] * count
        self.shape, self.dtype = (count, source.config.size, source.config.size, 3), np.dtype(np.uint8)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        if rows.ndim == 0:
            return self[rows[None]][0]
        blocks = np.unique(rows // BLOCK)
        if len(blocks) == 1:
            return super().__getitem__(rows)
        out = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for block in blocks:
            here = rows // BLOCK == block
            out[here] = super().__getitem__(rows[here])
        return out

    @property
    def truths(self) -> list[Truth]:
        for block in range(self.blocks):
            if self._truths[block * BLOCK] is None:
                self[self.rows(block)]
        return self._truths

    def _read(self, rows: np.ndarray) -> np.ndarray:
        images, truths = self._source.batch(rows.tolist())
        self._truths[rows[0] : rows[-1] + 1] = truths
        return images
