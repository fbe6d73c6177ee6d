"""One quality for all pictures at a given mean of channel uses: easy pictures pay for hard ones."""

from itertools import count

import numpy as np

from baselines.separate.pictures import few
from baselines.separate.rate import fewest_symbols
from linksim.link.mcs import Mcs
from linksim.schemes.base import Survey

LADDER_DB = np.round(np.arange(14.0, 46.01, 0.1), 1)  # PSNR asked for


class Search:
    """For every MCS tried, the highest PSNR at which the test pictures cost on average what they were given at most.

    With real codestreams, whose sizes are remembered by rung of LADDER_DB: what another MCS asked for brackets the
    next one's search. The mean cost grows with the rung. width: payload symbols that a picture takes at most."""

    def __init__(self, scheme, survey: Survey):
        self._scheme, self._pictures, self.width = scheme, survey.test_analysis, 0
        self._affordable = scheme.budget(survey.test_budget, len(survey.test_analysis)).mean()
        self._sizes: dict[int, np.ndarray] = {}

    def qualities(self, header_uses: int) -> list[float | None]:
        """PSNR in dB by index of the MCS table; None for what isn't tried and where even the lowest rung costs more."""
        tried, self.width = {mode.mcs[0] for mode in self._scheme.modes.tried}, 0
        return [self._highest(mcs, header_uses) if mcs in tried else None for mcs in self._scheme.modes.table]

    def _highest(self, mcs: Mcs, head: int) -> float | None:
        cost = {-1: 0.0, len(LADDER_DB): np.inf} | {rung: self._cost(rung, mcs, head) for rung in self._sizes}
        for tries in count():
            low = max(rung for rung in cost if cost[rung] <= self._affordable)
            high = min(rung for rung in cost if rung > low)
            if high - low == 1:
                break
            rung = (low + high) // 2
            if low >= 0 and high < len(LADDER_DB) and tries < 4:  # by the straight line between the two
                share = (np.log(self._affordable) - np.log(cost[low])) / (np.log(cost[high]) - np.log(cost[low]))
                rung = int(np.clip(low + round(share * (high - low)), low + 1, high - 1))
            cost[rung] = self._cost(rung, mcs, head)
        if low < 0:
            return None
        self.width = max(self.width, int(self._symbols(low, mcs).max()))
        return float(LADDER_DB[low])

    def _cost(self, rung: int, mcs: Mcs, head: int) -> float:
        """Mean channel uses, header and pilots included."""
        return float(np.mean(self._scheme.bench.link.uses(self._symbols(rung, mcs) + head)))

    def _symbols(self, rung: int, mcs: Mcs) -> np.ndarray:
        if rung not in self._sizes:
            some = (self._pictures[rows] for rows in few(len(self._pictures)))
            self._sizes[rung] = np.array([len(codestream) for pictures in some for codestream in
                                          self._scheme.codec.to_quality(pictures.images, LADDER_DB[rung],
                                                                        pictures.hints)])
        return fewest_symbols(self._scheme.transport, self._sizes[rung], self._scheme.most, mcs)
