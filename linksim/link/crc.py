"""Cyclic redundancy checks of 3GPP TS 38.212, section 5.1, for batches of bit rows, as one matrix product."""

from functools import lru_cache

import numpy as np

# Generator polynomials without their leading term: name -> (length, coefficients).
POLYNOMIALS = {"24A": (24, 0x864CFB), "24B": (24, 0x800063), "16": (16, 0x1021)}


def crc(bits: np.ndarray, name: str) -> np.ndarray:
    """Parity bits p0 .. pL-1 of each row.

    bits: uint8 [B, n] of 0/1, first bit sent first; zeros in front of a row don't change its CRC.
    name: "24A", "24B" or "16". Returns uint8 [B, L].
    """
    size = bits.shape[1]
    remainders = _remainders(name, 1 << size.bit_length())[:size][::-1]
    # Sums of at most 2^24 ones are exact in float32.
    return (bits.astype(np.float32) @ remainders).astype(np.int64).astype(np.uint8) & 1


def append(bits: np.ndarray, name: str) -> np.ndarray:
    """uint8 [B, n] -> uint8 [B, n + L], the rows followed by their CRC."""
    return np.concatenate([bits, crc(bits, name)], axis=1)


def check(bits: np.ndarray, name: str) -> np.ndarray:
    """bool [B], whether the last L bits of each row (uint8 [B, n + L]) are the CRC of those before."""
    length = POLYNOMIALS[name][0]
    return np.all(crc(bits[:, :-length], name) == bits[:, -length:], axis=1)


@lru_cache(maxsize=16)
def _remainders(name: str, size: int) -> np.ndarray:
    """float32 [size, L]: row i holds x^(L + i) modulo the polynomial, highest power first."""
    length, polynomial = POLYNOMIALS[name]
    values, value = np.empty(size, np.int64), polynomial
    for i in range(size):
        values[i] = value
        value <<= 1
        if value >> length:
            value = (value & ((1 << length) - 1)) ^ polynomial
    return (values[:, None] >> np.arange(length - 1, -1, -1) & 1).astype(np.float32)
