"""Code blocks of one lifting size, in a batch: mother code and rate matching together, decoded on all cores."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from linksim.link import ratematch
from linksim.link.ldpc import mother_code

TILE = 8  # blocks of lifting size 384 decoded together: what fits a core's cache; more of smaller ones


def encode_blocks(bits: np.ndarray, block: np.ndarray, sent: np.ndarray, graph: int, z: int, bits_per_symbol: int,
                  rv: int = 0) -> np.ndarray:
    """uint8 [T, K], K' information bits per row (int [T] `block`) and zeros behind -> uint8 [T, max(sent)], the
    first `sent` bits (int [T]) of each row coded, zeros behind."""
    code = mother_code(graph, z)
    filled = np.zeros((len(bits), code.k), np.uint8)
    width = min(code.k, bits.shape[1])
    filled[:, :width] = bits[:, :width]
    position, _ = ratematch.positions(code, block, sent, bits_per_symbol, rv)
    return ratematch.gather(code.encode(filled), position)


def decode_blocks(llr: np.ndarray, block: np.ndarray, sent: np.ndarray, graph: int, z: int, bits_per_symbol: int,
                  rv: int = 0, iterations: int = 20, rule: str = "boxplus-phi", tile: int = TILE) -> np.ndarray:
    """float32 [T, max(sent)] LLRs log P(0)/P(1) -> uint8 [T, code.k]; the first K' bits of a row count."""
    code = mother_code(graph, z)
    size = max(1, tile * 384 // z)

    def work(start: int) -> np.ndarray:
        rows = slice(start, start + size)
        position, lap = ratematch.positions(code, block[rows], sent[rows], bits_per_symbol, rv)
        part = llr[rows, : position.shape[1]]
        return code.decode(ratematch.combine(code, part, position, lap, block[rows]), iterations, rule)

    return np.concatenate(list(_pool().map(work, range(0, len(llr), size))))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """NumPy lets go of the interpreter's lock inside its loops, so threads use the cores."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
