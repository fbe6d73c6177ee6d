"""HARQ: rounds combined, billed, and paid for out of one budget."""

from dataclasses import replace

import chains
import numpy as np
import pytest
from chains import BUDGET, TEST

from baselines.separate.arrival import LONGER_CODE, CalibrationDraws
from baselines.separate.policies import Chooser
from linksim.link.burst import Reception
from linksim.schemes.base import Knowledge, lost_picture, rows_of

MCS = 4  # QPSK 3/4


def rounds(one, snr_db, count, model="awgn"):
    """Receptions of `count` rounds planned for 20 dB, the last one with the others as its `earlier`."""
    receptions = []
    for attempt in range(count):
        burst = one.retransmit(one.analyse(TEST), BUDGET, Knowledge(20.0), attempt)
        receptions.append(chains.received(burst, snr_db, model, attempt))
    return replace(receptions[-1], earlier=tuple(receptions[:-1]))


@pytest.mark.parametrize("combining", ["chase", "incremental"])
def test_two_rounds_carry_what_one_does_not(combining):
    """1.5 dB below the threshold on AWGN no block passes; two rounds are worth 3 dB or more."""
    one = chains.planned(mcs=MCS, harq={"rounds": 2, "combining": combining})
    mode, share = one.mode(Knowledge(20.0))
    _, symbols = one.codestreams(one.analyse(TEST), BUDGET, mode, share)
    snr_db = one.thresholds(symbols, mode).min() - 1.5
    assert not one.acknowledge(rounds(one, snr_db, 1)).any()
    both = rounds(one, snr_db, 2)
    assert one.acknowledge(both).all()
    images, ok = one.decode(both)
    assert ok.all()
    np.testing.assert_array_equal(images, one.decode(rounds(one, 40, 1))[0])


def test_new_bits_are_worth_more_than_the_same_again():
    """At rate 5/6, 4.5 dB below its threshold: twice the energy isn't enough, half the rate and twice the energy is."""
    chase, incremental = (chains.planned(mcs=11, harq={"rounds": 2, "combining": combining})
                          for combining in ("chase", "incremental"))
    burst = chains.sent(chase, 20.0)
    snr_db = chase.thresholds(burst.length, chase.modes.tried[0]).min() - 4.5
    assert not chase.acknowledge(rounds(chase, snr_db, 2)).any()
    assert incremental.acknowledge(rounds(incremental, snr_db, 2)).all()


def test_a_round_whose_header_is_lost_adds_nothing():
    one = chains.planned(mcs=MCS, harq={"rounds": 2})
    both = rounds(one, 30.0, 2)
    silent = np.zeros(len(TEST), bool)
    first = both.earlier[0]
    second_alone = replace(both, earlier=(replace(first, header_ok=silent, symbols=-first.symbols),))
    assert one.acknowledge(second_alone).all()
    images, ok = one.decode(replace(second_alone, header_ok=silent))
    assert not ok.any() and (images == lost_picture(chains.SIZE)).all()


def test_rows_of_different_fate_decode_as_alone():
    one = chains.planned(mcs=MCS, harq={"rounds": 2})
    both = rounds(one, 12.0, 2, "rayleigh")
    images, ok = one.decode(both)
    fresh = chains.scheme(mcs=MCS, harq={"rounds": 2})
    fresh.adopt(one.plan)
    for row in (4, 0, 2):
        alone, verdict = fresh.decode(rows_of(both, np.array([row])))
        np.testing.assert_array_equal(alone[0], images[row])
        assert verdict[0] == ok[row]


def test_every_round_gets_its_share_of_the_budget():
    """Over Rayleigh fading first round and second cost the budget in expectation over the calibration draws."""
    one = chains.planned(realisations=100, mcs=MCS, harq={"rounds": 2, "combining": "chase"})
    shares = one.plan["share"]
    assert shares == sorted(shares) and 0.5 < shares[0] < 0.9 < shares[2] < 1
    link = one.bench.link
    draw = link.calibration_draws(7, 4, 100)
    gain_db = 10 * np.log10(link.gain(draw)).reshape(4, 100)
    for snr_db, share in zip(chains.SNR_DB, one.plan["share"], strict=True):
        symbols = one.given(BUDGET[:4], 4, share)
        again = gain_db + snr_db < one.thresholds(symbols, one.modes.tried[0])
        spent = link.uses(symbols + one.plan["header_uses"]) * (1 + again.mean())
        assert spent.mean() == pytest.approx(BUDGET[:4].mean(), rel=0.02)
        for attempt in (0, 1):
            burst = one.retransmit(one.analyse(TEST), BUDGET, Knowledge(snr_db), attempt)
            assert (link.uses(burst.length + burst.header_uses) <= np.ceil(BUDGET * share)).all()


def test_the_header_names_the_round():
    one = chains.planned(mcs=MCS, harq={"rounds": 3})
    headers = [one.retransmit(one.analyse(TEST), BUDGET, Knowledge(10.0), attempt).header for attempt in range(3)]
    assert [set(one.modes.header.unpack(header)[-2]) for header in headers] == [{0}, {1}, {2}]
    waves = [one.retransmit(one.analyse(TEST), BUDGET, Knowledge(10.0), attempt).symbols for attempt in range(3)]
    assert not np.array_equal(waves[0], waves[1]) and not np.array_equal(waves[1], waves[2])


def test_a_best_mcs_counts_on_its_rounds():
    """Where a second round is to be had, the MCS chosen is at least as fast."""
    once, twice = (chains.planned(realisations=20, harq={"rounds": n}) for n in (1, 2))
    assert all(a <= b for a, b in zip(once.plan["mcs"], twice.plan["mcs"], strict=True))
    assert isinstance(rounds(twice, 10.0, 2), Reception)


@pytest.mark.parametrize("combining", ["chase", "incremental"])
def test_rounds_arrive_where_the_planning_counts_on_it(combining):
    """Two rounds of equal SNR on AWGN, 1 dB above and below the 50 % point that `CalibrationDraws` takes for them."""
    from linksim.link.esm import inverse, mutual_information

    one = chains.planned("awgn", mcs=8, harq={"rounds": 2, "combining": combining})
    burst = chains.sent(one, 20.0)
    mode = one.modes.tried[0]
    needed = 10 ** (one.thresholds(burst.length, mode).mean() / 10)
    each = needed / 2 if combining == "chase" else inverse(LONGER_CODE * mutual_information(needed, 6) / 2, 6)
    middle = 10 * np.log10(each)
    draws = CalibrationDraws(one, replace(chains.survey(one), snr_db=np.array([middle])))
    needed_db = one.thresholds(burst.length[:4], mode)
    assert draws.arrival(mode, needed_db, middle + 0.3).parts.all()
    assert not draws.arrival(mode, needed_db, middle - 0.3).parts.any()
    assert one.acknowledge(rounds(one, middle + 1, 2)).all()
    assert not one.acknowledge(rounds(one, middle - 1, 2)).any()


def test_outage_counts_what_each_round_gets():
    """The MCS chosen carries the most bits a picture among those reliable enough: its rate, and its rounds' share."""
    one = chains.scheme("awgn", mcs="outage", harq={"rounds": 2, "combining": "chase"})
    one.plan = {"header_uses": 200, "symbols": one.most, "quality_db": None}
    chooser = Chooser(one, chains.survey(one))
    made, fastest = chooser.choose(), []
    for snr_db, chosen, share in zip(chains.SNR_DB, made.modes, made.shares, strict=True):
        good = [mode for mode in one.modes.tried if (chooser.parts(mode, snr_db) == 0).mean() <= 0.1]
        if good:
            carried = [mode.efficiency * chooser.share(mode, snr_db) for mode in good]
            assert chosen.efficiency * share == max(carried)
            fastest.append(good[-1])
    assert set(fastest) - set(made.modes)  # a slower one that is sent again less often
