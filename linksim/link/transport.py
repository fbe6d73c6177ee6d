"""The 5G NR transport chain: CRC, segmentation, LDPC, rate matching, scrambling and QAM for transport blocks of
any length, and their soft combining over HARQ rounds.

After 3GPP TS 38.212 (5.1 to 5.5, 7.2), TS 38.214 (5.1.3) and TS 38.211 (5.1, 7.3.1.1). One transport block per
picture; the number of channel uses and the MCS alone say how many bits it carries and how it is cut, so the
receiver needs no more than these two. The code blocks of all pictures of a call are pooled by lifting size and
decoded together.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from linksim.errors import UserError
from linksim.link import crc, qam, thresholds
from linksim.link.codeblocks import DECODERS, TILE, decode_buffers, encode_blocks, to_buffers
from linksim.link.layout import Layout
from linksim.link.ldpc import RULES
from linksim.link.mcs import MCS, TABLES, Mcs, plan
from linksim.link.scrambling import c_init, gold

__all__ = ["MCS", "Decoded", "Mcs", "Transport"]

RV_ORDER = (0, 2, 3, 1)  # redundancy versions of incremental redundancy, round by round (TS 38.214, 5.1.2.1)


def redundancy_versions(combining: str, rounds: int) -> list[int]:
    """The redundancy version of each HARQ round. combining: "chase" (the same again) or "incremental"."""
    if combining not in ("chase", "incremental"):
        raise UserError(f"HARQ combining must be chase or incremental, got {combining!r}")
    return [0 if combining == "chase" else RV_ORDER[i % len(RV_ORDER)] for i in range(rounds)]


@dataclass(frozen=True)
class Decoded:
    """bits: B arrays uint8 of payload_bits. ok: bool [B], verdict of the transport block's CRC, False where
    nothing was sent; bits of a code block that isn't ok mean nothing. blocks_ok: B arrays bool [C], verdict of
    each code block's CRC (the transport block's where it is the only one). block_bits: B arrays int64 [C], payload
    bits in each code block; they sum to payload_bits."""

    bits: list[np.ndarray]
    ok: np.ndarray
    blocks_ok: list[np.ndarray]
    block_bits: list[np.ndarray]


class Transport:
    """iterations, rule: of the LDPC decoder (see ldpc.py). tile: code blocks that flooding decodes together at lifting
    size 384. table: name of the MCS table (see mcs.py). start: c_init of the scrambling of coded bits, which the
    standard's tables use; the ladder's payload comes scrambled. decoder: see codeblocks.decode_buffers.

    In all methods `symbols` is int [B], the channel uses of each picture's transport block.
    """

    def __init__(self, iterations: int = 20, rule: str = "boxplus-phi", tile: int = TILE, table: str = "ladder",
                 start: int = c_init(rnti=1), decoder: str = "flooding"):
        if rule not in RULES:
            raise ValueError(f"rule must be one of {RULES}, got {rule!r}")
        if decoder not in DECODERS:
            raise ValueError(f"decoder must be one of {DECODERS}, got {decoder!r}")
        if table not in TABLES:
            raise UserError(f"MCS table must be one of {', '.join(TABLES)}, got {table!r}")
        self.iterations, self.rule, self.tile, self.table, self.start = iterations, rule, tile, table, start
        self.mcs, self.decoder = TABLES[table], decoder

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
        blocks = Layout(symbols, mcs)
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
            if mcs.table != "ladder":
                _, column, here = blocks.places(at, mcs.bits_per_symbol)
                coded = coded ^ self._sequence(out.shape[1], mcs)[np.where(here, column, 0)]
            row, column, here = blocks.places(at, 1)
            out[row[here], column[here]] = qam.modulate(coded, mcs.bits_per_symbol)[here]
        return out

    def decode(self, symbols: np.ndarray, noise_variance: np.ndarray, length: np.ndarray, mcs: Mcs,
               rv: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
        """symbols: complex64 [B, N], equalised and unbiased. noise_variance: float32 [B, N], effective.
        length: int [B], symbols of each row's transport block. Returns (B arrays uint8 of payload_bits, ok
        bool [B]): the verdict of the transport block's CRC, False where nothing was sent; bits that aren't
        ok mean nothing."""
        decoded = self.receive([(symbols, noise_variance, None)], length, mcs, [rv])
        return decoded.bits, decoded.ok

    def receive(self, receptions: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]], length: np.ndarray, mcs: Mcs,
                rvs: list[int]) -> Decoded:
        """Decodes the HARQ rounds of B transport blocks together: LLRs of the same coded bit add up.

        receptions: for each round (symbols complex64 [B, N], noise_variance float32 [B, N], llr float32 [B, N *
        bits_per_symbol] or None), as `decode` takes them; LLRs in qam.demodulate's order count where given. A row
        that a round didn't send is zero there (symbols and noise variance, or LLRs), and adds nothing.
        length: int [B], symbols of each row's transport block, the same in every round. rvs: each round's
        redundancy version. ValueError where there aren't as many of these as rounds."""
        if not receptions or len(receptions) != len(rvs):
            raise ValueError(f"{len(receptions)} receptions need as many redundancy versions, got {list(rvs)}")
        blocks = Layout(length, mcs)
        rounds = [self._llr(*reception, mcs) for reception in receptions]
        words = np.zeros((len(blocks.row), max(blocks.block, default=0)), np.uint8)
        heard = np.zeros(len(words), bool)
        for graph, z, at in blocks.by_code():
            row, column, here = blocks.places(at, mcs.bits_per_symbol)
            column = np.where(here, column, 0)
            shape = blocks.block[at], blocks.sent[at], graph, z, mcs.bits_per_symbol
            received = [np.where(here, llr[row, column], np.float32(0)) for llr in rounds]
            heard[at] = np.any([part.any(axis=1) for part in received], axis=0)
            buffers = [to_buffers(part, *shape, rv) for part, rv in zip(received, rvs, strict=True)]
            found = decode_buffers(reduce(np.add, buffers), graph, z, self.iterations, self.rule, self.tile,
                                   self.decoder)
            width = min(found.shape[1], words.shape[1])
            words[at, :width] = found[:, :width]
        return _verdicts(blocks, words, heard)

    def _llr(self, symbols, noise_variance, llr, mcs: Mcs) -> np.ndarray:
        """float32 [B, N * bits_per_symbol], descrambled, 0 where nothing was sent."""
        if llr is None:
            symbols, noise_variance = np.asarray(symbols), np.asarray(noise_variance)
            llr = qam.demodulate(symbols, noise_variance, mcs.bits_per_symbol)
            silent = (noise_variance == 0) & (symbols == 0)
            if silent.any():
                llr[np.repeat(silent, mcs.bits_per_symbol, axis=1)] = 0
        if mcs.table != "ladder":
            llr = llr * (1 - 2 * self._sequence(llr.shape[1] // mcs.bits_per_symbol, mcs).astype(np.float32))
        return llr

    def _sequence(self, symbols: int, mcs: Mcs) -> np.ndarray:
        return gold(self.start, symbols * mcs.bits_per_symbol)

    def threshold_db(self, mcs: Mcs, symbols: np.ndarray) -> np.ndarray:
        """float64 [B]: Es/N0 in dB at which half the transport blocks are lost on AWGN (see thresholds.py),
        at 20 iterations of boxplus-phi; inf where nothing fits."""
        return np.array([thresholds.transport_block(plan(int(n), mcs), mcs) for n in symbols], np.float64)


def _verdicts(blocks: Layout, words: np.ndarray, heard: np.ndarray) -> Decoded:
    """words: uint8 [code blocks, K' or more], as decoded. heard: bool, whether anything was known of them; of
    nothing zeros are decoded, whose CRC is right."""
    rows_total = len(blocks.symbols)
    ok, bits = np.zeros(rows_total, bool), [np.zeros(0, np.uint8)] * rows_total
    blocks_ok, block_bits = [np.zeros(0, bool)] * rows_total, [np.zeros(0, np.int64)] * rows_total
    for p, rows, at in blocks.by_plan():
        kept = p.block - (24 if p.blocks > 1 else 0)
        transport = words[at][:, :, :kept].reshape(len(rows), -1)
        ok[rows] = crc.check(transport, p.crc) & heard[at].any(axis=1)
        passed = ok[rows][:, None]
        if p.blocks > 1:
            passed = crc.check(words[at.ravel(), : p.block], "24B").reshape(at.shape) & heard[at]
        for i, b in enumerate(rows):
            bits[b], blocks_ok[b], block_bits[b] = transport[i, : p.payload], passed[i], np.array(p.block_bits)
    return Decoded(bits, ok, blocks_ok, block_bits)
