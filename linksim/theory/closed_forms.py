"""Closed forms that the air is held to. SNR, N0 and gains are linear here, never dB.

gamma = Es/N0 per data resource element and receive antenna; Gray-labelled square QAM of b bits per symbol has
gamma = b * Eb/N0 uncoded. All functions take scalars or arrays and return float64.
"""

from functools import lru_cache
from math import comb

import numpy as np
from scipy.special import erfc, exp1, j0, ndtr


def fade_nodes(branches: int = 1, order: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Nodes g and weights w, so that sum w f(g) is the mean of f over g = |h|^2 ~ Gamma(branches): the energy of so
    many Rayleigh branches.

    Trapezoids over log g from 1e-12 to 100: errors after fading live at small g."""
    t = np.linspace(np.log(1e-12), np.log(100.0), order)
    g = np.exp(t)
    weights = g**branches * np.exp(-g)
    return g, weights / weights.sum()


def pam_error_probabilities(bits: int, gamma) -> np.ndarray:
    """P(e of the `bits` bits of one real dimension are wrong), float64 [*shape of gamma, bits + 1].

    A dimension of Gray QAM is 2^bits amplitudes at distance 2 d, d^2 = 3 / (2 (4^bits - 1)) of the symbol's
    energy, in noise of variance N0/2; the receiver takes the nearest."""
    count = 2**bits
    gray = np.arange(count) ^ (np.arange(count) >> 1)
    wrong = np.array([[bin(a ^ b).count("1") for b in gray] for a in gray])
    step = np.sqrt(np.asarray(gamma, np.float64) * 3 / (count**2 - 1))[..., None]  # d over the noise's deviation
    out = np.zeros((*np.shape(gamma), bits + 1))
    for sent in range(count):
        # distances kept on the side where the tail is small, so that rare errors keep their digits
        edges = (2 * (np.arange(count + 1) - sent) - 1) * step
        edges[..., 0], edges[..., -1] = -np.inf, np.inf
        low, high = edges[..., :-1], edges[..., 1:]
        mass = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
        for errors in range(1, bits + 1):
            out[..., errors] += mass[..., wrong[sent] == errors].sum(axis=-1) / count
    out[..., 0] = 1 - out[..., 1:].sum(axis=-1)
    return out


def ber_awgn(bits_per_symbol: int, gamma):
    """Exact bit-error rate of Gray-labelled square QAM (Cho and Yoon, IEEE Trans. Commun. 50(7), 2002, eq. 14 to
    16)."""
    half, side = bits_per_symbol // 2, 2 ** (bits_per_symbol // 2)
    return sum(weight * erfc(odd * np.sqrt(1.5 * np.asarray(gamma) / (side**2 - 1))) / side
               for weight, odd in _borders(half)) / half


def ber_rayleigh(bits_per_symbol: int, gamma):
    """The mean of `ber_awgn` over Rayleigh fading, the receiver knowing the gain: erfc(sqrt(a g)) has the mean
    1 - sqrt(a / (1 + a)) (Proakis, Digital Communications, 14.3)."""
    half, side, total = bits_per_symbol // 2, 2 ** (bits_per_symbol // 2), 0.0
    for weight, odd in _borders(half):
        a = odd**2 * 1.5 * np.asarray(gamma, np.float64) / (side**2 - 1)
        total = total + weight / (1 + a + np.sqrt(a * (1 + a))) / side  # 1 - sqrt(a / (1 + a)), with all digits
    return total / half


def _borders(half: int):
    """(weight, distance in half steps) of the borders that an error of a bit crosses, over the `half` bits of a real
    dimension (Cho and Yoon, eq. 14)."""
    side = 2**half
    for k in range(1, half + 1):
        for i in range(int((1 - 2.0**-k) * side)):
            turn = np.floor(i * 2 ** (k - 1) / side)
            yield (-1) ** turn * (2 ** (k - 1) - np.floor(i * 2 ** (k - 1) / side + 0.5)), 2 * i + 1


def ber_mrc_qpsk(branches: int, gamma):
    """Gray QPSK, maximum ratio combining of independent Rayleigh branches of mean Es/N0 gamma each (Proakis,
    14.4-15): falls as gamma^-branches."""
    half = np.asarray(gamma, np.float64) / 2
    mu = np.sqrt(half / (1 + half))
    low = 1 / (2 * (1 + half) * (1 + mu))  # (1 - mu) / 2
    return low**branches * sum(comb(branches - 1 + i, i) * ((1 + mu) / 2) ** i for i in range(branches))


@lru_cache(maxsize=1024)
def bit_error_cumulants(bits_per_symbol: int, gamma: float, symbols: int, fading: str,
                        branches: int = 1) -> tuple[float, float, float]:
    """Mean, variance and third central moment of the bit errors in a row of `symbols` symbols.

    fading: "none"; "fast", a Rayleigh gain per symbol; "slow", one for the row: given the gain its symbols are
    independent, and the law of total cumulance puts the gains together. branches: receive antennas, combined."""
    half = bits_per_symbol // 2
    gain, weight = (np.ones(1), np.ones(1)) if fading == "none" else fade_nodes(branches)
    p = pam_error_probabilities(half, gamma * gain)
    raw = [p @ np.arange(half + 1.0) ** k for k in (1, 2, 3)]
    first, second, third = raw[0], raw[1] - raw[0] ** 2, raw[2] - 3 * raw[0] * raw[1] + 2 * raw[0] ** 3
    alike = 2 * (symbols if fading == "slow" else 1)  # independent dimensions that share a gain
    first, second, third = alike * first, alike * second, alike * third
    mean = weight @ first
    off = first - mean
    total = mean, weight @ second + weight @ off**2, weight @ third + 3 * weight @ (off * second) + weight @ off**3
    rows = 1 if fading == "slow" else symbols
    return tuple(rows * float(k) for k in total)


def outage(gamma, rate: float):
    """P(log2(1 + gamma |h|^2) < rate) over Rayleigh fading: 1 - exp(-(2^rate - 1) / gamma)."""
    return -np.expm1(-(2.0**rate - 1) / np.asarray(gamma, np.float64))


def slow_fading_bler(threshold_db, snr_db):
    """1 - exp(-10^((g - SNR)/10)): block errors over slow Rayleigh of a code that loses half its blocks at g dB
    on AWGN, steeply."""
    return -np.expm1(-(10 ** ((np.asarray(threshold_db) - np.asarray(snr_db)) / 10)))


def capacity_awgn(gamma):
    """log2(1 + gamma), bits per channel use."""
    return np.log2(1 + np.asarray(gamma, np.float64))


def capacity_rayleigh(gamma):
    """Ergodic capacity E log2(1 + gamma |h|^2) = e^(1/gamma) E1(1/gamma) / ln 2, bits per channel use (Alouini
    and Goldsmith, IEEE Trans. Veh. Technol. 48(4), 1999, eq. 34 with one branch)."""
    inverse = 1 / np.asarray(gamma, np.float64)
    return np.exp(inverse) * exp1(inverse) / np.log(2)


def jakes(doppler_hz: float, lag_s):
    """Autocorrelation J0(2 pi f_D tau) of a gain under isotropic scattering (Clarke, 1968)."""
    return j0(2 * np.pi * doppler_hz * np.asarray(lag_s))


def rayleigh_power_cdf(power):
    """P(|h|^2 <= power) of Rayleigh fading with E|h|^2 = 1."""
    return -np.expm1(-np.asarray(power, np.float64))


def rician_power_cdf(power, k: float):
    """P(|h|^2 <= power) of Rician fading, factor k (linear), E|h|^2 = 1: 2 (k + 1) |h|^2 is noncentral chi-squared
    with 2 degrees of freedom and noncentrality 2 k."""
    from scipy.stats import ncx2

    return ncx2.cdf(2 * (k + 1) * np.asarray(power, np.float64), 2, 2 * k)


def lmmse_sinr_cdf(sinr, n0: float):
    """P(SINR <= sinr) of a stream of 2 x 2 spatial multiplexing over Rayleigh after the LMMSE equaliser.

    Each stream has power 1/2, the noise N0 per antenna, s = 2 N0. Given the other stream's channel of energy w ~
    Gamma(2), the SINR is |a|^2 / (s + w) + |b|^2 / s with a, b ~ CN(0, 1); over w, P = 1 - exp(-s x)
    (1 + s x / (1 + x)): Gao, Smith and Clark, IEEE Trans. Commun. 46(5), 1998, with one equal interferer."""
    x, s = np.asarray(sinr, np.float64), 2 * n0
    return 1 - np.exp(-s * x) * (1 + s * x / (1 + x))


def rms_delay_spread(powers, delays) -> float:
    """sqrt of the variance of the delays (seconds) under the powers."""
    share = np.asarray(powers, np.float64) / np.sum(powers)
    mean = share @ np.asarray(delays, np.float64)
    return float(np.sqrt(share @ (np.asarray(delays, np.float64) - mean) ** 2))

