"""How a burst's power is shared among the values of a feature, for the SNR the transmitter counts on.

Value i has variance v_i = g_i^2 sigma_i^2, which the linear code makes proportional to sigma_i: best at high SNR. With
noise of variance n on every real value and the Wiener receiver, squared error sum sigma_i^2 n / (p_i + n) under a given
sum of powers p_i is least where

    p_i = max(0, lambda sigma_i - n)

(Lee and Petersen, "Optimal linear coding for vector channels", IEEE Trans. Commun. 1976). What is too weak to rise
above the noise leaves its power to the others; FLOOR keeps a little of it for the learned part of the code.
"""

import numpy as np

FLOOR = 0.02  # of the mean power of a value
UNKNOWN_DB = 10.0  # the SNR counted on where the transmitter knows none
UNTOLD = 0.05  # noise variance of a real value that a codec counts on which is never told any: about that of 10 dB


def power_gains(variance: np.ndarray, uses: int, snr_db: float) -> np.ndarray:
    """Factors float32 [V] on a feature's values of variance float [V], of which the first 2 * uses are sent; 1 beyond.

    The mean power over the values sent stays what it was."""
    sigma = np.asarray(variance[: 2 * uses], np.float64)
    sigma = sigma / sigma.mean()
    noise = 10 ** (-snr_db / 10)
    order = np.sort(sigma)[::-1]
    number = np.arange(1, len(order) + 1)
    slope = (len(order) + number * noise) / np.cumsum(order)  # lambda if the `number` strongest share the power
    alive = np.flatnonzero(slope * order > noise)
    share = np.maximum(slope[alive[-1]] * sigma - noise, FLOOR) / sigma
    gains = np.ones(len(variance), np.float32)
    gains[: 2 * uses] = np.sqrt(share * sigma.sum() / (share * sigma).sum())
    return gains
