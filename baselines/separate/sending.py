"""Codestreams as transport blocks on the air, and what they cost."""

import numpy as np

from baselines.separate.frame import to_bits
from baselines.separate.modes import Mode


def send(transport, codestreams: list[bytes | None], symbols: np.ndarray, mode: Mode, rv: int, width: int):
    """B codestreams in symbols int64 [B] payload symbols each (0: nothing is sent), in one mode.

    Every transport block takes up the codestream where the one before it ends. Returns complex64 [B, width] and the
    ledger, purpose -> int32 [B], which sums to `symbols`; bits that no codestream fills are billed as filler."""
    sent = np.zeros((len(symbols), width), np.complex64)
    ledger = {use: np.zeros(len(symbols), np.int32) for use in ("payload", "coding", "crc_filler")}
    begun, at = np.zeros(len(symbols), np.int64), np.zeros(len(symbols), np.int64)
    for part, mcs in zip(mode.parts(symbols).T, mode.mcs, strict=True):
        if not len(rows := np.flatnonzero(part)):
            continue
        length = part[rows]
        room = transport.payload_bits(length, mcs)
        ends = at[rows] + room // 8
        data = [codestreams[row][start:end] for row, start, end in zip(rows, at[rows], ends, strict=True)]
        waves = transport.encode([to_bits(*pair) for pair in zip(data, room, strict=True)], length, mcs, rv)
        here = np.arange(waves.shape[1]) < length[:, None]
        row, column = np.nonzero(here)
        sent[rows[row], begun[rows][row] + column] = waves[here]
        split = transport.split(length, mcs)
        for use, spent in split.items():
            ledger[use][rows] += spent
        empty = np.rint(split["payload"] * (room - [8 * len(d) for d in data]) / room).astype(np.int32)
        ledger["payload"][rows] -= empty
        ledger["crc_filler"][rows] += empty
        begun[rows] += length
        at[rows] = ends
    return sent, ledger
