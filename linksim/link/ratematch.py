"""Rate matching of 3GPP TS 38.212, section 5.4.2: which bit of the circular buffer each sent bit is.

Bit selection starts where the redundancy version says, runs round the buffer and skips fillers; what runs
round more than once is repetition. The interleaver then puts the bits selected first (the systematic ones)
on the most reliable bits of the symbols.
"""

import numpy as np

from linksim.link.ldpc import MotherCode

START = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}  # k0 in units of Z, by base graph and redundancy version


def shares(symbols: int, blocks: int) -> np.ndarray:
    """int64 [blocks]: symbols each code block of a transport block gets (5.4.2.1); they sum to `symbols`."""
    return symbols // blocks + (np.arange(blocks) >= blocks - symbols % blocks)


def select(word: np.ndarray, code: MotherCode, block: int, sent: int, bits_per_symbol: int, rv: int = 0):
    """[T, n] circular buffers -> [T, sent] bits as they are sent, interleaved.

    block: bits K' of a code block (the rest up to code.k is filler). sent: coded bits E, a multiple of
    bits_per_symbol. rv: redundancy version, 0 to 3.
    """
    order = _order(code, block, rv)
    selected = word[:, np.resize(order, sent)]  # resize repeats
    return selected.reshape(len(word), bits_per_symbol, -1).transpose(0, 2, 1).reshape(len(word), sent)


def combine(llr: np.ndarray, code: MotherCode, block: int, bits_per_symbol: int, rv: int = 0) -> np.ndarray:
    """float32 [T, E] LLRs of sent bits -> float32 [T, n] LLRs of the circular buffer: repeated bits summed,
    zero where nothing was sent, certain zeros at the fillers."""
    order = _order(code, block, rv)
    count, sent = llr.shape
    laps = -(-sent // len(order))
    selected = np.zeros((count, laps * len(order)), np.float32)
    selected[:, :sent] = llr.reshape(count, -1, bits_per_symbol).transpose(0, 2, 1).reshape(count, sent)
    buffer = np.full((count, code.n), np.float32(1e4))
    buffer[:, order] = selected.reshape(count, laps, -1).sum(axis=1)
    return buffer


def _order(code: MotherCode, block: int, rv: int) -> np.ndarray:
    """The places of the buffer in the order of selection, one lap, fillers left out."""
    lap = (START[code.graph][rv] * code.z + np.arange(code.n)) % code.n
    return lap[(lap < block - 2 * code.z) | (lap >= code.k - 2 * code.z)]  # the first 2 Z bits aren't in the buffer
