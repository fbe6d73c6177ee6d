"""Bits through the real link: `qam` -> `Link.transmit` -> `qam`, with or without the LDPC code between.

Nothing of the physics is here; what is counted went through the modules that every run uses.
"""

import numpy as np

from linksim.link import qam
from linksim.link.burst import Burst, Draw, Reception
from linksim.link.codeblocks import decode_blocks, encode_blocks
from linksim.link.link import Link, LinkConfig
from linksim.link.mcs import lifting_size
from linksim.link.tbs import base_graph

BARE = {"fft_size": 64, "symbols_per_slot": 1, "pilot_symbols": [], "cyclic_prefix": 0}  # data alone
SHORT = BARE | {"fft_size": 4}  # for many bursts of few symbols
_links, _airs = {}, {}


def link(channel: dict, grid: dict | None = None, tile: int = 256, **keys) -> Link:
    """The link of a scenario's `link` with this channel, by default on OFDM symbols without pilots.

    Links are kept, and those whose air is the same but for the channel share its compiled stage."""
    key = repr((channel, grid, tile, sorted(keys.items())))
    if key not in _links:
        found = _links[key] = Link(LinkConfig(channel=channel, grid=grid or BARE, **keys), tile=tile)
        if keys.get("csi", "perfect") == "perfect":
            rest = repr((found.grid, tile, found.config.equaliser))
            if rest in _airs:
                found.passage.air = _airs[rest]
            else:
                _airs[rest] = found.passage.air
    return _links[key]


def forget() -> None:
    """Builds every link anew from here on."""
    _links.clear()
    _airs.clear()


def draw(seed: int, rows: int, point: int) -> Draw:
    """Draws of `rows` rows; two points of a check, told apart by the integer `point`, share none."""
    return Draw(seed, np.arange(rows), np.full(rows, point))


def transmit(link: Link, symbols: np.ndarray, bits_per_symbol: int | None, snr_db: float, draw: Draw) -> Reception:
    """complex64 [B, N] unit-power symbols -> what the receiver has of them."""
    rows, uses = symbols.shape
    length = np.full(rows, uses, np.int32)
    burst = Burst(symbols, length, np.zeros((rows, 0), np.uint8), 0, {"payload": length}, bits_per_symbol)
    return link.transmit(burst, snr_db, draw)


def llrs(reception: Reception, bits_per_symbol: int) -> np.ndarray:
    """float32 [B, N * bits_per_symbol], the detector's own where it gives LLRs."""
    if reception.llr is not None:
        return reception.llr
    return qam.demodulate(reception.symbols, reception.noise_variance, bits_per_symbol)


def nearest(symbols: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """complex64 [B, N] -> uint8 [B, N * bits_per_symbol], the bits of the nearest constellation points. At low SNR
    the signs of LLRs are right more often: they weigh all points, the closed forms know the nearest alone."""
    half = bits_per_symbol // 2
    levels = qam.amplitudes(half)
    order = np.argsort(levels)
    edges = (levels[order][1:] + levels[order][:-1]) / 2
    labels = order[np.searchsorted(edges, np.stack([symbols.real, symbols.imag], axis=-1))]  # [B, N, 2]
    bits = labels[..., None, :] >> np.arange(half - 1, -1, -1)[:, None] & 1  # [B, N, half, 2]
    return bits.astype(np.uint8).reshape(len(symbols), -1)


def bit_errors(link: Link, bits_per_symbol: int, snr_db: float, rows: int, uses: int, seed: int, point: int):
    """Uncoded QAM: int [rows], bits of each row of `uses` symbols that its nearest points get wrong at Es/N0 =
    snr_db."""
    rng = np.random.default_rng([seed, point])
    bits = rng.integers(0, 2, (rows, uses * bits_per_symbol), dtype=np.uint8)
    reception = transmit(link, qam.modulate(bits, bits_per_symbol), bits_per_symbol, snr_db, draw(seed, rows, point))
    return np.sum(nearest(reception.symbols, bits_per_symbol) != bits, axis=1)


def block_errors(link: Link, block: int, sent: int, bits_per_symbol: int, snr_db: float, count: int, seed: int,
                 point: int, interleaved: bool = True) -> int:
    """How many of `count` code blocks of `block` information bits, sent as `sent` coded bits, come out wrong.

    One block per row, so that over slow fading each has its own gain. Rule and iterations are the link's.
    interleaved: with the bit interleaver of TS 38.212, 5.4.2.2, or without.
    """
    rng, transport = np.random.default_rng([seed, point]), link.config.transport
    graph = base_graph(block, block / sent)
    depth = bits_per_symbol if interleaved else 1  # an interleaver of one row changes nothing
    shape = np.full(count, block), np.full(count, sent), graph, lifting_size(graph, block), depth
    bits = rng.integers(0, 2, (count, block), dtype=np.uint8)
    symbols = qam.modulate(encode_blocks(bits, *shape), bits_per_symbol)
    reception = transmit(link, symbols, bits_per_symbol, snr_db, draw(seed, count, point))
    found = decode_blocks(llrs(reception, bits_per_symbol), *shape, iterations=transport.iterations,
                          rule=transport.rule, decoder=transport.decoder)
    return int(np.any(found[:, :block] != bits, axis=1).sum())

