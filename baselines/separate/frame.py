"""The frame of a picture sent as a codestream in one transport block: header fields and padding.

header:  | MCS index | payload symbols |     both unsigned, most significant bit first
payload: | codestream | zero bits up to the transport block's size |     scrambled

The codestream's own length needs no field: the codec tells it from the zero bits behind (`ImageCodec.unpad`; a
JPEG2000 codestream ends in its EOC marker, FF D9). Scrambling by a fixed pseudo-random sequence keeps those zeros
from putting one and the same symbol on the air over and over, which would break the unit mean power of QAM.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Header:
    """Field widths in bits."""

    mcs_bits: int
    symbols_bits: int

    @classmethod
    def for_values(cls, mcs: int, symbols: int) -> "Header":
        """Wide enough for `mcs` different indices and for 0..symbols payload symbols."""
        return cls(max(1, (mcs - 1).bit_length()), symbols.bit_length())

    @property
    def bits(self) -> int:
        """Information bits of the header."""
        return self.mcs_bits + self.symbols_bits

    def pack(self, mcs: int, symbols: np.ndarray) -> np.ndarray:
        """uint8 [B, bits] for one MCS index and int [B] payload symbols."""
        value = (np.int64(mcs) << self.symbols_bits) | np.asarray(symbols, np.int64)
        return (value[:, None] >> np.arange(self.bits)[::-1] & 1).astype(np.uint8)

    def unpack(self, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MCS indices and payload symbols, both int64 [B], from uint8 [B, bits]."""
        value = bits.astype(np.int64) @ (1 << np.arange(self.bits, dtype=np.int64)[::-1])
        return value >> self.symbols_bits, value & ((1 << self.symbols_bits) - 1)


def to_bits(codestream: bytes, bits: int) -> np.ndarray:
    """uint8 [bits] (0/1): the codestream and zeros, scrambled. ValueError where it is longer."""
    out = np.zeros(bits, np.uint8)
    out[: 8 * len(codestream)] = np.unpackbits(np.frombuffer(codestream, np.uint8))
    return out ^ _scrambling(bits)


def from_bits(bits: np.ndarray) -> bytes:
    """The codestream in a transport block's bits, the zero bytes behind it included."""
    return np.packbits(bits ^ _scrambling(len(bits))).tobytes()


@lru_cache(maxsize=64)
def _scrambling(bits: int) -> np.ndarray:
    stream = hashlib.shake_128(b"transport block").digest(-(-bits // 8))
    return np.unpackbits(np.frombuffer(stream, np.uint8))[:bits]
