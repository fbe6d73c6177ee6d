"""Effective SNR mapping by mutual information (MIESM): the one AWGN SNR that stands for many unequal ones.

    I(snr_eff) = mean over resource elements of I(snr)

(Brueninghaus et al., "Link performance models for system level simulations of broadband radio access systems",
PIMRC 2005.) I is log2(1 + snr) for Gaussian symbols, and the BICM capacity for a Gray-labelled QAM (Caire,
Taricco and Biglieri, "Bit-interleaved coded modulation", 1998)

    I(snr) = q - sum over the q bits of E[log2(1 + exp(-L))],    L = log P(bit as sent | y) / P(other | y)

whose labels are those of `linksim.link.qam`. The expectation is over the bits and the noise of one real
dimension, a trapezoidal sum (exponentially accurate here); what is missing to q, the deficit, is kept apart, so
that SNRs far above saturation can be told from each other.
"""

from functools import lru_cache

import numpy as np

from linksim.link.qam import amplitudes

_LOW_DB, _SMALLEST = -40.0, 1e-25  # the table's lowest SNR, and the deficit (bits) where it ends


def mutual_information(snr, bits: int | None = None) -> np.ndarray:
    """float64, bits per channel use at a linear SNR Es/N0 >= 0 (any shape). bits: per QAM symbol, 2, 4, 6 or 8
    (BICM); None: Gaussian symbols, log2(1 + snr)."""
    snr = np.asarray(snr, np.float64)
    if bits is None:
        return np.log1p(snr) / np.log(2)
    information, deficit = (np.exp(part) for part in _table(bits).logs(snr))
    return np.where(information < bits / 2, information, bits - deficit)


def inverse(information, bits: int | None = None) -> np.ndarray:
    """float64, the linear SNR whose mutual information it is (any shape); 0 where nothing is asked, inf where
    `bits` or more are."""
    information = np.asarray(information, np.float64)
    if bits is None:
        return np.expm1(np.maximum(information, 0) * np.log(2))
    with np.errstate(divide="ignore"):
        return _table(bits).snr(*(np.log(np.maximum(part, 0)) for part in (information, bits - information)))


def effective_snr(snr, bits: int | None = None, axis: int = -1, where=True) -> np.ndarray:
    """float64, the linear SNR of equal mutual information of linear SNRs along `axis`. where: bool, those that
    count (broadcast)."""
    snr = np.asarray(snr, np.float64)
    if bits is None:
        return np.expm1(np.mean(np.log1p(snr), axis=axis, where=where))
    table, count = _table(bits), np.log(np.sum(np.broadcast_to(where, snr.shape), axis=axis))
    return table.snr(*(np.logaddexp.reduce(part, axis=axis, where=where, initial=-np.inf) - count
                       for part in table.logs(snr)))


class _Table:
    """log I and log deficit over x = log SNR, straight lines between points 0.01 dB apart; below the table I is
    proportional to the SNR, above it log deficit falls linearly with the SNR."""

    def __init__(self, bits: int):
        from scipy.interpolate import CubicSpline  # slow to import, and only needed here

        self.bits = bits
        coarse, information, deficit = [], [], []
        for snr_db in np.arange(_LOW_DB, 80, 0.5):
            missing = _deficit(10 ** (snr_db / 10), bits)
            if missing < _SMALLEST:
                break
            coarse.append(snr_db)
            deficit.append(missing)
            information.append(bits - missing)
        fine = np.arange(coarse[0], coarse[-1] + 1e-9, 0.01)
        self.x = fine * np.log(10) / 10
        self.information = CubicSpline(coarse, np.log(information))(fine)
        self.deficit = CubicSpline(coarse, np.log(deficit))(fine)
        self.end = np.exp(self.x[-1])
        self.slope = (self.deficit[-1] - self.deficit[-51]) / (self.end - np.exp(self.x[-51]))

    def logs(self, snr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of information and deficit, of which one may be next to nothing beside the other."""
        with np.errstate(divide="ignore"):
            x = np.log(snr)
        information = np.interp(x, self.x, self.information) + np.minimum(x - self.x[0], 0)
        deficit = np.interp(x, self.x, self.deficit) + self.slope * np.maximum(snr - self.end, 0)
        return information, deficit

    def snr(self, information: np.ndarray, deficit: np.ndarray) -> np.ndarray:
        """Linear SNR of the logarithms of both."""
        low = np.interp(information, self.information, self.x) + np.minimum(information - self.information[0], 0)
        high = np.interp(-deficit, -self.deficit, self.x)
        beyond = self.end + np.minimum(deficit - self.deficit[-1], 0) / self.slope
        high = np.where(deficit < self.deficit[-1], beyond, np.exp(high))
        return np.where(information < np.log(self.bits / 2), np.exp(low), high)


@lru_cache(maxsize=4)
def _table(bits: int) -> _Table:
    if bits not in (2, 4, 6, 8):
        raise ValueError(f"bits must be 2, 4, 6 or 8, or None for Gaussian symbols, got {bits!r}")
    return _Table(bits)


def _deficit(snr: float, bits: int) -> float:
    """bits - I, by a trapezoidal sum over the noise of a real dimension, in steps of .03 standard deviations."""
    half, step = bits // 2, 0.03
    levels = amplitudes(half).astype(np.float64)
    labels = np.arange(2**half)[:, None] >> np.arange(half - 1, -1, -1) & 1  # [level, bit]
    sent = np.flatnonzero(levels > 0)  # the others mirror them
    normal = np.arange(-12, 12 + step / 2, step)
    weight = np.exp(-(normal**2) / 2) * step / np.sqrt(2 * np.pi)
    y = levels[sent, None] + normal * np.sqrt(0.5 / snr)  # [sent, noise]
    metric = -((y[..., None] - levels) ** 2) * snr  # [sent, noise, level]
    likelihood = np.exp(metric - metric.max(axis=-1, keepdims=True))
    one, zero = likelihood @ labels, likelihood @ (1 - labels)  # [sent, noise, bit]
    is_one = labels[sent][:, None] == 1
    right, wrong = np.where(is_one, one, zero), np.where(is_one, zero, one)
    missing = np.log1p(wrong / right).sum(axis=-1) @ weight
    return float(2 * missing.mean() / np.log(2))
