"""The closed forms against tables of others' making and against each other."""

import numpy as np
import pytest
from scipy import integrate

from linksim.theory import closed_forms
from linksim.theory.published import table


def test_uncoded_ber_is_that_of_the_table():
    for row in table("uncoded_ber"):
        form = closed_forms.ber_awgn if row["channel"] == "awgn" else closed_forms.ber_rayleigh
        bits = int(row["bits_per_symbol"])
        assert form(bits, bits * 10 ** (float(row["ebno_db"]) / 10)) == pytest.approx(float(row["ber"]), rel=2e-6)


def test_capacity_and_outage_are_those_of_the_table():
    for row in table("capacity_outage"):
        gamma = 10 ** (float(row["snr_db"]) / 10)
        assert closed_forms.capacity_awgn(gamma) == pytest.approx(float(row["awgn_capacity"]), rel=1e-6)
        assert closed_forms.capacity_rayleigh(gamma) == pytest.approx(float(row["rayleigh_ergodic_capacity"]), rel=2e-6)
        for rate in (0.5, 1, 2, 3, 4):
            assert closed_forms.outage(gamma, rate) == pytest.approx(float(row[f"outage_R{rate:g}"]), rel=2e-6)


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
@pytest.mark.parametrize("gamma", [1.0, 10.0, 300.0])
def test_cumulants_have_the_mean_of_the_error_rate(bits, gamma):
    """Decision regions and Cho and Yoon's sum are two ways to the same number."""
    for fading, form in (("none", closed_forms.ber_awgn), ("fast", closed_forms.ber_rayleigh),
                         ("slow", closed_forms.ber_rayleigh)):
        mean, variance, _ = closed_forms.bit_error_cumulants(bits, gamma, 5, fading)
        assert mean == pytest.approx(5 * bits * form(bits, gamma), rel=1e-8)
        assert variance > 0


def test_cumulants_are_those_of_drawn_errors():
    """Errors in rows of 3 symbols of 16-QAM that share a gain, drawn from the regions' probabilities."""
    rng = np.random.default_rng(5)
    gain = rng.exponential(size=200_000)
    p = closed_forms.pam_error_probabilities(2, 10.0 * gain)
    errors = sum((rng.random(len(gain))[:, None] > p.cumsum(axis=1)).sum(axis=1) for _ in range(6))
    mean, variance, third = closed_forms.bit_error_cumulants(4, 10.0, 3, "slow")
    assert errors.mean() == pytest.approx(mean, rel=0.02)
    assert errors.var() == pytest.approx(variance, rel=0.03)
    assert np.mean((errors - errors.mean()) ** 3) == pytest.approx(third, rel=0.06)


@pytest.mark.parametrize("branches", [1, 2, 4])
def test_combined_branches_are_the_mean_over_their_energy(branches):
    gamma = 6.0
    mean = closed_forms.bit_error_cumulants(2, gamma, 1, "fast", branches)[0] / 2
    assert closed_forms.ber_mrc_qpsk(branches, gamma) == pytest.approx(mean, rel=1e-8)
    steep = closed_forms.ber_mrc_qpsk(branches, 1e4) / closed_forms.ber_mrc_qpsk(branches, 1e5)
    assert np.log10(steep) == pytest.approx(branches, abs=0.01)  # the diversity order


def test_sinr_distribution_is_that_of_drawn_channels():
    rng = np.random.default_rng(8)
    n0, count = 0.1, 40_000
    h = rng.standard_normal((count, 2, 2, 2)) @ [1, 1j] / np.sqrt(2) / np.sqrt(2)  # each stream has power 1/2
    inverse = np.linalg.inv(h.conj().swapaxes(1, 2) @ h + n0 * np.eye(2))
    sinr = 1 / (n0 * inverse[:, 0, 0].real) - 1
    for level in (0.2, 1.0, 5.0, 15.0):
        expected = closed_forms.lmmse_sinr_cdf(level, n0)
        assert np.mean(sinr <= level) == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / count))


def test_fading_forms():
    power = np.linspace(0, 5, 50)
    np.testing.assert_allclose(closed_forms.rician_power_cdf(power, 1e-9), closed_forms.rayleigh_power_cdf(power),
                               atol=1e-8)
    mean = integrate.quad(lambda p: 1 - closed_forms.rician_power_cdf(p, 4.0), 0, 30)[0]
    assert mean == pytest.approx(1, rel=1e-6)
    assert closed_forms.jakes(100.0, 0.0) == 1
    assert closed_forms.jakes(100.0, 0.00382739) == pytest.approx(0, abs=1e-4)  # first zero at 2.4048
    assert closed_forms.slow_fading_bler(3.0, 13.0) == pytest.approx(1 - np.exp(-0.1))
    assert closed_forms.rms_delay_spread([1, 1], [0, 2.0]) == pytest.approx(1.0)
