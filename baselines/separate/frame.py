"""The frame of a picture sent as a codestream in transport blocks: header fields and padding.

header:  | MCS of every transport block | split | HARQ round | payload symbols |     most significant bit first
payload: a transport block each:  | its part of the codestream | zero bits up to the block's size |     scrambled

A field that can have one value only takes no bit. The codestream's own length needs no field: the codec tells it from
the zero bits behind (`ImageCodec.unpad`; a JPEG2000 codestream ends in its EOC marker, FF D9). Scrambling by a fixed
pseudo-random sequence keeps those zeros from putting one and the same symbol on the air over and over, which would
break the unit mean power of QAM.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Header:
    """Field widths in bits."""

    widths: tuple[int, ...]

    @classmethod
    def for_values(cls, *largest: int) -> "Header":
        """Wide enough for 0..largest[f] in every field f."""
        return cls(tuple(int(value).bit_length() for value in largest))

    @property
    def bits(self) -> int:
        """Information bits of the header."""
        return sum(self.widths)

    def pack(self, *fields) -> np.ndarray:
        """uint8 [B, bits] from an int or int [B] for every field."""
        value = np.int64(0)
        for width, field in zip(self.widths, fields, strict=True):
            value = value << width | np.asarray(field, np.int64)
        return (np.atleast_1d(value)[:, None] >> np.arange(self.bits)[::-1] & 1).astype(np.uint8)

    def unpack(self, bits: np.ndarray) -> list[np.ndarray]:
        """int64 [B] for every field, from uint8 [B, bits]."""
        value = bits.astype(np.int64) @ (1 << np.arange(self.bits, dtype=np.int64)[::-1])
        fields = []
        for width in reversed(self.widths):
            fields.append(value & ((1 << width) - 1))
            value = value >> width
        return fields[::-1]


def to_bits(data: bytes, bits: int) -> np.ndarray:
    """uint8 [bits] (0/1): the bytes and zeros, scrambled. ValueError where they are longer."""
    out = np.zeros(bits, np.uint8)
    out[: 8 * len(data)] = np.unpackbits(np.frombuffer(data, np.uint8))
    return out ^ _scrambling(bits)


def from_bits(bits: np.ndarray) -> bytes:
    """The whole bytes in a transport block's bits or in the front of them, with the zeros that fill it."""
    whole = len(bits) // 8 * 8
    return np.packbits(bits[:whole] ^ _scrambling(whole)).tobytes()


@lru_cache(maxsize=64)
def _scrambling(bits: int) -> np.ndarray:
    stream = hashlib.shake_128(b"transport block").digest(-(-bits // 8))
    return np.unpackbits(np.frombuffer(stream, np.uint8))[:bits]
