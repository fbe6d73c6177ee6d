"""HARQ: two receptions of the same QPSK symbols are worth 3 dB, of other coded bits no less.

QPSK's LLRs are linear in what is received, so adding them is maximum ratio combining, exactly. Of larger constellations
the bits of a symbol share its noise, and adding LLRs loses some tenths of a dB to combining the symbols.

Throughput: of blocks sent once a share 1 - p gets through per use; with a second round after a loss (1 - q) / (1 + p),
q the share lost after both. That isn't less where q <= p^2, what a second round without any combining would give.
"""

import numpy as np

from linksim.link.burst import Burst, Draw
from linksim.link.mcs import TABLES
from linksim.theory import simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Paired

CHASE, INCREMENTAL = "chase combining against one round", "redundancy versions 0 and 2 against chase combining"
USES, AWGN = 100, {"model": "awgn"}
CASES = (("table1", 2), ("table1", 5), ("table1", 9))  # code rates .19, .37, .66
OFFSETS_DB = (-1.0, -0.5, 0.0, 0.5)  # of the combined SNR from the tabulated threshold


def lost(table: str, index: int, snr_db: float, rvs: tuple[int, ...], count: int, seed: int, point: int):
    """bool [count], transport blocks of USES symbols lost after receiving the redundancy versions `rvs` together."""
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
    return ~transport.receive(heard, length, mcs, list(rvs)).ok


def build(effort: Effort) -> list[Task]:
    count, tasks = effort.of(80), []
    for case, (table, index) in enumerate(CASES):
        name = f"{table}, MCS {TABLES[table][index].index}"

        def trial(seed, offset, rvs, point, table=table, index=index, count=count):
            link = simulate.link(AWGN, transport={"mcs_table": table})
            threshold = float(link.transport.threshold_db(TABLES[table][index], np.array([USES]))[0])
            return lost(table, index, threshold + offset, rvs, count, seed, point)

        for at, offset in enumerate(OFFSETS_DB):
            point, halved = 100 * case + at, offset - 10 * np.log10(2)

            def chase(seed, trial=trial, offset=offset, halved=halved, point=point):
                twice, once = trial(seed, halved, (0, 0), point), trial(seed, offset, (0,), point + 50)
                return Paired(int(twice.sum()), count, int(once.sum()), count)

            def incremental(seed, trial=trial, halved=halved, point=point):
                new, same = trial(seed, halved, (0, 2), point + 20), trial(seed, halved, (0, 0), point)
                return Paired(int(new.sum()), count, int(same.sum()), count, worse=True)
            tasks += [Task(CHASE, name, offset, chase, (case, at) == (0, 2)),
                      Task(INCREMENTAL, name, offset, incremental, (case, at) == (0, 2))]

        def throughput(seed, trial=trial, point=100 * case):
            both = trial(seed, 0.0, (0, 0), point + 10)
            alone = trial(seed, 0.0, (0,), point + 60) & trial(seed, 0.0, (0,), point + 70)  # lost twice on its own
            return Paired(int(both.sum()), count, int(alone.sum()), count, worse=True)
        tasks.append(Task(CHASE, f"{name}, lost after both rounds against lost in each of two", None, throughput,
                          case == 0))
    return tasks


def lines() -> list[Line]:
    return []


CHECK = Check(
    "harq", "HARQ",
    "Two rounds of the same QPSK symbols, each at half the SNR, against one round (both simulated): Link.transmit with "
    "the attempt in the draw, Transport.receive. Adding QPSK's LLRs is maximum ratio combining. Incremental redundancy "
    "may be better than that, not worse (one-sided); and with a second round the throughput must not be below that of "
    "one (one-sided).",
    tuple(Panel(name, "combined Es/N0 above the MCS's tabulated threshold (dB)", "block-error rate")
          for name in (CHASE, INCREMENTAL)), build, lines)
