"""Channel estimation: the mean squared error of LS and LMMSE against their closed forms.

The estimate isn't handed on, but it follows from what is: with the same draw and perfect CSI the equalised symbols are
y / h, with an estimate y / h_hat, and |h|^2 is N0 over the noise variance. So |h_hat - h|^2 = |h|^2 |z_p / z_e - 1|^2.
"""

from functools import cache

import numpy as np

from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.checks.profiles import standard
from linksim.theory.evidence import Mean

GRID = {"fft_size": 48, "symbols_per_slot": 14, "pilot_symbols": [2, 11], "pilot_spacing": 4, "cyclic_prefix": 4}
SPACING, SPREAD, SPEED, CARRIER = 15e3, 300e-9, 60.0, 3.5e9  # Hz, seconds, km/h, Hz
CHANNEL = {"model": "tdl-a", "delay_spread": SPREAD, "speed": SPEED, "carrier": CARRIER}
RULES = {"LS, nearest": {"csi": "ls", "interpolation": "nearest"}, "LS, linear": {"csi": "ls"},
         "LMMSE": {"csi": "lmmse"}}
SNR_DB, TOLERANCE = (0.0, 10.0, 20.0, 30.0), 0.03
PANEL = "TDL-A, 300 ns, 60 km/h at 3.5 GHz; pilots on every 4th subcarrier of 2 in 14 symbols"


def correlation(a, b) -> complex:
    """E h(a) h*(b) between (OFDM symbol, subcarrier) a and b: J0 over time, the standard's profile over frequency."""
    delays, powers = standard("tdl-a")
    seconds = (GRID["fft_size"] + GRID["cyclic_prefix"]) / (GRID["fft_size"] * SPACING)
    doppler = SPEED / 3.6 * CARRIER / 299_792_458.0
    over_frequency = powers @ np.exp(-2j * np.pi * delays * SPREAD * (a[1] - b[1]) * SPACING)
    return complex(closed_forms.jakes(doppler, abs(a[0] - b[0]) * seconds) * over_frequency)


def _places():
    symbols, carriers = np.arange(GRID["symbols_per_slot"]), np.arange(GRID["fft_size"])
    pilots = [(s, c) for s in GRID["pilot_symbols"] for c in carriers[:: GRID["pilot_spacing"]]]
    return pilots, [(s, c) for s in symbols for c in carriers if (s, c) not in set(pilots)]


def _along(at: int, known: list[int], nearest: bool) -> dict[int, float]:
    """Weights of the values known at increasing positions for the one at `at`; a line goes on beyond the ends."""
    if nearest:
        return {min(known, key=lambda k: (abs(k - at), k)): 1.0}
    right = next((i for i in range(1, len(known)) if known[i] >= at), len(known) - 1)
    low, high = known[right - 1], known[right]
    return {low: (high - at) / (high - low), high: (at - low) / (high - low)}


@cache
def _moments(rule: str):
    """LS: a and b [D], the error of each data resource element is a + n0 b. LMMSE: R = E h_p h_p^H [P, P] and r = E
    h_p h^* [P, D]."""
    pilots, data = _places()
    between = np.array([[correlation(p, q) for q in pilots] for p in pilots])
    across = np.array([[correlation(p, d) for d in data] for p in pilots])  # [P, D]
    if rule == "LMMSE":
        return between, across
    carriers = sorted({c for _, c in pilots})
    weights = np.zeros(across.shape)
    for i, (s, c) in enumerate(data):
        time = _along(s, GRID["pilot_symbols"], rule == "LS, nearest")
        frequency = _along(c, carriers, rule == "LS, nearest")
        weights[:, i] = [time.get(p, 0.0) * frequency.get(q, 0.0) for p, q in pilots]
    bias = 1 - 2 * np.real(np.sum(weights * across, axis=0)) + np.real(
        np.sum(weights * (between @ weights), axis=0))
    return bias, np.sum(weights**2, axis=0)


def expected(rule: str, n0: float) -> float:
    """Mean squared error over the data resource elements of a slot."""
    first, second = _moments(rule)
    if rule == "LMMSE":
        solved = np.linalg.solve(first + n0 * np.eye(len(first)), second)
        return float(np.mean(1 - np.real(np.sum(second.conj() * solved, axis=0))))
    return float(np.mean(first + n0 * second))


def build(effort: Effort) -> list[Task]:
    rows, tasks = effort.of(40), []

    @cache
    def perfect(snr_db, seed):
        return _receive({}, snr_db, rows, seed)

    for rule, keys in RULES.items():
        for snr_db in SNR_DB:
            def error(seed, rule=rule, keys=keys, snr_db=snr_db):
                n0 = 10 ** (-snr_db / 10)
                known, found = perfect(snr_db, seed), _receive(keys, snr_db, rows, seed)
                energy = n0 / known.noise_variance.astype(np.float64)
                off = energy * np.abs(known.symbols.astype(np.complex128) / found.symbols - 1) ** 2
                mean = expected(rule, n0)
                return Mean.of(mean, off.mean(axis=1), TOLERANCE * mean if rule == "LMMSE" else 0.0)
            tasks.append(Task(PANEL, rule, snr_db, error, snr_db == 20.0))
    return tasks


def _receive(keys: dict, snr_db: float, rows: int, seed: int):
    link = simulate.link(CHANNEL, GRID, 16, **keys)
    ones = np.ones((rows, link.grid.data_per_slot), np.complex64)
    return simulate.transmit(link, ones, None, snr_db, simulate.draw(seed, rows, int(snr_db)))


def lines() -> list[Line]:
    snr_db = np.linspace(SNR_DB[0], SNR_DB[-1], 31)
    return [Line(PANEL, rule, snr_db, np.array([expected(rule, 10 ** (-s / 10)) for s in snr_db])) for rule in RULES]


CHECK = Check(
    "estimation", "Channel estimation",
    "E|h_hat - h|^2 over the data resource elements. LS: interpolation's bias from the standard's delay profile and "
    "J0, plus N0 times the sum of squared weights. LMMSE: 1 - r^H (R + N0 I)^-1 r; it learns R and r from draws of the "
    "channel, for which 3 % are allowed.",
    (Panel(PANEL, "mean Es/N0 (dB)", "mean squared error of the estimate"),), build, lines)
