"""What a simulation gives for a point, and how likely it is if the theory holds.

Evidence of several seeds is added up. `outcome()` tells the measured value with its 95 % interval and the
two-sided p-value; nothing here knows where the numbers come from.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

RARE = 0.7  # skewness of a Poisson count of mean 2


@dataclass(frozen=True)
class Outcome:
    """expected, measured, low, high (95 % interval of the measured): the point's unit. p: two-sided p-value, or
    one-sided where only too many errors count. samples: independent trials behind it."""

    expected: float
    measured: float
    low: float
    high: float
    p: float
    samples: int

    @property
    def sigmas(self) -> float:
        """Deviation in standard errors: the normal deviate of the same two-sided p-value, signed."""
        size = float(stats.norm.isf(max(self.p, 1e-300) / 2))
        return size if self.measured >= self.expected else -size


@dataclass(frozen=True)
class Count:
    """`errors` of `trials` independent trials against probability `expected`, known to a standard error of
    `uncertain` (0: exactly)."""

    expected: float
    errors: int
    trials: int
    uncertain: float = 0.0

    def __add__(self, other: "Count") -> "Count":
        return replace(self, errors=self.errors + other.errors, trials=self.trials + other.trials)

    def outcome(self) -> Outcome:
        p = stats.binomtest(self.errors, self.trials, self.expected).pvalue
        if self.uncertain:
            deviation = self.errors / self.trials - self.expected
            spread = np.hypot(np.sqrt(self.expected * (1 - self.expected) / self.trials), self.uncertain)
            p = max(p, 2 * stats.norm.sf(abs(deviation) / spread))
        return Outcome(self.expected, self.errors / self.trials, *interval(self.errors, self.trials), p, self.trials)

    def extremes(self) -> tuple["Count", "Count"]:
        """The least and the most that could have been measured."""
        return replace(self, errors=0), replace(self, errors=self.trials)


@dataclass(frozen=True)
class TwoCounts:
    """`errors` of `trials` against `reference_errors` of `reference_trials` of a reference that was simulated
    itself: Fisher's exact test. worse: only more errors than the reference's speak against the point."""

    errors: int
    trials: int
    reference_errors: int
    reference_trials: int
    worse: bool = False

    def __add__(self, other: "TwoCounts") -> "TwoCounts":
        return replace(self, errors=self.errors + other.errors, trials=self.trials + other.trials)

    def outcome(self) -> Outcome:
        ours = self.errors, self.trials - self.errors
        theirs = self.reference_errors, self.reference_trials - self.reference_errors
        p = stats.fisher_exact([ours, theirs], "greater" if self.worse else "two-sided").pvalue
        return Outcome(self.reference_errors / self.reference_trials, self.errors / self.trials,
                       *interval(self.errors, self.trials), p, self.trials)

    def extremes(self) -> tuple["TwoCounts", "TwoCounts"]:
        return replace(self, errors=0), replace(self, errors=self.trials)


class Paired(TwoCounts):
    """TwoCounts whose reference is simulated along with it."""

    def __add__(self, other: "Paired") -> "Paired":
        return replace(super().__add__(other), reference_errors=self.reference_errors + other.reference_errors,
                       reference_trials=self.reference_trials + other.reference_trials)

    def extremes(self) -> tuple["Paired", "Paired"]:
        return (replace(self, errors=0, reference_errors=self.reference_trials),
                replace(self, errors=self.trials, reference_errors=0))


@dataclass(frozen=True)
class Total:
    """The sum of `rows` independent rows, each of known mean, variance and third central moment, over `parts`
    (bits): p from the gamma distribution (Pearson III) of those three moments. Where events are so rare (skewness
    above RARE) that three moments say little, the rows that erred are counted: rows are independent and each errs
    with a probability of at most its mean (Markov), so at least k of them do with at most binom.sf(k - 1).

    erred: rows with an error; where None, as few as can hold the total."""

    total: float
    rows: int
    parts: int
    cumulants: tuple[float, float, float]
    erred: int | None = None

    @classmethod
    def of(cls, errors, parts: int, cumulants: tuple[float, float, float]) -> "Total":
        """errors: int array [rows]. parts: of one row."""
        errors = np.asarray(errors)
        return cls(float(errors.sum()), len(errors), len(errors) * parts, cumulants, int((errors > 0).sum()))

    def __add__(self, other: "Total") -> "Total":
        erred = None if None in (self.erred, other.erred) else self.erred + other.erred
        return replace(self, total=self.total + other.total, rows=self.rows + other.rows,
                       parts=self.parts + other.parts, erred=erred)

    def outcome(self) -> Outcome:
        mean, variance, third = (self.rows * k for k in self.cumulants)
        law = stats.pearson3(third / variance**1.5, mean, np.sqrt(variance))
        # a count: the tails hold the value itself, so half a step is put back
        p = 2 * min(law.cdf(self.total + 0.5), law.sf(self.total - 0.5), 0.5)
        if law.stats("s") > RARE:
            least = int(np.ceil(self.total * self.rows / self.parts)) if self.erred is None else self.erred
            p = float(stats.binom.sf(least - 1, self.rows, min(self.cumulants[0], 1.0)))
        spread = 1.96 * np.sqrt(variance * max(self.total, 1) / mean) if self.total else 3.7
        low, high = max(self.total - spread, 0.0), self.total + spread
        return Outcome(mean / self.parts, self.total / self.parts, low / self.parts, high / self.parts, p, self.rows)

    def extremes(self) -> tuple["Total", "Total"]:
        return replace(self, total=0.0, erred=0), replace(self, total=float(self.parts), erred=self.rows)


@dataclass(frozen=True)
class Mean:
    """The mean of `n` independent values with known sum and sum of squares against `expected`: t-test. Where
    `tolerance` is given the point asks for less: that the mean isn't farther than it, p of the shortfall."""

    expected: float
    n: int
    total: float
    squares: float
    tolerance: float = 0.0

    @classmethod
    def of(cls, expected: float, values, tolerance: float = 0.0) -> "Mean":
        """values: float array of independent values."""
        values = np.asarray(values, np.float64).ravel()
        return cls(float(expected), len(values), float(values.sum()), float((values**2).sum()), float(tolerance))

    def __add__(self, other: "Mean") -> "Mean":
        return replace(self, n=self.n + other.n, total=self.total + other.total, squares=self.squares + other.squares)

    def outcome(self) -> Outcome:
        mean = self.total / self.n
        variance = max(self.squares - self.n * mean**2, 0.0) / (self.n - 1)
        error = max(np.sqrt(variance / self.n), 1e-12 * max(abs(mean), 1.0))
        beyond = max(abs(mean - self.expected) - self.tolerance, 0.0)
        p = 2 * stats.t.sf(beyond / error, self.n - 1) if beyond else 1.0
        reach = stats.t.isf(0.025, self.n - 1) * error
        return Outcome(self.expected, mean, mean - reach, mean + reach, p, self.n)


@dataclass(frozen=True)
class Sample:
    """Independent values against a continuous distribution: Kolmogorov and Smirnov's test. Its outcome is the
    largest distance of the two distribution functions, whose expectation is about .87 / sqrt(n)."""

    values: np.ndarray
    cdf: object

    def __add__(self, other: "Sample") -> "Sample":
        return replace(self, values=np.concatenate([self.values, other.values]))

    def outcome(self) -> Outcome:
        found = stats.kstest(self.values, self.cdf)
        n = len(self.values)
        return Outcome(0.87 / np.sqrt(n), found.statistic, found.statistic, found.statistic, found.pvalue, n)


def reach(evidence) -> tuple[float, float]:
    """p of the least and of the most that could have been measured; a test whose level is below both can't fail.
    Of means and whole distributions anything can be measured."""
    if isinstance(evidence, (Mean, Sample)):
        return 0.0, 0.0
    low, high = (end.outcome().p for end in evidence.extremes())
    return float(low), float(high)


def interval(errors: int, trials: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson)."""
    found = stats.binomtest(int(errors), int(trials)).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)
