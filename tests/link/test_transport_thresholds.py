"""Thresholds of the standard's MCS, which are interpolated, against blocks sent anew."""

import numpy as np
import pytest

from linksim.link import thresholds
from linksim.link.mcs import TABLES, Mcs, plan
from linksim.link.transport import Transport

MEASURED_AGAIN = [("table1", 1, 3000), ("table1", 6, 1500), ("table1", 13, 900), ("table1", 19, 700),
                  ("table1", 25, 500), ("table1", 28, 400), ("table2", 22, 500), ("table2", 25, 450),
                  ("table2", 27, 1400)]


@pytest.mark.parametrize("table, index, uses", [
    case if at in (1, 3, 7) else pytest.param(*case, marks=pytest.mark.slow) for at, case in enumerate(MEASURED_AGAIN)])
def test_half_of_the_blocks_are_lost_there(table, index, uses, count=100):
    """None of these codes was measured for the table; within .25 dB. A block's curve has a spread of .2 to .5 dB, so
    that an exact threshold fails here with probability below 1e-4."""
    transport = Transport(table=table)
    mcs, symbols = transport.mcs[index], np.full(count, uses)
    rng = np.random.default_rng([index, uses])
    bits = [rng.integers(0, 2, size, dtype=np.uint8) for size in transport.payload_bits(symbols, mcs)]
    sent, threshold = transport.encode(bits, symbols, mcs), transport.threshold_db(mcs, symbols)[0]

    def lost(snr_db):
        variance = 10 ** (-snr_db / 10)
        noise = rng.standard_normal((*sent.shape, 2)) @ [1, 1j] * np.sqrt(variance / 2)
        received = (sent + noise).astype(np.complex64)
        return 1 - transport.decode(received, np.full(sent.shape, variance, np.float32), symbols, mcs)[1].mean()

    assert lost(threshold - 0.25) > 0.5 > lost(threshold + 0.25)


@pytest.mark.parametrize("table", ["table1", "table2"])
def test_thresholds_rise_along_a_table_at_equal_block_sizes(table):
    """But for table 1's step to 64-QAM at the efficiency of 16-QAM, from MCS 16 to 17."""
    middles = np.array([thresholds.code_block(1, 4224, m.bits_per_symbol, m.rate)[0] for m in TABLES[table]])
    steps = np.diff(middles)
    assert (steps > -0.2).all() and (np.sort(steps)[1:] > 0.02).all()
    gap = middles - [thresholds.capacity_db(m.rate, m.bits_per_symbol) for m in TABLES[table]]
    assert (gap > 0.3).all() and (gap < 1.5).all()


def test_all_thresholds_are_finite_where_something_fits():
    for mcs in TABLES["table1"] + TABLES["table2"]:
        symbols = np.array([0, 1, 13, 60, 333, 4000, 40000])
        threshold = Transport(table=mcs.table).threshold_db(mcs, symbols)
        fits = np.array([plan(int(n), mcs).payload > 0 for n in symbols])
        assert np.array_equal(np.isfinite(threshold), fits) and fits[3:].all() and not fits[:2].any()
        assert threshold[fits].min() > -8 and threshold[fits].max() < 30


def test_the_ladders_own_measurements_are_met():
    """Interpolated as if it were one of the standard's, a measured MCS has the threshold that was measured, within
    the measurements' errors: of the smallest blocks, two MCS can be the same code."""
    for name, table in thresholds.load()["mcs"].items():
        q = {"QPSK": 2, "16-QAM": 4, "64-QAM": 6, "256-QAM": 8}[name.split()[0]]
        for entry in table:
            rate = entry["block"] / thresholds.coded_bits(entry["block"], entry["rate"], q)
            middle, spread = thresholds.code_block(entry["graph"], entry["block"], q, rate)
            assert middle == pytest.approx(entry["threshold_db"], abs=0.15)
            assert spread == pytest.approx(entry["spread_db"], rel=0.25)


def test_mcs_names_tell_constellation_and_rate():
    assert TABLES["table2"][20].name == "256-QAM 682.5/1024" and isinstance(TABLES["table2"][20], Mcs)
