"""HARQ: two receptions of the same QPSK symbols are worth 3 dB.

QPSK's LLRs are linear in what is received, so adding them is maximum ratio combining, exactly. Of larger constellations
the bits of a symbol share its noise, and adding LLRs loses some tenths of a dB to combining the symbols.
"""

import numpy as np

from linksim.link.burst import Burst, Draw
from linksim.link.mcs import TABLES
from linksim.theory import simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import TwoCounts

PANEL, USES, AWGN = "AWGN, two rounds", 100, {"model": "awgn"}
CASES = (("table1", 2), ("table1", 5), ("table1", 9))  # code rates .19, .37, .66
OFFSETS_DB = (-1.0, -0.5, 0.0, 0.5)  # of the combined SNR from the tabulated threshold


def lost(table: str, index: int, snr_db: float, rvs: tuple[int, ...], count: int, seed: int, point: int) -> int:
    """Transport blocks of USES symbols lost after receiving the redundancy versions `rvs` together."""
    link, mcs = simulate.link(AWGN, transport={"mcs_table": table}), TABLES[table][index]
    transport, length = link.transport, np.full(count, USES, np.int32)
    rng = np.random.default_rng([seed, point])
    bits = [rng.integers(0, 2, n).astype(np.uint8) for n in transport.payload_bits(length, mcs)]
    heard = []
    for attempt, rv in enumerate(rvs):
        burst = Burst(transport.encode(bits, length, mcs, rv), length, np.zeros((count, 0), np.uint8), 0,
                      transport.split(length, mcs), mcs.bits_per_symbol)
        rows = simulate.draw(seed, count, point)
        reception = link.transmit(burst, snr_db, Draw(rows.seed, rows.picture, rows.realisation, attempt))
        heard.append((reception.symbols, reception.noise_variance, reception.llr))
    return int((~transport.receive(heard, length, mcs, list(rvs)).ok).sum())


def build(effort: Effort) -> list[Task]:
    count, tasks = effort.of(80), []
    for case, (table, index) in enumerate(CASES):
        mcs = TABLES[table][index]
        for at, offset in enumerate(OFFSETS_DB):
            def chase(seed, table=table, index=index, offset=offset, point=100 * case + at):
                mcs, link = TABLES[table][index], simulate.link(AWGN, transport={"mcs_table": table})
                snr_db = float(link.transport.threshold_db(mcs, np.array([USES]))[0]) + offset
                once = lost(table, index, snr_db, (0,), count, seed, point + 50)
                twice = lost(table, index, snr_db - 10 * np.log10(2), (0, 0), count, seed, point)
                return Paired(twice, count, once, count)
            tasks.append(Task(PANEL, f"{table}, MCS {mcs.index}", offset, chase, (case, at) == (0, 2)))
    return tasks


class Paired(TwoCounts):
    """TwoCounts whose reference is simulated along with it."""

    def __add__(self, other):
        return Paired(self.errors + other.errors, self.trials + other.trials,
                      self.reference_errors + other.reference_errors, self.reference_trials + other.reference_trials)


def lines() -> list[Line]:
    return []


CHECK = Check(
    "harq", "HARQ, chase combining",
    "Two rounds of the same QPSK symbols, each at half the SNR, against one round (both simulated): Link.transmit with "
    "the attempt in the draw, Transport.receive. Adding QPSK's LLRs is maximum ratio combining.",
    (Panel(PANEL, "combined Es/N0 above the MCS's tabulated threshold (dB)", "block-error rate"),), build, lines)
