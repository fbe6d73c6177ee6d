"""The 5G NR transport chain: CRC, segmentation, LDPC, rate matching and QAM for transport blocks of any
length.

After 3GPP TS 38.212 (5.1 to 5.5, 7.2) and TS 38.211 (5.1). One transport block per picture; the number of
channel uses and the MCS alone say how many bits it carries and how it is cut, so the receiver needs no more
than these two. The code blocks of all pictures of a call are pooled by lifting size and decoded together.
"""

import numpy as np
from scipy.special import ndtri

from linksim.link import crc, qam, ratematch, thresholds
from linksim.link.codeblocks import TILE, decode_blocks, encode_blocks
from linksim.link.ldpc import RULES
from linksim.link.mcs import MCS, Mcs, Plan, plan

__all__ = ["MCS", "Mcs", "Transport"]


class Transport:
    """iterations, rule: of the LDPC decoder (see ldpc.py). tile: code blocks decoded together at lifting
    size 384.

    In all methods `symbols` is int [B], the channel uses of each picture's transport block.
    """

    def __init__(self, iterations: int = 20, rule: str = "boxplus-phi", tile: int = TILE):
        if rule not in RULES:
            raise ValueError(f"rule must be one of {RULES}, got {rule!r}")
        self.iterations, self.rule, self.tile = iterations, rule, tile

    def payload_bits(self, symbols: np.ndarray, mcs: Mcs) -> np.ndarray:
        """int64 [B]: information bits, a multiple of 8, that fit beside all CRCs; 0 where none do."""
        return np.array([plan(int(n), mcs).payload for n in symbols], np.int64)

    def split(self, symbols: np.ndarray, mcs: Mcs) -> dict[str, np.ndarray]:
        """int32 [B] per purpose, summing to `symbols`: "payload" and "crc_filler" are what as many uncoded
        bits would take at the MCS's bits per symbol, "coding" the rest."""
        symbols = np.asarray(symbols, np.int64)
        plans = [plan(int(n), mcs) for n in symbols]
        information = np.array([p.block * p.blocks for p in plans], np.int64)
        payload = np.array([p.payload for p in plans], np.int64)
        uses = np.ceil(np.stack([payload, information]) / mcs.bits_per_symbol).astype(np.int64)
        parts = {"payload": uses[0], "crc_filler": uses[1] - uses[0], "coding": symbols - uses[1]}
        return {purpose: part.astype(np.int32) for purpose, part in parts.items()}

    def encode(self, bits: list[np.ndarray], symbols: np.ndarray, mcs: Mcs, rv: int = 0) -> np.ndarray:
        """bits: B arrays uint8 of 0/1, the b-th of exactly payload_bits[b]. Returns complex64 [B,
        max(symbols)], unit mean power, zero behind each row's `symbols` (and in rows that carry
        nothing)."""
        blocks = _Blocks(symbols, mcs)
        words = np.zeros((len(blocks.row), max(blocks.block, default=0)), np.uint8)
        for p, rows, at in blocks.by_plan():
            wrong = [b for b in rows if len(bits[b]) != p.payload]
            if wrong:
                raise ValueError(f"row {wrong[0]} carries {p.payload} bits, got {len(bits[wrong[0]])}")
            block = crc.append(np.stack([np.asarray(bits[b], np.uint8) for b in rows]), p.crc)
            if p.blocks > 1:
                block = crc.append(block.reshape(len(rows) * p.blocks, -1), "24B")
            words[at.ravel(), : p.block] = block
        out = np.zeros((len(blocks.symbols), int(max(blocks.symbols, default=0))), np.complex64)
        for graph, z, at in blocks.by_code():
            coded = encode_blocks(words[at], blocks.block[at], blocks.sent[at], graph, z, mcs.bits_per_symbol, rv)
            row, column, here = blocks.places(at, 1)
            out[row[here], column[here]] = qam.modulate(coded, mcs.bits_per_symbol)[here]
        return out

    def decode(self, symbols: np.ndarray, noise_variance: np.ndarray, length: np.ndarray, mcs: Mcs,
               rv: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
        """symbols: complex64 [B, N], equalised and unbiased. noise_variance: float32 [B, N], effective.
        length: int [B], symbols of each row's transport block. Returns (B arrays uint8 of payload_bits, ok
        bool [B]): the verdict of the transport block's CRC, False where nothing was sent; bits that aren't
        ok mean nothing."""
        blocks = _Blocks(length, mcs)
        llr = qam.demodulate(np.asarray(symbols), np.asarray(noise_variance), mcs.bits_per_symbol)
        words = np.zeros((len(blocks.row), max(blocks.block, default=0)), np.uint8)
        for graph, z, at in blocks.by_code():
            row, column, here = blocks.places(at, mcs.bits_per_symbol)
            received = np.where(here, llr[row, np.where(here, column, 0)], np.float32(0))
            found = decode_blocks(received, blocks.block[at], blocks.sent[at], graph, z, mcs.bits_per_symbol, rv,
                                  self.iterations, self.rule, self.tile)
            width = min(found.shape[1], words.shape[1])
            words[at, :width] = found[:, :width]
        bits, ok = [np.zeros(0, np.uint8)] * len(blocks.symbols), np.zeros(len(blocks.symbols), bool)
        for p, rows, at in blocks.by_plan():
            kept = p.block - (24 if p.blocks > 1 else 0)
            transport = words[at][:, :, :kept].reshape(len(rows), -1)
            ok[rows] = crc.check(transport, p.crc)
            for b, payload in zip(rows, transport[:, : p.payload], strict=True):
                bits[b] = payload
        return bits, ok

    def threshold_db(self, mcs: Mcs, symbols: np.ndarray) -> np.ndarray:
        """float64 [B]: Es/N0 in dB at which half the transport blocks are lost on AWGN, from
        thresholds.json, measured with this chain at 20 iterations by `python -m linksim.link.thresholds`;
        inf where nothing fits.

        A block of K' bits is lost with probability Q((SNR - t) / s), t and s interpolated over log K'; a
        transport block of C such with 1 - (1 - Q)^C.
        """
        return np.array([_threshold(plan(int(n), mcs), mcs.name) for n in symbols], np.float64)


def _threshold(p: Plan, name: str) -> float:
    if not p.payload:
        return np.inf
    table = thresholds.load()["mcs"][name]
    graphs = [entry for entry in table if entry["graph"] == p.graph] or table
    size = np.log([entry["block"] for entry in graphs])
    middle = np.interp(np.log(p.block), size, [entry["threshold_db"] for entry in graphs])
    spread = np.interp(np.log(p.block), size, [entry["spread_db"] for entry in graphs])
    return float(middle + spread * -ndtri(1 - 0.5 ** (1 / p.blocks)))


class _Blocks:
    """The code blocks of B transport blocks, flat: row (picture), start and uses (symbols in that row),
    block (K'), sent (coded bits E), graph and lifting, each int [number of code blocks]."""

    def __init__(self, symbols: np.ndarray, mcs: Mcs):
        self.symbols = np.asarray(symbols, np.int64)
        self.plans = [plan(int(n), mcs) for n in self.symbols]
        count = np.array([p.blocks for p in self.plans], np.int64)
        self.first = np.cumsum(count) - count
        self.row = np.repeat(np.arange(len(count)), count)
        shares = [ratematch.shares(p.symbols, p.blocks) for p in self.plans if p.blocks]
        self.uses = np.concatenate([count[:0], *shares])
        ends = np.cumsum(self.uses)
        self.start = ends - self.uses - np.repeat((ends - self.uses)[self.first[count > 0]], count[count > 0])
        self.sent = self.uses * mcs.bits_per_symbol
        self.block, self.graph, self.lifting = (
            np.repeat(np.array([getattr(p, name) for p in self.plans], np.int64), count)
            for name in ("block", "graph", "lifting"))

    def by_plan(self):
        """(plan, rows int [R], indices of their blocks int [R, C]) for rows that carry something."""
        for p in dict.fromkeys(self.plans):
            if p.blocks:
                rows = np.array([b for b, other in enumerate(self.plans) if other is p or other == p])
                yield p, rows, self.first[rows][:, None] + np.arange(p.blocks)

    def by_code(self):
        """(graph, lifting, indices of blocks) of each mother code in use."""
        for graph, z in sorted(set(zip(self.graph.tolist(), self.lifting.tolist(), strict=True))):
            yield graph, z, np.flatnonzero((self.graph == graph) & (self.lifting == z))

    def places(self, at: np.ndarray, factor: int):
        """(row [T, 1], column [T, W], here bool [T, W]) of the blocks `at` in an array of `factor` columns
        per symbol, W those of the longest; `here` where a block has so many."""
        offset = np.arange(int(self.uses[at].max()) * factor)
        column = self.start[at][:, None] * factor + offset
        here = offset < self.uses[at][:, None] * factor
        return np.broadcast_to(self.row[at][:, None], column.shape), column, here
