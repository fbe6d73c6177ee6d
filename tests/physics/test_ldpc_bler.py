"""The bare coded chain against block-error rates that others counted, every row of them.

The references are simulated themselves, so each point is Fisher's exact test of two counts, and all points of a
test together are held to a family-wise level of 1 % by Holm's method. Seeds were fixed before anything was run.
"""

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from linksim.errors import UserError
from linksim.link.mcs import TABLES
from linksim.link.simulate import block_errors
from linksim.theory.holm import LEVEL, adjust
from linksim.theory.published import table

SEEDS = (1, 2, 3)
FADING = {"awgn": None, "rayleigh_slow": "slow", "rayleigh_fast": "fast"}


def _published(row):
    """(arguments of block_errors up to snr_db, keywords, errors, blocks) of a row of ldpc_awgn.csv."""
    k, n, q = (int(row[key]) for key in ("k", "n", "bits_per_symbol"))
    snr_db = float(row["ebno_db"]) + 10 * np.log10(q * k / n)
    return ((k, n, q, row["rule"], int(row["iterations"]), snr_db), {"interleaved": row["interleaved"] == "yes"},
            int(row["block_errors"]), int(row["blocks"]))


def _measured(row):
    """The same of a row of ldpc_measured.csv."""
    k, n, q = (int(row[key]) for key in ("k", "n", "bits_per_symbol"))
    return ((k, n, q, "boxplus-phi", 20, float(row["snr_db"])), {"fading": FADING[row["channel"]]},
            int(row["block_errors"]), int(row["blocks"]))


def _mcs(row):
    """The same of a row of mcs_bler.csv: coded bits fill whole symbols, as in Sionna's simulation."""
    mcs, k = TABLES[f"table{row['table']}"][int(row["mcs"])], int(row["block_bits"])
    n = int(np.ceil(k / mcs.rate / mcs.bits_per_symbol)) * mcs.bits_per_symbol
    return ((k, n, mcs.bits_per_symbol, "boxplus-phi", 20, float(row["snr_db"])), {}, int(row["block_errors"]),
            int(row["blocks"]))


def _rejected(points, bits):
    """Points whose counts differ from the reference's, with about `bits` information bits per point and seed."""
    p, told = [], []
    for at, (arguments, keywords, errors, blocks) in enumerate(points):
        count = int(np.clip(bits // arguments[0], 8, 2000))
        lost = sum(block_errors(*arguments, count, [seed, at], **keywords) for seed in SEEDS)
        ours = count * len(SEEDS)
        p.append(fisher_exact([[lost, ours - lost], [errors, blocks - errors]]).pvalue)
        told.append(f"{arguments} {keywords}: {lost}/{ours}, reference {errors}/{blocks}")
    assert len(p)
    return [f"{text}, p = {value:.1e}" for text, value, bad in zip(told, p, adjust(p) < LEVEL, strict=True) if bad]


def _pick(name, **values):
    return next(row for row in table(name) if all(row[key] == value for key, value in values.items()))


def test_some_points():
    """A handful that tells most: each constellation, rule and channel on the slope of its curve."""
    points = [_measured(_pick("ldpc_measured", channel=channel, k=k, bits_per_symbol=q, snr_db=snr))
              for channel, k, q, snr in (("awgn", "512", "2", "1.0"), ("awgn", "1024", "4", "6.0"),
                                         ("awgn", "1024", "6", "13.5"), ("rayleigh_slow", "512", "2", "10.0"),
                                         ("rayleigh_fast", "1024", "4", "8.5"))]
    points += [_published(_pick("ldpc_awgn", k=k, n=n, bits_per_symbol=q, rule=rule, ebno_db=ebno))
               for k, n, q, rule, ebno in (("64", "128", "2", "boxplus", "2.0"), ("500", "1000", "2", "boxplus", "1.5"),
                                           ("600", "1200", "4", "boxplus", "3.25"),
                                           ("600", "1200", "4", "minsum", "4.0"))]
    points += [_mcs(_pick("mcs_bler", table="1", mcs="12", block_bits="100", block_errors="467")),
               _mcs(_pick("mcs_bler", table="2", mcs="22", block_bits="100", block_errors="521"))]
    assert _rejected(points, 60_000) == []


@pytest.mark.slow
def test_all_published_points():
    assert _rejected([_published(row) for row in table("ldpc_awgn")], 60_000) == []


@pytest.mark.slow
def test_all_measured_points():
    assert _rejected([_measured(row) for row in table("ldpc_measured")], 200_000) == []


@pytest.mark.slow
def test_all_points_of_the_mcs_tables():
    assert _rejected([_mcs(row) for row in table("mcs_bler")], 30_000) == []


def test_a_wrong_chain_is_found():
    """The same points with half a decibel more power, and with min-sum passed off as boxplus."""
    points = [_measured(_pick("ldpc_measured", channel="awgn", k="512", snr_db="1.5")),
              _published(_pick("ldpc_awgn", k="500", ebno_db="1.5"))]
    (shape, words, *counts), published = points
    stronger = (*shape[:5], shape[5] + 0.5), words, *counts
    approximate = (*published[0][:3], "minsum", *published[0][4:]), *published[1:]
    assert len(_rejected([stronger], 60_000)) == len(_rejected([approximate], 60_000)) == 1


@pytest.mark.parametrize("snr_db", [5.0, 10.0, 15.0])
def test_slow_rayleigh_is_the_outage_of_the_threshold(snr_db, count=1500):
    """BLER = 1 - exp(-10^((g - SNR)/10)) with g = .95 dB, where QPSK (512, 1024) loses half its blocks on
    AWGN."""
    lost = block_errors(512, 1024, 2, "boxplus-phi", 20, snr_db, count, [77, int(snr_db)], fading="slow")
    expected = 1 - np.exp(-(10 ** ((0.95 - snr_db) / 10)))
    low, high = binomtest(lost, count).proportion_ci(0.99, "wilson")
    assert low <= expected <= high


@pytest.mark.parametrize("k, n, words", [(1000, 1050, "1000/1050 = 0.952.*30/1024 to 948/1024"), (10, 1000, "0.010"),
                                         (9000, 18000, "base graph 1 has 1 to 8448 bits, got 9000")])
def test_codes_out_of_the_standards_range_are_refused(k, n, words):
    with pytest.raises(UserError, match=words):
        block_errors(k, n, 2, "boxplus-phi", 20, 0.0, 1, 0)
