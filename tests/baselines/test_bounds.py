import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ncx2, norm

from baselines import bounds


def linear(db):
    return 10 ** (np.asarray(db) / 10)


def real_use_bits(snr, uses, error):
    """Bits in `uses` real uses, as Polyanskiy, Poor and Verdu write it (2010, equations 293 and 296)."""
    capacity = 0.5 * np.log2(1 + snr)
    spread = snr / 2 * (snr + 2) / (snr + 1) ** 2 * np.log2(np.e) ** 2
    return uses * capacity - np.sqrt(uses * spread) * norm.isf(error) + 0.5 * np.log2(uses)


@pytest.mark.parametrize(("snr_db", "uses", "error"), [(0, 2000, 1e-3), (0, 500, 1e-3), (20, 1000, 1e-6)])
def test_a_complex_use_is_two_real_ones(snr_db, uses, error):
    """The log term differs by half a bit a block: log2(2n) / 2 against log2(n) / 2."""
    ours = bounds.carried_bits(linear(snr_db), uses / 2, error)
    assert ours == pytest.approx(real_use_bits(linear(snr_db), uses, error) - 0.5, abs=1e-9)


def test_the_published_example():
    """Real AWGN at 0 dB, 2,000 uses, block error 1e-3: .4417 bit a use, 88 % of the capacity of a half."""
    assert bounds.carried_bits(1.0, 1000, 1e-3) / 2000 == pytest.approx(0.4417, abs=0.0005)


@pytest.mark.parametrize(("snr_db", "uses"), [(0, 200), (0, 400), (5, 200)])
def test_it_is_close_to_an_exact_converse(snr_db, uses):
    """The meta-converse with codewords of equal power (theorem 41 and its (205) to (208)), by non-central chi-square:
    no code carries more. At these lengths the approximation is known to keep within a few bits of it."""
    snr, error = linear(snr_db), 1e-3
    threshold = ncx2.isf(error, uses, uses / snr)  # P(not decoded | the right word) = error
    # what the right word's statistic sum (Z - 1/sqrt(snr))^2 = t is worth under the output distribution alone
    beta = ncx2.cdf(threshold / (1 + snr), uses, uses * (1 + 1 / snr))
    converse = -np.log2(beta)
    ours = bounds.carried_bits(snr, uses / 2, error)
    assert converse - 6 < ours < converse + 1


def test_error_bits_and_snr_are_one_relation():
    for snr_db, uses, error in ((-3, 100, 1e-2), (4, 5000, 1e-5), (15, 300, 0.4)):
        bits = bounds.carried_bits(linear(snr_db), uses, error)
        assert bounds.block_error(linear(snr_db), uses, bits) == pytest.approx(error, rel=1e-6)
        assert bounds.needed_db(uses, bits, error) == pytest.approx(snr_db, abs=1e-6)
    assert np.isinf(bounds.needed_db([0, 1], [8, 8000], 0.1)).all()


def test_long_codes_reach_capacity():
    rates = [bounds.carried_bits(1.0, n, 1e-3) / n for n in (1e2, 1e4, 1e8)]
    assert rates == sorted(rates) and rates[0] < 0.8 and rates[-1] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("snr_db", [-10, 0, 7, 20])
def test_ergodic_capacity_is_the_mean_over_the_gain(snr_db):
    mean, _ = quad(lambda g: np.log2(1 + g * linear(snr_db)) * np.exp(-g), 0, 60)
    assert bounds.ergodic_capacity(linear(snr_db)) == pytest.approx(mean, rel=1e-6)


def test_some_values_of_the_textbooks():
    """log2(1 + 10); e E1(1) / ln 2 with E1(1) = .219384; 1 - 1/e."""
    assert bounds.capacity(10.0) == pytest.approx(3.459432, abs=1e-6)
    assert bounds.ergodic_capacity(1.0) == pytest.approx(np.e * 0.2193839344 / np.log(2), abs=1e-9)
    assert bounds.rayleigh_outage(1.0, 1.0) == pytest.approx(1 - np.exp(-1))


def test_a_table_made_elsewhere():
    folder = os.environ.get("LINKSIM_DATA")
    path = Path(folder or ".") / "theory_capacity_outage.csv"
    if not folder or not path.is_file():
        pytest.skip("LINKSIM_DATA names no folder with theory_capacity_outage.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10
    for row in rows:
        snr = linear(float(row["snr_db"]))
        assert bounds.capacity(snr) == pytest.approx(float(row["awgn_capacity"]), abs=2e-6)
        assert bounds.ergodic_capacity(snr) == pytest.approx(float(row["rayleigh_ergodic_capacity"]), abs=2e-6)
        for rate in (0.5, 1, 2, 3, 4):
            assert bounds.rayleigh_outage(snr, rate) == pytest.approx(float(row[f"outage_R{rate:g}"]), rel=2e-6)


@pytest.mark.parametrize(("snr_db", "rate"), [(0, 0.5), (10, 1), (10, 2)])
def test_one_gain_for_the_block_makes_the_outage_of_long_codes(snr_db, rate):
    """Over one Rayleigh gain, blocks of 1,000 uses lose hardly more than the outage (Yang et al. 2014)."""
    outage = bounds.rayleigh_outage(linear(snr_db), rate)
    found = bounds.rayleigh_block_error(linear(snr_db), 1000, rate * 1000)
    assert found == pytest.approx(outage, rel=0.02)
    assert abs(bounds.rayleigh_block_error(linear(snr_db), 10**6, rate * 10**6) - outage) < 5e-4


def as_they_arrive(sizes):
    images = np.repeat(np.asarray(sizes, np.uint8)[:, None, None, None], 3, axis=3)
    return images, np.asarray(sizes) > 10


def test_capacity_pictures_arrive_where_the_capacity_is():
    uses = np.array([80, 800, 1600])
    (label, images, needed_db), = bounds.capacity_bound(as_they_arrive, uses, [1.0])
    assert label == "1 bit/use" and images[:, 0, 0, 0].tolist() == [10, 100, 200]
    assert np.isinf(needed_db[0]) and needed_db[1:] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("error", [0.9, 0.5, 0.1, 0.01])
def test_as_many_pictures_are_lost_as_the_approximation_says(error):
    uses = np.full(2000, 500)
    (_, _, needed_db), = bounds.normal_bound(as_they_arrive, uses, [1.6])
    snr_db = float(bounds.needed_db(500, 800, error))
    assert np.mean(snr_db < needed_db) == pytest.approx(error, abs=0.002)
