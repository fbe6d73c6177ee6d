"""p-values are p-values: uniform or larger where the theory holds, small where it doesn't."""

import numpy as np
import pytest
from scipy import stats

from linksim.theory import closed_forms, holm
from linksim.theory.evidence import Count, Mean, Paired, Sample, Total, TwoCounts, reach
from linksim.theory.whole import whole, whole_reach

ROUNDS = 2000


def false_alarms(outcomes):
    """Share of p-values below 5 %; with 2,000 rounds its standard error is .5 %."""
    return np.mean([outcome.p < 0.05 for outcome in outcomes])


def test_counts_keep_their_level():
    rng = np.random.default_rng(1)
    assert false_alarms(Count(0.03, int(rng.binomial(400, 0.03)), 400).outcome() for _ in range(ROUNDS)) < 0.06
    pairs = rng.binomial([200, 600], 0.1, (ROUNDS // 4, 2))
    assert false_alarms(TwoCounts(int(a), 200, int(b), 600).outcome() for a, b in pairs) < 0.07


@pytest.mark.parametrize("ebno_db", [0, 8, 16])
def test_totals_of_clustered_errors_keep_their_level(ebno_db):
    """Slow fading: errors come in bursts, from 3 % of the rows at the highest SNR."""
    rng, rows = np.random.default_rng(2), 2000
    gamma = 2 * 10 ** (ebno_db / 10)
    law = closed_forms.bit_error_cumulants(2, gamma, 4, "slow")
    gain = rng.exponential(size=(ROUNDS // 4, rows))
    errors = rng.binomial(8, closed_forms.ber_awgn(2, gamma * gain)).sum(axis=1)
    assert false_alarms(Total(float(e), rows, 8 * rows, law).outcome() for e in errors) < 0.08


def test_rare_errors_are_judged_by_the_rows_that_erred():
    law = (1e-9, 1e-9, 1e-9)
    assert Total(0.0, 1000, 8000, law).outcome().p == 1
    assert Total(1.0, 1000, 8000, law).outcome().p == pytest.approx(1e-6)
    errors = np.zeros(1000, int)
    errors[[3, 500]] = 5  # two rows: (1000 choose 2) (1e-9)^2
    both = Total.of(errors[:400], 8, law) + Total.of(errors[400:], 8, law)
    assert both == Total.of(errors, 8, law) and both.outcome().p == pytest.approx(5e-13, rel=0.01)
    assert Total(10.0, 1000, 8000, law).outcome().p == pytest.approx(5e-13, rel=0.01)  # 10 errors: two rows at least


def test_rare_errors_keep_their_level():
    rng = np.random.default_rng(8)
    errors = 8 * rng.binomial(1, 0.0005, (ROUNDS, 1000))  # whole rows are lost, one in two thousand
    law = (0.004, 0.032, 0.256)
    assert false_alarms(Total.of(e, 8, law).outcome() for e in errors) < 0.06


def test_what_can_fail():
    step = 2.6e-6
    fewest, most = reach(TwoCounts(2, 9, 300, 600))  # nine blocks at a half: not for any number of errors
    assert min(fewest, most) > step
    assert max(reach(TwoCounts(20, 45, 300, 600))) < step
    assert reach(TwoCounts(5, 45, 1, 600, worse=True))[0] == 1
    assert min(reach(Paired(20, 40, 20, 40))) < step < min(reach(Paired(2, 9, 3, 9)))
    assert reach(Count(0.95, 9, 9))[1] > step > reach(Count(0.95, 9, 9))[0]
    assert reach(Mean.of(1.0, [1.0, 1.1])) == (0, 0)
    assert reach(Total(3.0, 1000, 8000, (1e-9, 1e-9, 1e-9)))[1] < step


def test_only_too_many_errors_speak_against_a_point_that_may_be_better():
    assert Paired(2, 100, 60, 100, worse=True).outcome().p == pytest.approx(1)
    assert Paired(60, 100, 2, 100, worse=True).outcome().p < 1e-15
    added = Paired(2, 100, 60, 100, worse=True) + Paired(3, 50, 6, 70, worse=True)
    assert added == Paired(5, 150, 66, 170, worse=True)


def test_whole_curves_are_exact():
    one = TwoCounts(7, 30, 50, 400)
    assert whole([one]).p == pytest.approx(
        2 * stats.hypergeom(430, 57, 30).sf(6))  # a curve of one point: Fisher's, the tail doubled
    fewer = [Count(0.5, 3, 10), Count(0.5, 2, 14)]
    assert whole(fewer).p == pytest.approx(2 * stats.binom.cdf(5, 24, 0.5))
    shared = whole([Count(0.5, 300, 1000, 0.05), Count(0.5, 300, 1000, 0.05)])  # 4 of the common standard errors
    assert abs(shared.sigmas) == pytest.approx(3.9, abs=0.1)


def test_whole_curves_keep_their_level_and_see_what_points_cannot():
    rng, p, step = np.random.default_rng(9), np.array([0.01, 0.1, 0.5, 0.9, 0.99]), 2.6e-6

    def curve(ours, theirs):
        return [TwoCounts(int(a), 9, int(b), 500) for a, b in zip(rng.binomial(9, ours), rng.binomial(500, theirs),
                                                                  strict=True)]

    assert false_alarms(whole(curve(p, p)) for _ in range(ROUNDS // 4)) < 0.06
    shifted = [np.clip(p + 0.4, 0, 1), np.clip(p - 0.4, 0, 1)]
    middle = [whole(curve(np.full(5, 0.5) + d, np.full(5, 0.5))).p for d in (-0.45, 0.45)]
    assert max(middle) < step < min(reach(curve(p, p)[2]))
    assert all(whole(curve(q, p)).p < 0.01 for q in shifted)
    assert max(whole_reach(curve(np.full(5, 0.5), np.full(5, 0.5)))) < step


def test_means_and_samples_keep_their_level():
    rng = np.random.default_rng(3)
    assert false_alarms(Mean.of(1.0, rng.exponential(size=300)).outcome() for _ in range(ROUNDS)) < 0.07
    cdf = stats.expon.cdf
    assert false_alarms(Sample(rng.exponential(size=50), cdf).outcome() for _ in range(ROUNDS // 4)) < 0.08


def test_a_tolerance_is_granted_and_no_more():
    rng = np.random.default_rng(4)
    values = 1.015 + 0.01 * rng.standard_normal(400)
    assert Mean.of(1.0, values, 0.02).outcome().p == 1
    assert Mean.of(1.0, values, 0.01).outcome().p < 1e-6


def test_deviations_are_seen_and_signed():
    assert Count(0.1, 200, 1000).outcome().sigmas > 8
    assert Count(0.1, 30, 1000).outcome().sigmas < -6
    assert abs(Count(0.1, 200, 1000, uncertain=0.05).outcome().sigmas) == pytest.approx(2, abs=0.2)
    assert TwoCounts(65, 100, 521, 7000).outcome().sigmas > 8
    assert Total(900.0, 1000, 8000, (1.0, 1.0, 1.0)).outcome().sigmas == pytest.approx(-3.1, abs=0.2)


def test_evidence_of_seeds_adds_up():
    one, two = Count(0.1, 3, 50), Count(0.1, 9, 70)
    assert one + two == Count(0.1, 12, 120)
    values = np.random.default_rng(6).random(90)
    both = Mean.of(0.5, values[:40]) + Mean.of(0.5, values[40:])
    assert both.outcome().measured == pytest.approx(values.mean())
    assert both.outcome().p == pytest.approx(stats.ttest_1samp(values, 0.5).pvalue)


def test_holm():
    """Holm's own example of the procedure: the smallest is multiplied by all, the next by one less, and none
    overtakes."""
    np.testing.assert_allclose(holm.adjust([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm.adjust([0.9, 0.8]), [1.0, 1.0])


def test_holm_keeps_the_family_wise_level():
    rng = np.random.default_rng(7)
    alarms = np.mean([(holm.adjust(rng.random(40)) < 0.05).any() for _ in range(ROUNDS)])
    assert alarms == pytest.approx(0.05, abs=0.02)
