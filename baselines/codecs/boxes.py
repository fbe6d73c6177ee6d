"""Detections as a message: the answer instead of the picture.

    count (6 bits) | count x [ class | score (6 bits) | x0 | y0 | x1 | y1 (7 bits each) ] | zeros to the byte

most significant bit first; a class takes ceil(log2 C) bits. Scores are in steps of 1/63, corners in steps of 1/127 of
the picture's side (2 pixels of 256). Best detection first, as many as there is room for; those whose score rounds to 0
aren't sent. Fields of fixed length: no tables to learn, nothing to lose step with.
"""

import numpy as np

COUNT_BITS, SCORE_BITS, CORNER_BITS = 6, 6, 7
DRAWN = 0.25  # score from which a box is drawn


class BoxesCode:
    """classes: how many there are. side: of the square pictures in pixels."""

    def __init__(self, classes: int, side: int):
        self.classes, self.side = classes, side
        self.widths = np.array([max(1, (classes - 1).bit_length()), SCORE_BITS, *[CORNER_BITS] * 4])
        self.largest = self.size(2**COUNT_BITS - 1)

    def size(self, boxes: int) -> int:
        """Bytes of a message of so many boxes."""
        return -(-(COUNT_BITS + boxes * int(self.widths.sum())) // 8)

    def encode(self, found: dict[str, np.ndarray], size: int) -> bytes | None:
        """found: boxes float [K, 4] (x0 y0 x1 y1 in pixels), scores float [K], labels int [K]. The best of them in at
        most `size` bytes; None where not even the count fits."""
        fields = np.column_stack([found["labels"], _levels(found["scores"], SCORE_BITS),
                                  _levels(np.reshape(found["boxes"], (-1, 4)) / self.side, CORNER_BITS)])
        fields = fields[np.argsort(-np.asarray(found["scores"]), kind="stable")].astype(np.int64)
        fields = fields[fields[:, 1] > 0]
        room = (8 * size - COUNT_BITS) // int(self.widths.sum())
        if size < self.size(0):
            return None
        fields = fields[: min(room, 2**COUNT_BITS - 1)]
        bits = [_bits(np.array([[len(fields)]]), np.array([COUNT_BITS])), _bits(fields, self.widths)]
        return np.packbits(np.concatenate(bits)).tobytes()

    def decode(self, message: bytes) -> dict[str, np.ndarray]:
        """boxes float32 [K, 4], scores float32 [K], labels int32 [K], best first. Zeros may follow or, at the end, be
        missing; boxes that make no sense, which a passed CRC all but excludes, are left out."""
        bits = np.unpackbits(np.frombuffer(message.ljust(self.largest, b"\0"), np.uint8)).astype(np.int64)
        count = int(_values(bits[:COUNT_BITS], np.array([COUNT_BITS]))[0, 0])
        fields = _values(bits[COUNT_BITS : COUNT_BITS + count * int(self.widths.sum())], self.widths)
        corners = fields[:, 2:]
        sound = (fields[:, 0] < self.classes) & (corners[:, 2:] >= corners[:, :2]).all(1)
        fields = fields[sound]
        return {"boxes": (fields[:, 2:] * (self.side / (2**CORNER_BITS - 1))).astype(np.float32),
                "scores": (fields[:, 1] / (2**SCORE_BITS - 1)).astype(np.float32),
                "labels": fields[:, 0].astype(np.int32)}


def drawn(found: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Frames on grey, uint8 [size, size, 3], of seven colours by class, the best on top: all there is to look at."""
    picture = np.full((size, size, 3), 114, np.uint8)
    for box, score, label in reversed(list(zip(found["boxes"], found["scores"], found["labels"], strict=True))):
        if score >= DRAWN:
            x0, y0, x1, y1 = np.clip(np.rint(box), 0, size).astype(int)
            colour = np.where(np.array([1, 2, 4]) & (label % 7 + 1), 230, 25)
            for at in (y0, max(y1 - 2, y0)):
                picture[at : at + 2, x0:x1] = colour
            for at in (x0, max(x1 - 2, x0)):
                picture[y0:y1, at : at + 2] = colour
    return picture


def _levels(values: np.ndarray, bits: int) -> np.ndarray:
    """Values in [0, 1], others clipped, as integers in [0, 2^bits)."""
    return np.rint(np.clip(values, 0, 1) * (2**bits - 1)).astype(np.int64)


def _bits(fields: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """int [K, F] -> uint8 [K * sum(widths)]."""
    shifts = np.concatenate([np.arange(w)[::-1] for w in widths])
    return (np.repeat(fields, widths, axis=1) >> shifts & 1).astype(np.uint8).ravel()


def _values(bits: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Inverse of `_bits`, int64 [K, F]."""
    weights = np.concatenate([1 << np.arange(w, dtype=np.int64)[::-1] for w in widths])
    first = np.cumsum([0, *widths[:-1]])
    return np.add.reduceat(bits.reshape(-1, int(widths.sum())) * weights, first, axis=1)
