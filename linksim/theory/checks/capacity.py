"""Capacity and outage: what the effective noise variances after the equaliser are worth, against closed forms."""

import numpy as np

from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Count, Mean

SNR_DB = tuple(range(0, 31, 5))
RATES = (0.5, 1, 2, 3, 4)
OUTAGE, CAPACITY = "outage, slow Rayleigh", "capacity"

def capacities(model: str, snr_db: float, rows: int, seed: int, point: int) -> np.ndarray:
    """float64 [rows], log2(1 + 1 / no_eff) of a use per row, no_eff as the link hands it on."""
    ones = np.ones((rows, 1), np.complex64)
    link = simulate.link({"model": model}, simulate.SHORT, 1024)
    reception = simulate.transmit(link, ones, None, snr_db, simulate.draw(seed, rows, point))
    return np.log2(1 + 1 / reception.noise_variance[:, 0].astype(np.float64))


def build(effort: Effort) -> list[Task]:
    rows, tasks = effort.of(2000), []
    for at, snr_db in enumerate(SNR_DB):
        gamma = 10 ** (snr_db / 10)
        for which, rate in enumerate(RATES):
            expected = float(closed_forms.outage(gamma, rate))

            def lost(seed, snr_db=snr_db, rate=rate, expected=expected, point=10 * at + which):
                return Count(expected, int((capacities("rayleigh", snr_db, rows, seed, point) < rate).sum()), rows)
            tasks.append(Task(OUTAGE, f"{rate:g} bit per use", snr_db, lost, (snr_db, rate) == (10, 2)))

        def fading(seed, snr_db=snr_db, gamma=gamma, point=10 * at + 8):
            return Mean.of(float(closed_forms.capacity_rayleigh(gamma)),
                           capacities("rayleigh", snr_db, rows, seed, point))

        def still(seed, snr_db=snr_db, gamma=gamma, point=10 * at + 9):
            # nothing is random here: float32's last digits are all that may differ
            return Mean.of(float(closed_forms.capacity_awgn(gamma)), capacities("awgn", snr_db, 16, seed, point), 1e-5)
        tasks += [Task(CAPACITY, "Rayleigh, ergodic", snr_db, fading, snr_db == 15),
                  Task(CAPACITY, "AWGN", snr_db, still, snr_db == 15)]
    return tasks


def lines() -> list[Line]:
    x = np.linspace(SNR_DB[0], SNR_DB[-1], 121)
    gamma = 10 ** (x / 10)
    return [*(Line(OUTAGE, f"{rate:g} bit per use", x, closed_forms.outage(gamma, rate)) for rate in RATES),
            Line(CAPACITY, "Rayleigh, ergodic", x, closed_forms.capacity_rayleigh(gamma)),
            Line(CAPACITY, "AWGN", x, closed_forms.capacity_awgn(gamma))]


CHECK = Check(
    "capacity", "Capacity and outage",
    "log2(1 + 1/no_eff), no_eff the noise variance that the link hands on: its mean against e^(1/g) E1(1/g) / ln 2 and "
    "log2(1 + g), and how often it lies below a rate against 1 - exp(-(2^R - 1) / g).",
    (Panel(OUTAGE, "mean Es/N0 (dB)", "outage probability"),
     Panel(CAPACITY, "mean Es/N0 (dB)", "bits per channel use", log=False)), build, lines)
