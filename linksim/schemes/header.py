"""What schemes share about headers: numbers as bits, and how many channel uses a header deserves."""

import numpy as np


def to_bits(values: np.ndarray, width: int) -> np.ndarray:
    """Integers [B] in [0, 2^width) -> uint8 [B, width], most significant bit first."""
    return ((np.asarray(values, np.int64)[:, None] >> np.arange(width - 1, -1, -1)) & 1).astype(np.uint8)


def from_bits(bits: np.ndarray) -> np.ndarray:
    """Inverse of `to_bits`: uint8 [B, width] -> int64 [B]."""
    return np.asarray(bits, np.int64) @ (1 << np.arange(np.shape(bits)[1] - 1, -1, -1))


LEVELS = 8  # bits of a power level
STEP_DB = 0.25  # a level's step
FLOOR_DB = -32.0


def level_of(power: np.ndarray) -> np.ndarray:
    """Mean power of a burst before normalisation -> level int64 in [0, 256), steps of .25 dB."""
    db = 10 * np.log10(np.maximum(power, 1e-12))
    return np.clip(np.rint((db - FLOOR_DB) / STEP_DB), 0, 2**LEVELS - 1).astype(np.int64)


def power_of(level: np.ndarray) -> np.ndarray:
    """Inverse of `level_of`, float64."""
    return 10 ** ((np.asarray(level) * STEP_DB + FLOOR_DB) / 10)


def choose_header_uses(bits: int, payload: np.ndarray, link, snr_db, draw) -> int:
    """The header size with the fewest channel uses per picture whose header arrives.

    For each candidate, (mean payload + header) / P(header decoded), averaged over the scenario's SNR and the
    calibration draws, a header being lost below its 50 % SNR on AWGN. payload: int [C] symbols of calibration pictures.
    """
    from linksim.link.headercode import header_candidates, header_threshold_db

    gain_db = 10 * np.log10(np.maximum(link.gain(draw), 1e-12))
    received = np.asarray(snr_db)[:, None] + gain_db[None, :]
    cost = {}
    for uses in header_candidates(bits):
        arrives = (received >= header_threshold_db(bits, uses)).mean(1)
        cost[uses] = np.mean((np.mean(payload) + uses) / np.maximum(arrives, 1e-3))
    return int(min(cost, key=cost.get))
