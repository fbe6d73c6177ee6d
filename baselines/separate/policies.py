"""Which mode for which SNR, on calibration pictures and draws alone.

best_per_snr   the mode whose pictures, as they arrive, serve the task best. A dozen MCS are all tried; of the hundreds
               of modes of unequal protection or HARQ only the BEST guessed ones of every SNR (`shortlist`).
outage         the mode of the highest rate, over what HARQ leaves each round of the budget, whose probability of outage
               is at most the target; where none is so reliable, the most reliable one.

HARQ spends a budget in expectation: with T the mean number of rounds over the calibration draws, every round gets 1 / T
of it (`share`), so that first rounds and retransmissions together cost what a single shot would.
"""

from dataclasses import dataclass

import numpy as np

from baselines.separate.arrival import CalibrationDraws
from baselines.separate.mcs_choice import Judge
from baselines.separate.modes import Mode, Modes
from baselines.separate.rate import room
from baselines.separate.shortlist import guesses
from linksim.schemes.base import Survey

BEST = 2  # modes of every SNR looked at exactly, where there are hundreds


@dataclass(frozen=True)
class Choices:
    """modes: one per SNR. overall: for who doesn't know the SNR. shares: of the budget that a round gets, per SNR.
    overall_share. expected: the metric (best_per_snr) or the outage expected per SNR. lowest_db: the lowest threshold
    of a transport block of any mode chosen."""

    modes: list[Mode]
    overall: Mode
    shares: list[float]
    overall_share: float
    expected: list[float]
    lowest_db: float


class Chooser:
    """Chooses for a scheme whose preliminary plan says header uses and common qualities."""

    def __init__(self, scheme, survey: Survey):
        self.scheme, self.survey, self.draws = scheme, survey, CalibrationDraws(scheme, survey)
        self._sent, self._sizes, self._needed = {}, {}, {}

    def choose(self) -> Choices:
        policy = self._outage if self.scheme.config.mcs == "outage" else self._best
        modes, overall, expected = policy()
        snrs = self.survey.snr_db
        shares = [self.share(mode, snr) for mode, snr in zip(modes, snrs, strict=True)]
        overall_share = self.overall_share(overall)
        lowest = min(self.thresholds(mode, share).min(where=self.thresholds(mode, share) > -np.inf, initial=np.inf)
                     for mode, share in [*zip(modes, shares, strict=True), (overall, overall_share)])
        return Choices(modes, overall, shares, overall_share, expected, float(lowest))

    def share(self, mode: Mode, snr_db: float) -> float:
        """1 / mean rounds. Found by repetition: fewer symbols need a little more SNR."""
        share = 1.0
        for _ in range(2 if self.scheme.rounds > 1 else 0):
            rounds = self.draws.arrival(mode, self.thresholds(mode, share), snr_db).rounds
            share = 1 / float(rounds.mean())
        return share

    def overall_share(self, mode: Mode) -> float:
        """The same with the mean over all SNRs."""
        return 1 / float(np.mean([1 / self.share(mode, snr) for snr in self.survey.snr_db]))

    def thresholds(self, mode: Mode, share: float = 1.0) -> np.ndarray:
        """float64 [C, parts], see `CalibrationDraws.arrival`."""
        if (mode, share) not in self._needed:
            self._needed[mode, share] = self.scheme.thresholds(self._codestreams(mode, share)[1], mode)
        return self._needed[mode, share]

    def parts(self, mode: Mode, snr_db: float) -> np.ndarray:
        """int [C, R], transport blocks that arrive."""
        return self.draws.arrival(mode, self.thresholds(mode, self.share(mode, snr_db)), snr_db).parts

    def _codestreams(self, mode: Mode, share: float):
        """As `SeparateScheme.codestreams`; without the codestreams where the symbols are known beforehand."""
        scheme, survey = self.scheme, self.survey
        if scheme.config.rate == "per_picture":
            return None, scheme.given(survey.budget, len(survey.analysis), share)
        if mode not in self._sent:
            self._sent[mode] = scheme.codestreams(survey.analysis, survey.budget, mode)
        return self._sent[mode]

    def _best(self):
        scheme, survey, tried = self.scheme, self.survey, self.scheme.modes.tried
        judge = Judge(scheme.bench.task, survey.truths, survey.images)
        if scheme.modes.count == scheme.rounds == 1:
            scores = np.array([self._exact(judge, mode, 1.0, survey.snr_db) for mode in tried])
            best, overall = scores.argmax(axis=0), int(scores.mean(axis=1).argmax())  # of equals the most robust one
        else:
            received = [[self._bytes(mode, snr) for snr in survey.snr_db] for mode in tried]
            guess = guesses(scheme, survey, judge, received)
            scores = np.full(guess.shape, -np.inf)
            for s, snr in enumerate(survey.snr_db):
                for m in np.argsort(-guess[:, s], kind="stable")[:BEST]:
                    scores[m, s] = self._exact(judge, tried[m], self.share(tried[m], snr), [snr])[0]
            best, overall = scores.argmax(axis=0), int(guess.mean(axis=1).argmax())
        return [tried[m] for m in best], tried[overall], scores.max(axis=0).tolist()

    def _exact(self, judge: Judge, mode: Mode, share: float, snrs) -> list[float]:
        scheme, survey = self.scheme, self.survey
        codestreams, symbols = scheme.codestreams(survey.analysis, survey.budget, mode, share)
        needed = scheme.thresholds(symbols, mode)
        outcomes = scheme.outcomes(codestreams, symbols, mode)
        return judge.scores(outcomes, [self.draws.arrival(mode, needed, snr).parts for snr in snrs])

    def _bytes(self, mode: Mode, snr_db: float) -> np.ndarray:
        """Bytes that arrive, int64 [C, R]."""
        key = mode, self.share(mode, snr_db)
        if key not in self._sizes:
            sizes = room(self.scheme.transport, self._codestreams(*key)[1], mode)
            self._sizes[key] = np.cumsum(np.pad(sizes, ((0, 0), (1, 0))), axis=1)
        return np.take_along_axis(self._sizes[key], self.parts(mode, snr_db), axis=1)

    def _outage(self):
        tried, target, snrs = self.scheme.modes.tried, self.scheme.config.outage, self.survey.snr_db
        outage = np.array([[np.mean(self.parts(mode, snr) == 0) for snr in snrs] for mode in tried])

        def reliable(column, share):
            good = [m for m in range(len(tried)) if column[m] <= target]
            return max(good, key=lambda m: tried[m].efficiency * share(tried[m])) if good else int(column.argmin())

        best = [reliable(column, lambda mode, snr=snr: self.share(mode, snr))
                for column, snr in zip(outage.T, snrs, strict=True)]
        expected = [float(outage[m, s]) for s, m in enumerate(best)]
        return [tried[m] for m in best], tried[reliable(outage.mean(axis=1), self.overall_share)], expected


def declared(config, modes: Modes) -> str:
    """The policies of a config in words."""
    known = "per SNR where the transmitter knows it"
    mcs = {"best_per_snr": f"the MCS that serves the task best on calibration pictures, {known}",
           "outage": f"the fastest MCS whose outage on calibration draws is at most {config.outage:g}, {known}",
           "oracle": "the fastest MCS that arrives, for every realisation (upper bound)"}.get(config.mcs)
    if config.layers is not None:
        how = f"chosen on calibration pictures, {known}" if isinstance(config.layers, int) else modes.tried[0].name
        mcs = f"{modes.count} unequally protected layers, {how}; the front that arrives is shown"
    words = [mcs or f"always {modes.tried[0].name}"]
    if config.rate == "constant_quality":
        words.append("quality set on the mean size of the test pictures")
    if config.failure == "prefix":
        words.append("of a damaged picture the whole packets before the first failed code block are shown"
                     + ("" if config.layers or isinstance(config.mcs, int) else ", the MCS chosen as for drop"))
    if config.harq.rounds > 1:
        words.append(f"HARQ, {config.harq.combining}, up to {config.harq.rounds} rounds, the budget met in expectation")
    return "; ".join(words)
