"""Fading: the distribution of the gain and, where it moves, its autocorrelation."""

from functools import cache

import numpy as np

from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Count, Mean, Sample

POWERS = (0.01, 0.05, 0.2, 0.5, 1.0, 1.5, 2.5, 4.0)
K_DB = (0.0, 6.0, 12.0)
SPEED, CARRIER = 30.0, 3.5e9  # km/h, Hz
DOPPLER = SPEED / 3.6 * CARRIER / 299_792_458.0
LAGS, INTERVAL = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20), 1 / (20 * DOPPLER)  # in units of the interval, seconds
ENVELOPE, CORRELATION = "distribution of the gain", f"autocorrelation, {SPEED:g} km/h at {CARRIER / 1e9:g} GHz"

MODELS = {
    "Rayleigh, slow": ({"model": "rayleigh"}, closed_forms.rayleigh_power_cdf),
    "Rayleigh, Jakes": ({"model": "rayleigh", "fading": "jakes", "speed": SPEED, "carrier": CARRIER},
                        closed_forms.rayleigh_power_cdf),
    **{f"Rician, K = {k:g} dB": ({"model": "rician", "k_db": k},
                                 lambda power, k=k: closed_forms.rician_power_cdf(power, 10 ** (k / 10)))
       for k in K_DB},
}


def _link(name: str):
    return simulate.link(MODELS[name][0], simulate.SHORT, 1024)


def gains(name: str, rows: int, seed: int, point: int) -> np.ndarray:
    """float64 [rows], |h|^2 of independent bursts as the receiver finds it: N0 over its noise variance."""
    ones = np.ones((rows, 1), np.complex64)
    reception = simulate.transmit(_link(name), ones, None, 0.0, simulate.draw(seed, rows, point))
    return 1 / reception.noise_variance[:, 0].astype(np.float64)


def correlation(name: str, rows: int, seed: int) -> np.ndarray:
    """float64 [rows, lags], Re h(0)* h(lag) of independent bursts."""
    h = _link(name).channel.paths(simulate.draw(seed, rows, 99), LAGS[-1] + 1, INTERVAL).gains[:, 0, 0, 0]
    return np.real(h[:, :1].conj() * h[:, list(LAGS)]).astype(np.float64)


def build(effort: Effort) -> list[Task]:
    rows, tasks = effort.of(4000), []
    for which, (name, (_, cdf)) in enumerate(MODELS.items()):
        def ks(seed, name=name, cdf=cdf, which=which):
            return Sample(gains(name, rows, seed, which), cdf)
        tasks.append(Task(ENVELOPE, name, None, ks, name in ("Rayleigh, slow", "Rician, K = 6 dB")))
        for at, power in enumerate(POWERS):
            def below(seed, name=name, cdf=cdf, power=power, point=100 + 10 * which + at):
                few = gains(name, rows // 4, seed, point)
                return Count(float(cdf(power)), int((few <= power).sum()), len(few))
            tasks.append(Task(ENVELOPE, name, power, below))

    @cache
    def products(seed):
        return correlation("Rayleigh, Jakes", rows, seed)

    for at, lag in enumerate(LAGS):
        def product(seed, at=at, lag=lag):
            values = products(seed)[:, at]
            return Mean.of(float(closed_forms.jakes(DOPPLER, lag * INTERVAL)), values)
        tasks.append(Task(CORRELATION, "J0(2 pi f_D tau)", lag / 20, product, lag in (4, 8)))
    return tasks


def lines() -> list[Line]:
    power, lag = np.linspace(0, 4, 201), np.linspace(0, 1, 201)
    return [*(Line(ENVELOPE, name, power, cdf(power)) for name, (_, cdf) in MODELS.items()),
            Line(CORRELATION, "J0(2 pi f_D tau)", lag, closed_forms.jakes(1.0, lag))]


CHECK = Check(
    "fading", "Rayleigh and Rician fading",
    "|h|^2 of independent bursts, from the noise variance that the link hands on: its distribution function at some "
    "powers, and whole by the Kolmogorov-Smirnov test, against the exponential and the noncentral chi-squared; the "
    "autocorrelation of a moving channel against J0(2 pi f_D tau) (Clarke).",
    (Panel(ENVELOPE, "|h|^2 over its mean", "P(|h|^2 at most this)", log=False),
     Panel(CORRELATION, "f_D tau (periods of the largest Doppler shift)", "E h(t)* h(t + tau)", log=False)),
    build, lines)
