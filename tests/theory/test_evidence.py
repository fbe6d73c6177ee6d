"""p-values are p-values: uniform or larger where the theory holds, small where it doesn't."""

import numpy as np
import pytest
from scipy import stats

from linksim.theory import closed_forms, holm
from linksim.theory.evidence import Count, Mean, Sample, Total, TwoCounts

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


def test_rare_errors_are_judged_by_markov():
    law = (1e-9, 1e-9, 1e-9)
    assert Total(0.0, 1000, 8000, law).outcome().p == 1
    assert Total(1.0, 1000, 8000, law).outcome().p == pytest.approx(1e-6)


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
