"""Code blocks of one lifting size, in a batch: mother code and rate matching together, decoded on all
cores."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from linksim.link import ldpc_layered, ldpc_sionna, ratematch
from linksim.link.ldpc import mother_code

DECODERS = ("flooding", "layered", "sionna")
TILE = 8  # blocks of lifting size 384 decoded together: what fits a core's cache; more of smaller ones


def encode_blocks(bits: np.ndarray, block: np.ndarray, sent: np.ndarray, graph: int, z: int,
                  bits_per_symbol: int, rv: int = 0) -> np.ndarray:
    """uint8 [T, K], K' information bits per row (int [T] `block`) and zeros behind -> uint8 [T, max(sent)],
    the coded bits of each row (int [T] `sent`), zeros behind."""
    code = mother_code(graph, z)
    filled = np.zeros((len(bits), code.k), np.uint8)
    width = min(code.k, bits.shape[1])
    filled[:, :width] = bits[:, :width]
    words, out = code.encode(filled), np.zeros((len(bits), int(max(sent))), np.uint8)
    for size, length, rows in _alike(block, sent):
        out[rows, :length] = ratematch.select(words[rows], code, size, length, bits_per_symbol, rv)
    return out


def decode_blocks(llr: np.ndarray, block: np.ndarray, sent: np.ndarray, graph: int, z: int,
                  bits_per_symbol: int, rv: int = 0, iterations: int = 20, rule: str = "boxplus-phi",
                  tile: int = TILE, decoder: str = "flooding") -> np.ndarray:
    """float32 [T, max(sent)] LLRs log P(0)/P(1) -> uint8 [T, code.k]; the first K' bits of a row count."""
    buffer = to_buffers(llr, block, sent, graph, z, bits_per_symbol, rv)
    return decode_buffers(buffer, graph, z, iterations, rule, tile, decoder)


def to_buffers(llr: np.ndarray, block: np.ndarray, sent: np.ndarray, graph: int, z: int, bits_per_symbol: int,
               rv: int = 0) -> np.ndarray:
    """float32 [T, max(sent)] LLRs of one round -> float32 [T, n] LLRs of the circular buffers. Those of several
    rounds add up, whatever their redundancy versions."""
    code = mother_code(graph, z)
    buffer = np.empty((len(llr), code.n), np.float32)
    for size, length, rows in _alike(block, sent):
        buffer[rows] = ratematch.combine(llr[rows, :length], code, size, bits_per_symbol, rv)
    return buffer


def decode_buffers(buffer: np.ndarray, graph: int, z: int, iterations: int = 20, rule: str = "boxplus-phi",
                   tile: int = TILE, decoder: str = "flooding") -> np.ndarray:
    """float32 [T, n] LLRs of circular buffers -> uint8 [T, code.k].

    decoder: "flooding" (`ldpc`, in NumPy), "layered" (`ldpc_layered`) or "sionna" (`ldpc_sionna`), both in TensorFlow,
    which has its own threads and batches."""
    code, step = mother_code(graph, z), max(1, tile * 384 // z)
    if decoder == "layered":
        return ldpc_layered.decode(code, buffer, iterations, rule)
    if decoder == "sionna":
        return ldpc_sionna.decode(code, buffer, iterations, rule)
    parts = [buffer[start : start + step] for start in range(0, len(buffer), step)]
    return np.concatenate(list(_pool().map(lambda part: code.decode(part, iterations, rule), parts)))


def _alike(block: np.ndarray, sent: np.ndarray):
    """(K', E, rows) of the blocks that have these two in common."""
    pairs, which = np.unique(np.stack([block, sent]), axis=1, return_inverse=True)
    for i, (size, length) in enumerate(pairs.T.tolist()):
        yield size, length, np.flatnonzero(which.ravel() == i)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """NumPy lets go of the interpreter's lock inside its loops, so threads use the cores."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
