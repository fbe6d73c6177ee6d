"""The mother code of 5G NR: quasi-cyclic LDPC after 3GPP TS 38.212, section 5.3.2, in NumPy.

The base graphs are read from the tables that come with Sionna (the file alone; Sionna isn't imported).
Encoder and decoder work on whole batches of code blocks and are loops over the base graph, never over
blocks or bits: lifting by Z turns each of its entries into a rotation of a [Z, T] array. Nothing is
compiled, so every one of the 51 lifting sizes can be used, and a block that is decoded leaves the batch.

The decoder is belief propagation with the flooding schedule, LLRs clipped at 20, and one of three check-node
rules as in Sionna's `LDPC5GDecoder`, which a test compares it with: "boxplus-phi"; "boxplus", the same
function by way of tanh, whose products lose what is smaller than 1e-7; and the approximation "minsum".
Each operation acts on every element alone and in one order, so a block gets the same bits whatever it is
batched with.
"""

import csv
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

LLR_MAX = np.float32(20.0)
LIFTING = tuple(sorted(a * 2**j for a in (2, 3, 5, 7, 9, 11, 13, 15) for j in range(8) if a * 2**j <= 384))
RULES = ("boxplus-phi", "boxplus", "minsum")
_BELOW_ONE = np.float32(1 - 1e-7)
_SETS = {2: 0, 3: 1, 5: 2, 7: 3, 9: 4, 11: 5, 13: 6, 15: 7}  # table 5.3.2-1: a -> index of the set of shifts


@lru_cache(maxsize=2)
def _base_graph(number: int) -> dict[tuple[int, int], tuple[int, ...]]:
    """Base graph 1 or 2: (row, column) -> its eight shifts, one per set of lifting sizes."""
    root = Path(find_spec("sionna").submodule_search_locations[0])
    graph, row = {}, 0
    with open(root / "phy" / "fec" / "ldpc" / "codes" / f"5G_bg{number}.csv", newline="", encoding="utf-8-sig") as file:
        for line in list(csv.reader(file, delimiter=";"))[2:]:
            row = int(line[0]) if line[0] else row
            graph[row, int(line[1])] = tuple(int(v) for v in line[2:10])
    return graph


@lru_cache(maxsize=128)
def mother_code(graph: int, lifting: int) -> "MotherCode":
    """The code of base graph 1 or 2 lifted by Z (one of LIFTING)."""
    return MotherCode(graph, lifting)


class MotherCode:
    """graph: 1 or 2. z: lifting size. k: information bits (22 Z or 10 Z). n: length of the circular buffer
    (66 Z or 50 Z), which lacks the first 2 Z information bits, never sent."""

    def __init__(self, graph: int, z: int):
        self.graph, self.z = graph, z
        self.columns = 22 if graph == 1 else 10
        a = z
        while a % 2 == 0 and a > 2:
            a //= 2
        shifts = {place: values[_SETS[a]] % z for place, values in _base_graph(graph).items()}
        count = 46 if graph == 1 else 42
        self.rows = [[(c, shifts[r, c]) for c in range(68) if (r, c) in shifts] for r in range(count)]
        self.k = self.columns * z
        self.n = (self.columns + len(self.rows) - 2) * z

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """uint8 [T, k] information bits (fillers 0) -> uint8 [T, n], the circular buffer.

        The four core parities follow from adding the first four rows of H, whose sum holds the first parity
        alone (rotated), then by forward substitution; each further row gives its own parity.
        """
        kb, z = self.columns, self.z
        word = np.zeros((kb + len(self.rows), z, len(bits)), np.uint8)
        word[:kb] = bits.reshape(len(bits), kb, z).transpose(1, 2, 0)

        def check(row, skip):
            total = np.zeros_like(word[0])
            for c, s in self.rows[row]:
                if c < skip:
                    total ^= np.roll(word[c], -s, axis=0)
            return total

        syndromes = [check(row, kb) for row in range(4)]
        inner = next(s for r in (1, 2) for c, s in self.rows[r] if c == kb)
        word[kb] = np.roll(syndromes[0] ^ syndromes[1] ^ syndromes[2] ^ syndromes[3], inner, axis=0)
        for row in range(3):
            word[kb + row + 1] = check(row, kb + row + 1)
        for row in range(4, len(self.rows)):
            word[kb + row] = check(row, kb + 4)
        return np.ascontiguousarray(word[2:].reshape(-1, len(bits)).T)

    def decode(self, llr: np.ndarray, iterations: int = 20, rule: str = "boxplus-phi") -> np.ndarray:
        """float32 [T, n] LLRs log P(0)/P(1) of the circular buffer (0 where nothing came, large at fillers)
        -> uint8 [T, k], the information bits after at most `iterations`.

        A block is done as soon as its hard decisions fulfil all parity checks. A check whose own parity bit
        wasn't received tells nothing and is left out.
        """
        used = np.flatnonzero(np.any(llr != 0, axis=0))
        last = 2 + (int(used[-1]) // self.z if len(used) else 0)
        rows = self.rows[: max(4, last - self.columns + 1)]
        columns = self.columns + len(rows)
        channel = np.zeros((columns, self.z, len(llr)), np.float32)
        channel[2:] = np.clip(llr.T[: (columns - 2) * self.z], -LLR_MAX, LLR_MAX).reshape(-1, self.z, len(llr))
        total, messages = channel, [np.zeros((len(row), self.z, len(llr)), np.float32) for row in rows]
        out, alive = np.empty((len(llr), self.k), np.uint8), np.arange(len(llr))
        for step in range(iterations):
            new, failed = self._iterate(rows, channel, total, messages, rule)
            if step and not failed.all():
                out[alive[~failed]] = self._decide(total[:, :, ~failed])
                alive = alive[failed]
                channel, new = np.compress(failed, channel, axis=2), np.compress(failed, new, axis=2)
                messages = [np.compress(failed, message, axis=2) for message in messages]
            total = new
            if not len(alive):
                break
        out[alive] = self._decide(total)
        return out

    def _decide(self, total: np.ndarray) -> np.ndarray:
        """Totals [columns, Z, T] -> uint8 [T, k] hard decisions of the information bits."""
        return (total[: self.columns] < 0).reshape(self.k, -1).T

    def _iterate(self, rows, channel, total, messages, rule):
        """One flooding iteration from the totals [columns, Z, T] and the messages of each row's checks to
        its bits [degree, Z, T], which it replaces. Returns the new totals, and bool [T] which blocks' old
        totals, as hard decisions, break a check."""
        new, failed = channel.copy(), np.zeros(total.shape[2], bool)
        update = {"boxplus-phi": _boxplus_phi, "boxplus": _boxplus, "minsum": _minsum}[rule]
        for number, (row, message) in enumerate(zip(rows, messages, strict=True)):
            view = np.empty_like(message)
            for i, (c, s) in enumerate(row):
                view[i, : self.z - s], view[i, self.z - s :] = total[c, s:], total[c, :s]
            odd = np.bitwise_xor.reduce(view.view(np.uint32), axis=0) >> 31
            np.subtract(view, message, out=view)
            update(view, message)
            if number >= 4:
                informed = channel[self.columns + number] != 0
                if not informed.all():
                    message *= informed
                    odd &= informed
            failed |= odd.any(axis=0)
            for i, (c, s) in enumerate(row):
                new[c, s:] += message[i, : self.z - s]
                new[c, :s] += message[i, self.z - s :]
        return new, failed


def _boxplus_phi(view: np.ndarray, out: np.ndarray) -> None:
    """view: [degree, Z, T] messages to a check, overwritten; out: the answers, sign(product of the others) *
    phi(sum of phi(|others|)), phi(x) = -log tanh(x/2)."""
    signs = _signs(view)
    _minus_phi(np.abs(view, out=view))
    np.subtract(view, np.add.reduce(view, axis=0), out=out)
    _minus_phi(out)
    np.negative(out, out=out)
    out.view(np.uint32)[...] |= signs


def _minus_phi(x: np.ndarray) -> None:
    """log tanh(x/2) in place. Clipped below, so that phi stays under 16.7; as integers, whose order is that
    of positive floats, since NumPy is slow at the maximum of floats."""
    bits = x.view(np.int32)
    np.maximum(bits, np.float32(1.2e-7).view(np.int32), out=bits)
    np.multiply(x, np.float32(0.5), out=x)
    np.log(np.tanh(x, out=x), out=x)


def _boxplus(view: np.ndarray, out: np.ndarray) -> None:
    """As _boxplus_phi: 2 atanh(product of tanh(other / 2)), the product of the others being that of all over the
    own; below 1e-7 it is 0, and it is kept 1e-7 away from 1."""
    np.multiply(view, np.float32(0.5), out=view)
    np.tanh(view, out=view)
    view[view == 0] = 1e-12
    np.divide(np.multiply.reduce(view, axis=0), view, out=out)
    out[np.abs(out) < 1e-7] = 0
    np.clip(out, -_BELOW_ONE, _BELOW_ONE, out=out)
    np.arctanh(out, out=out)
    np.multiply(out, np.float32(2), out=out)


def _minsum(view: np.ndarray, out: np.ndarray) -> None:
    """As _boxplus_phi with the least of the other magnitudes in the place of phi."""
    signs = _signs(view)
    np.minimum(np.abs(view, out=view), LLR_MAX, out=view)
    least = view.min(axis=0)
    at_least = view == least
    second = np.where(at_least, np.inf, view).min(axis=0)
    out[...] = np.where(at_least & (at_least.sum(axis=0) == 1), second, least)
    out.view(np.uint32)[...] |= signs


def _signs(view: np.ndarray) -> np.ndarray:
    """Sign bits (uint32) of the answers: of the product of all other messages of a check."""
    bits = view.view(np.uint32)
    return (np.bitwise_xor.reduce(bits, axis=0) ^ bits) & np.uint32(1 << 31)
