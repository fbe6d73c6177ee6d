"""Rate matching of 3GPP TS 38.212, section 5.4.2: which bit of the circular buffer each sent bit is.

Bit selection starts where the redundancy version says, runs round the buffer and skips fillers; what runs round more
than once is repetition. The interleaver then puts the bits selected first (the systematic ones) on the most reliable
bits of the symbols.
"""

import numpy as np

from linksim.link.ldpc import MotherCode

START = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}  # k0 in units of Z, by base graph and redundancy version


def shares(symbols: int, blocks: int) -> np.ndarray:
    """int64 [blocks]: symbols each code block of a transport block gets (5.4.2.1); they sum to `symbols`."""
    return symbols // blocks + (np.arange(blocks) >= blocks - symbols % blocks)


def positions(code: MotherCode, block: np.ndarray, sent: np.ndarray, bits_per_symbol: int, rv: int = 0):
    """Where sent bits lie in the circular buffer, interleaving included.

    block: int [T], bits K' of each code block (the rest up to code.k is filler). sent: int [T], coded bits E of each, a
    multiple of bits_per_symbol. rv: redundancy version, 0 to 3.
    Returns (position, lap): int64 [T, max(sent)] index into the buffer of length code.n, and how often the
    buffer has been run round before; beyond a block's E the position is code.n.
    """
    block, sent = np.asarray(block)[:, None], np.asarray(sent)[:, None]
    bit = np.arange(int(sent.max()))
    order = bit % bits_per_symbol * (sent // bits_per_symbol) + bit // bits_per_symbol
    first, fillers = block - 2 * code.z, code.k - block  # the buffer lacks the first 2 Z bits
    start = START[code.graph][rv] * code.z
    start = np.where(start <= first, start, np.maximum(start - fillers, first))
    lap, place = np.divmod(start + order, code.n - fillers)
    place = np.where(place < first, place, place + fillers)
    return np.where(bit < sent, place, code.n), lap


def gather(word: np.ndarray, position: np.ndarray) -> np.ndarray:
    """uint8 [T, n] circular buffers, position [T, E] -> uint8 [T, E] sent bits, 0 where position is n."""
    padded = np.concatenate([word, np.zeros((len(word), 1), word.dtype)], axis=1)
    return np.take_along_axis(padded, position, axis=1)


def combine(code: MotherCode, llr: np.ndarray, position: np.ndarray, lap: np.ndarray, block: np.ndarray) -> np.ndarray:
    """float32 [T, E] LLRs of sent bits -> float32 [T, n] LLRs of the circular buffer: repeated bits summed lap by
    lap, zero where nothing was sent, certain zeros at the fillers."""
    rows = np.broadcast_to(np.arange(len(llr))[:, None], llr.shape)
    buffer = np.zeros((len(llr), code.n + 1), np.float32)
    for turn in range(int(lap.min()), int(lap.max()) + 1):
        here = lap == turn  # within a lap no position comes twice
        buffer[rows[here], position[here]] += llr[here]
    at = np.arange(code.n)
    filler = (at >= np.asarray(block)[:, None] - 2 * code.z) & (at < code.k - 2 * code.z)
    return np.where(filler, np.float32(1e4), buffer[:, :-1])
