"""Rows of scalars and arrays as Parquet files, and many such files as one sequence that is read as it is gone through.

    write(path, rows)      arrays lie flat in lists; their trailing dimensions and a digest of everything beside them
    read(path)             the same rows; ValueError where the file isn't what was written
    Rows(reads, counts)    a sequence over several files that holds one of them at a time
"""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_SHAPES, _DIGEST = b"linksim.tails", b"linksim.digest"  # parquet metadata: trailing dimensions by column; of everything


def write(path: Path, rows: list[dict]) -> None:
    tails = {key: np.shape(value)[1:] for key, value in rows[0].items() if np.ndim(value) > 0}
    kinds = {key: pa.list_(pa.from_numpy_dtype(rows[0][key].dtype)) for key in tails}
    columns = {key: pa.array([np.ravel(row[key]) if key in tails else scalar(row[key]) for row in rows],
                             type=kinds.get(key)) for key in rows[0]}
    table = pa.table(columns).replace_schema_metadata({_SHAPES: json.dumps(tails), _DIGEST: _digest(rows)})
    pq.write_table(table, path)


def read(path: Path) -> list[dict]:
    """Arrays are views of a column's values. OSError as of any file; ValueError where it is damaged, in any way."""
    try:
        table = pq.read_table(path)
        rows = _rows(table, json.loads(table.schema.metadata[_SHAPES]))
        sound = _digest(rows) == table.schema.metadata[_DIGEST].decode()
    except OSError as error:
        if error.errno:  # of the disk, not of what the file holds
            raise
        sound = False
    except (pa.ArrowException, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError):
        sound = False
    if not sound:
        raise ValueError(f"{path} is damaged")
    return rows


def scalar(value):
    """A plain value in the place of NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


class Rows(Sequence):
    """Rows that lie in parts. reads: gives the rows of each part; counts: how many. The part last read is kept."""

    def __init__(self, reads: Sequence[Callable[[], list[dict]]], counts: Sequence[int]):
        self._reads, self._ends, self._last = reads, np.cumsum(counts), (-1, [])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        part = int(np.searchsorted(self._ends, index, "right"))
        return self._part(part)[index - (int(self._ends[part - 1]) if part else 0)]

    def __iter__(self) -> Iterator[dict]:
        for part in range(len(self._reads)):
            yield from self._part(part)

    def _part(self, part: int) -> list[dict]:
        if self._last[0] != part:
            self._last = -1, []
            self._last = part, self._reads[part]()
        return self._last[1]


class View(Sequence):
    """What `pick` makes of each of a sequence's rows, when it is looked at."""

    def __init__(self, rows: Sequence, pick: Callable[[dict], dict]):
        self._rows, self._pick = rows, pick

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        found = self._rows[index]
        return [self._pick(row) for row in found] if isinstance(index, slice) else self._pick(found)

    def __iter__(self) -> Iterator[dict]:
        return map(self._pick, self._rows)


def _rows(table: pa.Table, tails: dict[str, list]) -> list[dict]:
    columns = {}
    for key in table.column_names:
        column = table.column(key).combine_chunks()
        if key not in tails:
            columns[key] = column.to_pylist()
            continue
        flat, ends = column.flatten().to_numpy(), np.cumsum(column.value_lengths().to_numpy())
        columns[key] = [part.reshape(-1, *tails[key]) for part in np.split(flat, ends[:-1])]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _digest(rows: list[dict]) -> str:
    """Over names, kinds, shapes and values; the same for rows to be written and rows read."""
    found = blake2b(digest_size=16)
    for key in rows[0]:
        values = [row[key] for row in rows]
        if np.ndim(values[0]):
            found.update(repr([key, values[0].dtype.str, [value.shape for value in values]]).encode())
            found.update(b"".join(np.ascontiguousarray(value).tobytes() for value in values))
        else:
            found.update(repr([key, [scalar(value) for value in values]]).encode())
    return found.hexdigest()
