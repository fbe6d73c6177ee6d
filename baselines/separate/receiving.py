"""From a reception to codestreams: headers believed where their CRC passes, rounds combined, transport blocks decoded,
and what is left of a codestream whose end is missing."""

from dataclasses import replace

import numpy as np

from baselines.codecs.base import digest
from baselines.separate.frame import from_bits
from baselines.separate.interleaver import gathered
from linksim.link.burst import Reception
from linksim.schemes.base import rows_of


class Receiver:
    """scheme: a `SeparateScheme`, of which it uses what both sides know. Of several rounds, it remembers what it has
    just acknowledged, and doesn't decode it again to show it."""

    def __init__(self, scheme):
        self.modes, self.transport, self.codec, self.rvs = scheme.modes, scheme.transport, scheme.codec, scheme.rvs
        self.interleaved = scheme.interleaves
        self.layered, self.within = scheme.modes.count > 1, scheme.config.failure == "prefix"
        self._known: dict[bytes, tuple[bytes | None, bool]] = {}

    def receive(self, reception: Reception) -> tuple[list[bytes | None], np.ndarray]:
        """Codestreams to show (None: nothing), and bool [B], whether everything sent has arrived."""
        if len(self.rvs) == 1:
            return self._receive(reception)
        keys = [_key(reception, row) for row in range(len(reception.header))]
        if new := [row for row, key in enumerate(keys) if key not in self._known]:
            got = self._receive(rows_of(reception, np.array(new)))
            self._known = {key: self._known[key] for key in keys if key in self._known}
            self._known |= {keys[row]: found for row, found in zip(new, zip(*got, strict=True), strict=True)}
        return [self._known[key][0] for key in keys], np.array([self._known[key][1] for key in keys], bool)

    def _receive(self, reception: Reception) -> tuple[list[bytes | None], np.ndarray]:
        rounds = (*reception.earlier, reception)
        fields = [self._header(one, number) for number, one in enumerate(rounds)]
        codestreams, whole = [None] * len(reception.header), np.zeros(len(reception.header), bool)
        # The latest header that was received says what is sent; rounds with another one or none add nothing.
        told = np.zeros_like(fields[0])
        for one in fields:
            told = np.where(one[:, -1:] > 0, one, told)
        heard = [(one == told).all(axis=1) & (told[:, -1] > 0) for one in fields]
        for key in np.unique(told[told[:, -1] > 0][:, :-1], axis=0):
            rows = np.flatnonzero((told[:, :-1] == key).all(axis=1) & (told[:, -1] > 0))
            mode = self.modes.of(key[:-1], key[-1])
            parts = mode.parts(told[rows, -1])
            own = [self._ordered(_only(one, rows, ok[rows]), told[rows, -1], mode)
                   for one, ok in zip(rounds, heard, strict=True)]
            data = self._parts(mode, parts, own)
            for row, (pieces, complete) in zip(rows, data, strict=True):
                codestreams[row], whole[row] = self._codestream(pieces, complete), complete
        return codestreams, whole

    def _header(self, one: Reception, number: int) -> np.ndarray:
        """int64 [B, fields but the round]: MCS of every block, split, payload symbols; 0 symbols where the header
        wasn't received, makes no sense or isn't this round's."""
        *told, attempt, symbols = self.modes.header.unpack(one.header)
        sound = one.header_ok & (attempt == number) & (symbols <= one.symbols.shape[1])
        limits = [len(self.modes.table)] * self.modes.count + [len(self.modes.splits)]
        for field, limit in zip(told, limits, strict=True):
            sound &= field < limit
        return np.where(sound[:, None], np.stack([*told, symbols], axis=1), 0)

    def _ordered(self, one: Reception, length: np.ndarray, mode) -> Reception:
        """As the transport blocks lie, where they were spread over the burst."""
        if not self.interleaved:
            return one
        llr = None if one.llr is None else gathered(one.llr, length, mode.bits_per_symbol)
        return replace(one, symbols=gathered(one.symbols, length), llr=llr,
                       noise_variance=gathered(one.noise_variance, length))

    def _parts(self, mode, parts: np.ndarray, rounds: list[Reception]) -> list[tuple[list[bytes], bool]]:
        """For each row the bytes of its transport blocks up to the first that failed, and whether none did.
        parts: int64 [B, parts], symbols of each block."""
        starts = np.cumsum(parts, axis=1) - parts
        out, open_rows = [([], True) for _ in parts], np.ones(len(parts), bool)
        for mcs, length, start in zip(mode.mcs, parts.T, starts.T, strict=True):
            rows = np.flatnonzero(open_rows & (length > 0))
            if not len(rows):
                continue
            cut = [_cut(one, rows, start[rows], length[rows], mcs.bits_per_symbol) for one in rounds]
            got = self.transport.receive(cut, length[rows], mcs, self.rvs[: len(rounds)])
            for i, row in enumerate(rows):
                pieces, bits = out[row][0], len(got.bits[i])
                if not got.ok[i]:
                    passed = np.logical_and.accumulate(got.blocks_ok[i]) & self.within
                    bits = int(got.block_bits[i][passed].sum())
                    out[row], open_rows[row] = (pieces, False), False
                pieces.append(from_bits(got.bits[i][:bits]))
        return out

    def _codestream(self, pieces: list[bytes], complete: bool) -> bytes | None:
        data = b"".join(pieces)
        if complete:
            return self.codec.unpad(data)
        return self.codec.prefix(data) if data and (self.layered or self.within) else None


def _only(one: Reception, rows: np.ndarray, heard: np.ndarray) -> Reception:
    """Some rows, silent where nothing was heard."""
    def silenced(values):
        return None if values is None else np.where(heard[:, None], values[rows], 0).astype(values.dtype)

    return Reception(silenced(one.symbols), silenced(one.noise_variance), one.header[rows], heard, silenced(one.llr))


def _cut(one: Reception, rows: np.ndarray, start: np.ndarray, length: np.ndarray, bits: int):
    """(symbols, noise variance, LLRs or None) of a transport block, each row's from its own start."""
    def taken(values, factor):
        column = np.arange(int(length.max()) * factor)
        here = column < length[:, None] * factor
        at = np.where(here, start[:, None] * factor + column, 0)
        return np.where(here, values[rows[:, None], at], 0).astype(values.dtype)

    return taken(one.symbols, 1), taken(one.noise_variance, 1), None if one.llr is None else taken(one.llr, bits)


def _key(reception: Reception, row: int) -> bytes:
    """Equal for equal rows."""
    fields = ("symbols", "noise_variance", "header", "header_ok", "llr")
    rounds = [[getattr(one, field) for field in fields] for one in (*reception.earlier, reception)]
    return b"".join(digest(np.asarray(values[row])) for one in rounds for values in one if values is not None)
