"""Coded blocks over slow Rayleigh through transport and link against the outage of their threshold.

    BLER = 1 - exp(-10^((g - SNR)/10)),  g the SNR in dB of 50 % BLER on AWGN, measured here

It catches what fading can hide: normalisation per realisation, clipped fades, LLRs that don't follow the gain. (A wrong
power moves g as well; the checks on AWGN see that.) The form takes the block-error curve on AWGN for a step
at g; a curve Q((SNR - g) / s) changes it by a factor exp((s ln 10 / 10)^2 / 2), 1.003 at s = .35 dB.
"""

from functools import cache

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr

from linksim.link.burst import Burst
from linksim.link.transport import MCS
from linksim.theory import closed_forms, simulate
from linksim.theory.check import SEEDS, Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Count

INDICES, USES = (2, 4, 5, 7, 9), 160  # of the ladder: QPSK 1/2 and 3/4, 16-QAM 1/2 and 3/4, 64-QAM 2/3
ABOVE_DB = (1, 3, 5, 7, 9, 11)  # SNRs from the threshold as tabulated; the form is evaluated at the g measured
PANEL, SLOW, AWGN = "slow Rayleigh", {"model": "rayleigh", "fading": "slow"}, {"model": "awgn"}


def _link(model: str):
    return simulate.link(AWGN if model == "awgn" else SLOW)


def blocks_lost(link, index: int, snr_db: float, count: int, seed: int, point: int) -> int:
    """Transport blocks of USES symbols whose CRC fails, of `count`."""
    mcs, transport, length = MCS[index], link.transport, np.full(count, USES, np.int32)
    rng = np.random.default_rng([seed, point])
    bits = [rng.integers(0, 2, n).astype(np.uint8) for n in transport.payload_bits(length, mcs)]
    burst = Burst(transport.encode(bits, length, mcs), length, np.zeros((count, 0), np.uint8), 0,
                  transport.split(length, mcs), mcs.bits_per_symbol)
    reception = link.transmit(burst, snr_db, simulate.draw(seed, count, point))
    return int((~transport.decode(reception.symbols, reception.noise_variance, length, mcs)[1]).sum())


@cache
def threshold(index: int, count: int = 60) -> tuple[float, float]:
    """g in dB and its standard error: Q((SNR - g) / s) fitted by maximum likelihood to blocks on AWGN."""
    start = float(_link("awgn").transport.threshold_db(MCS[index], np.array([USES]))[0])
    snrs = start + np.array([-0.8, -0.4, 0.0, 0.4, 0.8])
    lost = np.array([sum(blocks_lost(_link("awgn"), index, snr, count, seed, 900 + at) for seed in SEEDS)
                     for at, snr in enumerate(snrs)])
    trials = count * len(SEEDS)

    def unlikelihood(parameters):
        z = (snrs - parameters[0]) / np.exp(parameters[1])
        return -np.sum(lost * log_ndtr(-z) + (trials - lost) * log_ndtr(z))

    middle, log_spread = minimize(unlikelihood, [start, np.log(0.4)], method="Nelder-Mead").x
    z = (snrs - middle) / np.exp(log_spread)
    density = np.exp(-z**2 - log_ndtr(z) - log_ndtr(-z)) / (2 * np.pi)  # Fisher information of a probit in z
    return float(middle), float(np.exp(log_spread) / np.sqrt(trials * density.sum()))


def build(effort: Effort) -> list[Task]:
    tasks = []
    for index in INDICES:
        for at, above in enumerate(ABOVE_DB):
            def run(seed, index=index, at=at, above=above):
                link, mcs = _link("rayleigh"), MCS[index]
                snr_db = float(link.transport.threshold_db(mcs, np.array([USES]))[0]) + above
                g, error = threshold(index)
                expected = float(closed_forms.slow_fading_bler(g, snr_db))
                slope = np.log(10) / 10 * 10 ** ((g - snr_db) / 10) * (1 - expected)
                count = effort.of((60, 80, 120, 160, 220, 300)[at])
                lost = blocks_lost(link, index, snr_db, count, seed, 10 * index + at)
                return Count(expected, lost, count, error * slope)
            tasks.append(Task(PANEL, MCS[index].name, above, run, (index, above) in {(2, 5), (5, 3)}))
    return tasks


def lines() -> list[Line]:
    above = np.linspace(ABOVE_DB[0], ABOVE_DB[-1], 101)
    return [Line(PANEL, MCS[index].name, above, closed_forms.slow_fading_bler(
        threshold(index)[0] - float(_link("awgn").transport.threshold_db(MCS[index], np.array([USES]))[0]), above))
        for index in INDICES]


CHECK = Check(
    "slow-fading", "Coded blocks over slow Rayleigh",
    "Transport blocks of 160 uses through Transport.encode, Link.transmit and Transport.decode against "
    "1 - exp(-10^((g - SNR)/10)), g the SNR of 50 % block errors measured on AWGN; its standard error counts.",
    (Panel(PANEL, "mean Es/N0 above the MCS's tabulated threshold (dB)", "block-error rate"),), build, lines)
