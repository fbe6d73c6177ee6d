"""What the header of SE-SC says ahead of the mask: power, the SNR that gains were chosen for, uses per feature.

    power level    8 bits, .25 dB a step
    SNR            5 bits, 1 dB a step from -8 dB
    uses           4 bits, index in the ladder; only where the rate policy chooses them
"""

import numpy as np

from linksim.schemes.header import LEVELS, from_bits, level_of, power_of, to_bits
from linksim.schemes.sesc.gains import UNKNOWN_DB
from linksim.schemes.sesc.rate import LADDER

SNR_BITS, SNR_FLOOR, USES_BITS = 5, -8, 4


def bits(choosing: bool) -> int:
    """Bits of the fields. choosing: whether uses per feature are among them."""
    return LEVELS + SNR_BITS + USES_BITS * choosing


def counted_on(snr_db: float | np.ndarray | None, rows: int) -> np.ndarray:
    """float64 [rows], the SNR in dB, of all bursts or of each, as the header can say it."""
    snr_db = UNKNOWN_DB if snr_db is None else snr_db
    return np.clip(np.rint(np.broadcast_to(snr_db, rows).astype(float)), SNR_FLOOR, SNR_FLOOR + 2**SNR_BITS - 1)


def write(power: np.ndarray, snr_db: np.ndarray, uses: np.ndarray | None) -> np.ndarray:
    """power float [B], snr_db float [B] as `counted_on` gives it, uses int [B] of LADDER or None -> uint8 [B, bits]."""
    fields = [to_bits(level_of(power), LEVELS), to_bits(np.asarray(snr_db, np.int64) - SNR_FLOOR, SNR_BITS)]
    if uses is not None:
        fields.append(to_bits(np.searchsorted(LADDER, uses), USES_BITS))
    return np.concatenate(fields, axis=1)


def read(header: np.ndarray, uses: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Inverse of `write` on uint8 [B, H]: power [B], snr_db [B], uses [B] (`uses` where the header doesn't say), and
    where the mask begins."""
    power = power_of(from_bits(header[:, :LEVELS]))
    at = LEVELS + SNR_BITS
    snr_db = from_bits(header[:, LEVELS:at]) + SNR_FLOOR
    if uses is not None:
        return power, snr_db, np.full(len(header), uses), at
    return power, snr_db, np.asarray(LADDER)[from_bits(header[:, at : at + USES_BITS])], at + USES_BITS


def share_of_budget(bits: int, room: int, most: int, link, snr_db, draw) -> int:
    """Header uses out of `room` symbols in all, at most `most` where a code is so short: what is worth most, averaged
    over the scenario's SNR and the calibration draws, where a picture that arrives with n symbols of payload is worth
    sqrt(n)."""
    from linksim.link.headercode import header_candidates, header_threshold_db

    gain_db = 10 * np.log10(np.maximum(link.gain(draw), 1e-12))
    received = np.asarray(snr_db)[:, None] + gain_db[None, :]
    candidates = [uses for uses in header_candidates(bits) if uses <= most] or header_candidates(bits)[:1]
    worth = {uses: np.mean(received >= header_threshold_db(bits, uses)) * np.sqrt(max(room - uses, 0))
             for uses in candidates}
    return int(max(candidates, key=worth.get))
