"""What would arrive over calibration draws: no decoder runs, a code's waterfall counts as a step at its 50 % point.

A transport block arrives where the effective SNR of its channel (`Link.effective_snr_db`) reaches its threshold. Over
HARQ rounds, each on a channel of its own, chase combining adds the SNRs up and incremental redundancy the mutual
information. The longer code that the latter makes needs a little more of it than the short one: two rounds of equal SNR
decoded half the blocks at 1.07 to 1.09 times the information (QPSK 1/3 and 3/4, 64-QAM 3/5 and 5/6, 1,600 symbols).
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from weakref import WeakKeyDictionary

import numpy as np

from baselines.separate.modes import Mode
from linksim.schemes.base import Survey

LONGER_CODE = 1.08
_SHARED: WeakKeyDictionary = WeakKeyDictionary()  # link -> what is known of it: schemes meet the same draws


@dataclass(frozen=True)
class Arrival:
    """parts: int [C, R], transport blocks that arrive before the first that doesn't. rounds: int [C, R], transmissions
    taken."""

    parts: np.ndarray
    rounds: np.ndarray


class CalibrationDraws:
    """The channels that C calibration pictures meet, R each (one where none differs from another)."""

    def __init__(self, scheme, survey: Survey):
        self._link, self._harq, self._together = scheme.bench.link, scheme.config.harq, {}
        self._effective: dict = {}
        pictures, self._shape = len(survey.analysis), (len(survey.analysis), survey.realisations)
        uses = self._link.capacity(scheme.budget(survey.budget, pictures))
        self._symbols = np.repeat(np.maximum(uses, 1), survey.realisations)
        self._draw = self._link.calibration_draws(survey.seed, pictures, survey.realisations)
        first = [self.effective_db(None, survey.snr_db[0], attempt) for attempt in range(scheme.rounds)]
        if all((one == first[0][0, 0]).all() for one in first):
            self._shape, self._effective = (pictures, 1), {}
            self._symbols, rows = self._symbols[:: survey.realisations], slice(None, None, survey.realisations)
            self._draw = replace(self._draw, picture=self._draw.picture[rows], realisation=self._draw.realisation[rows])

    def effective_db(self, bits_per_symbol: int | None, snr_db: float, attempt: int = 0) -> np.ndarray:
        """float64 [C, R], in dB."""
        key = bits_per_symbol, float(snr_db), attempt
        if key not in self._effective:
            self._effective[key] = self._asked(*key).reshape(self._shape)
        return self._effective[key]

    def _asked(self, bits_per_symbol: int | None, snr_db: float, attempt: int) -> np.ndarray:
        """Of the link, or of what another scheme has asked of it."""
        draw, known = replace(self._draw, attempt=attempt), _SHARED.setdefault(self._link, {})
        rows = np.stack([draw.picture, draw.realisation, self._symbols])
        key = blake2b(rows.tobytes()).digest(), draw.seed, attempt, bits_per_symbol, snr_db
        if key not in known:
            known[key] = self._link.effective_snr_db(draw, snr_db, self._symbols, bits_per_symbol)
        return known[key]

    def arrival(self, mode: Mode, thresholds_db: np.ndarray, snr_db: float) -> Arrival:
        """thresholds_db: float [C, parts], Es/N0 in dB that each transport block needs (-inf: it has no symbols; inf:
        it never arrives)."""
        arrived = np.stack([self.effective_db(mcs.bits_per_symbol, snr_db) >= needed[:, None]
                            for mcs, needed in zip(mode.mcs, thresholds_db.T, strict=True)])
        parts = np.logical_and.accumulate(arrived).sum(axis=0)
        rounds = np.ones(parts.shape, int)
        for attempt in range(1, self._harq.rounds):
            rounds[parts == 0] += 1
            together = self._combined_db(mode.mcs[0].bits_per_symbol, snr_db, attempt)
            parts = np.maximum(parts, together >= thresholds_db[:, :1])
        return Arrival(parts, rounds)

    def _combined_db(self, bits: int, snr_db: float, attempt: int) -> np.ndarray:
        """Effective SNR in dB of the rounds up to `attempt` together, float64 [C, R]."""
        from linksim.link.esm import inverse, mutual_information

        key = bits, float(snr_db), attempt
        if key not in self._together:
            rounds = [10 ** (self.effective_db(bits, snr_db, a) / 10) for a in range(attempt + 1)]
            together = (sum(rounds) if self._harq.combining == "chase"
                        else inverse(sum(mutual_information(one, bits) for one in rounds) / LONGER_CODE, bits))
            self._together[key] = 10 * np.log10(np.maximum(together, 1e-30))
        return self._together[key].reshape(self._shape)
