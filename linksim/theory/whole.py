"""A curve as a whole: the errors of all its points together, against what they should be.

Points of few blocks can be so coarse that whatever is measured can't fail among thousands of tests; their sum can. The
test is exact, with no normal approximation: the sum's distribution is the convolution of the points' own, binomial
where the probability is known, hypergeometric given both samples' errors where the reference was simulated itself
(Fisher's condition, as the exact test of Cochran, Mantel and Haenszel over strata).
"""

import numpy as np
from scipy import stats

from linksim.theory.evidence import Count, Outcome, TwoCounts, interval

TINY = 1e-30  # probabilities below are left out: far below any level


def whole(points: list[Count | TwoCounts]) -> Outcome:
    """Several points of one curve, each independent of the others, all Count or all TwoCounts.

    expected, measured: errors of all over trials of all; expected is that of the errors of both samples where there
    are two. An uncertain expectation (`Count.uncertain`) is taken for common to the points, as a threshold is."""
    law, start = np.ones(1), 0
    for point in points:
        own = _law(point)
        low, high = (int(v) for v in own.support())
        p = own.pmf(np.arange(low, high + 1))
        kept = np.flatnonzero(p > TINY)
        law, start = np.convolve(law, p[kept[0]: kept[-1] + 1]), start + low + int(kept[0])
    errors, trials = sum(point.errors for point in points), sum(point.trials for point in points)
    values, at = start + np.arange(len(law)), errors - start
    mean = values @ law
    variance = (values - mean) ** 2 @ law
    fewer, more = law[: max(at + 1, 0)].sum(), law[max(at, 0):].sum()
    worse = isinstance(points[0], TwoCounts) and points[0].worse
    p = min(1.0, more if worse else 2 * min(fewer, more))
    common = sum(point.trials * getattr(point, "uncertain", 0.0) for point in points)
    if common:
        p = max(p, 2 * stats.norm.sf(abs(errors - mean) / np.hypot(np.sqrt(variance), common)))
    return Outcome(mean / trials, errors / trials, *interval(errors, trials), float(p), trials)


def whole_reach(points: list[Count | TwoCounts]) -> tuple[float, float]:
    """p of the least and of the most errors that the curve could have shown (see `evidence.reach`)."""
    low, high = (whole(list(ends)).p for ends in zip(*(point.extremes() for point in points), strict=True))
    return low, high


def _law(point: Count | TwoCounts):
    if isinstance(point, Count):
        return stats.binom(point.trials, point.expected)
    return stats.hypergeom(point.trials + point.reference_trials, point.errors + point.reference_errors, point.trials)
