"""What a run holds of its pictures doesn't grow with their number."""

from functools import partial

import fakes
import numpy as np
import pytest

from linksim.experiment.blocks import BLOCK, KEPT, Blockwise, Latest, Pictures
from linksim.experiment.rows import Rows, View, read, write

COUNT = 6 * BLOCK + 5


class Counting(fakes.Dots):
    """Remembers which pictures were read."""

    def batch(self, indices):
        self.read = [*getattr(self, "read", []), *indices]
        return super().batch(indices)


@pytest.fixture
def pictures() -> Pictures:
    return Pictures(Counting(Counting.Config(type="fake_dots", size=16), "test"), COUNT)


def test_pictures_are_an_array_read_in_blocks(pictures):
    whole, truths = fakes.Dots(fakes.Dots.Config(type="fake_dots", size=16), "test").batch(range(COUNT))
    assert pictures.shape == whole.shape and len(pictures) == COUNT and pictures.dtype == whole.dtype
    assert not hasattr(pictures._source, "read")
    for rows in (3, -1, slice(60, 70), np.array([300, 2, 2, 130]), np.arange(BLOCK, 2 * BLOCK), np.zeros(0, int)):
        np.testing.assert_array_equal(pictures[rows], whole[rows])
    assert all(np.array_equal(one.boxes, other.boxes) for one, other in zip(pictures.truths, truths, strict=True))
    assert max(pictures._source.read) == COUNT - 1


def test_no_more_than_a_few_blocks_are_held(pictures):
    for start in range(0, COUNT, 10):
        _ = pictures[np.arange(start, min(start + 10, COUNT))]
    assert sum(map(len, pictures._kept.values())) <= KEPT * BLOCK
    assert len(pictures._source.read) == COUNT  # in order each is read once
    _ = pictures[np.arange(BLOCK)]
    assert len(pictures._source.read) == COUNT + BLOCK


def test_an_analysis_is_made_block_by_block_and_its_arrays_are_there_together():
    made = []

    class Analysis:
        def __init__(self, rows):
            self.rows, self.hints = rows, None

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, rows):
            return Analysis(self.rows[rows])

    def make(rows):
        made.append(len(rows))
        return Analysis(rows)

    blockwise = Blockwise(make, COUNT)
    assert blockwise[np.array([70, 66])].rows.tolist() == [70, 66] and made == [BLOCK]
    assert blockwise[np.array([1, 100])].rows.tolist() == [1, 100] and made == [BLOCK, 2]
    assert blockwise.rows(6).tolist() == list(range(6 * BLOCK, COUNT))
    assert Blockwise(make, COUNT).hints is None and len(set(made)) == 3
    assert np.array_equal(np.asarray(Blockwise(lambda rows: rows * 2, COUNT)), np.arange(COUNT) * 2)


def test_what_is_made_of_pictures_goes_with_them(pictures):
    one, other = (Blockwise(lambda rows: pictures[rows], COUNT).follow(pictures) for _ in range(2))
    for block in range(KEPT):
        assert one[one.rows(block)] is pictures[pictures.rows(block)]
        _ = other[other.rows(block)]
    for block in range(KEPT, 2 * KEPT):  # `other` isn't asked any more
        _ = one[one.rows(block)]
    assert set(one._kept) == set(pictures._kept) == set(range(KEPT, 2 * KEPT)) and not other._kept


def test_the_latest_are_kept():
    latest = Latest(2)
    assert [latest.take(key, lambda key=key: key * 10) for key in (1, 2, 1, 3)] == [10, 20, 10, 30]
    assert set(latest) == {1, 3}


def test_rows_over_files_are_a_sequence(tmp_path):
    rows = [{"i": i, "boxes": np.full((i % 3, 4), i, np.float32)} for i in range(10)]
    reads, counts = [], [4, 1, 5]
    for part, end in enumerate(np.cumsum(counts)):
        write(tmp_path / str(part), rows[end - counts[part] : end])
        reads.append(partial(read, tmp_path / str(part)))
    found = Rows(reads, counts)
    assert [row["i"] for row in found] == [found[i]["i"] for i in range(10)] == list(range(10))
    assert found[-1]["i"] == 9 and [row["i"] for row in found[2:8:3]] == [2, 5]
    assert all(np.array_equal(row["boxes"], other["boxes"]) for row, other in zip(rows, found, strict=True))
    view = View(found, lambda row: row["i"] ** 2)
    assert list(view) == [i * i for i in range(10)] and view[3:5] == [9, 16] and view[4] == 16 and len(view) == 10
    with pytest.raises(IndexError):
        found[10]


def test_a_burst_is_kept_as_wide_as_what_is_sent():
    from linksim.experiment.setup import joined, trimmed, widened
    from linksim.link.burst import Burst

    length = np.array([3, 0, 5], np.int32)
    symbols = ((np.arange(9) < length[:, None]) * (1 + 1j)).astype(np.complex64)
    burst = Burst(symbols, length, np.zeros((3, 2), np.uint8), 4, {"payload": length})
    small, width = trimmed(burst)
    assert small.symbols.shape == (3, 5) and width == 9
    rows = np.array([2, 0, 0])
    np.testing.assert_array_equal(widened(small, width, rows).symbols, burst.rows(rows).symbols)
    both = joined([widened(small, width, rows), burst])
    np.testing.assert_array_equal(both.symbols, symbols[[2, 0, 0, 0, 1, 2]])
    assert both.ledger["payload"].tolist() == [5, 3, 3, 3, 0, 5]
