"""How many bytes a picture gets in a mode, and how many payload symbols carry them: two policies.

`fill`: every picture fills its own budget. `at_quality`: every picture has the same quality, and takes the
symbols that this needs.
"""

import numpy as np

from baselines.codecs.base import ImageCodec
from baselines.separate.modes import Mode
from baselines.separate.pictures import Pictures
from linksim.link.mcs import Mcs


def room(transport, symbols: np.ndarray, mode: Mode) -> np.ndarray:
    """Bytes in each transport block, int64 [B, parts], for payload symbols int [B]."""
    return np.stack([transport.payload_bits(part, mcs) // 8
                     for part, mcs in zip(mode.parts(symbols).T, mode.mcs, strict=True)], axis=1)


def fill(codec: ImageCodec, transport, pictures: Pictures, symbols: np.ndarray, mode: Mode):
    """The largest codestream in `symbols` int [B] payload symbols for each of B pictures.

    Returns codestreams (None where not even the smallest fits, or a transport block would be too short for anything)
    and symbols sent, int64 [B], 0 with None."""
    sizes = room(transport, symbols, mode)
    codestreams = codec.to_size(pictures.images, sizes.sum(axis=1), pictures.hints)
    empty = ((sizes == 0) & (mode.parts(symbols) > 0)).any(axis=1)
    codestreams = [None if none else c for c, none in zip(codestreams, empty, strict=True)]
    return codestreams, _of_sent(codestreams, symbols)


def at_quality(codec: ImageCodec, transport, pictures: Pictures, quality_db: float, most: int, mcs: Mcs):
    """Codestreams of one quality (PSNR, dB) and the fewest payload symbols that carry each, as from `fill`.

    most: symbols that no picture exceeds; one that would gets the largest codestream that fits them."""
    codestreams = codec.to_quality(pictures.images, quality_db, pictures.hints)
    symbols = fewest_symbols(transport, [len(c) for c in codestreams], most, mcs)
    sizes = transport.payload_bits(symbols, mcs) // 8
    for row in np.flatnonzero([len(c) > size for c, size in zip(codestreams, sizes, strict=True)]):
        one = pictures[[row]]
        codestreams[row] = codec.to_size(one.images, sizes[[row]], one.hints)[0]
    return codestreams, _of_sent(codestreams, symbols)


def fewest_symbols(transport, sizes, most: int, mcs: Mcs) -> np.ndarray:
    """The fewest payload symbols, int64 [B], whose transport block holds sizes[b] bytes; at most `most`."""
    bits = 8 * np.asarray(sizes, np.int64)
    low, high = np.zeros_like(bits), np.full_like(bits, most)
    while (low + 1 < high).any():
        middle = (low + high) // 2
        enough = transport.payload_bits(middle, mcs) >= bits
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _of_sent(codestreams: list[bytes | None], symbols: np.ndarray) -> np.ndarray:
    return np.where([c is not None for c in codestreams], symbols, 0).astype(np.int64)
