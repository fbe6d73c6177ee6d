import json

import numpy as np
import pytest
from chains import BUDGET, CALIBRATION, SIZE, SNR_DB, TEST, Likeness, draw, planned, received, scheme, sent
from pydantic import ValidationError
from textures import psnr

from baselines.jpeg2000_ldpc import Jpeg2000Ldpc
from baselines.separate.rate import fewest_symbols
from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.link import Link, LinkConfig
from linksim.link.mcs import MCS
from linksim.schemes.base import Bench, Knowledge, lost_picture


def qualities(one, snr_db):
    """PSNR of each test picture after a channel without loss."""
    images, ok = one.decode(received(sent(one, snr_db), 40))
    assert ok.all()
    return [psnr(*pair) for pair in zip(images, TEST, strict=True)]


@pytest.mark.parametrize("snr_db", SNR_DB)
def test_a_good_channel_gives_each_picture_its_codestream(snr_db):
    one = planned()
    images, ok = one.decode(received(sent(one, snr_db), 40))
    assert ok.all() and images.dtype == np.uint8
    for image, picture in zip(images, TEST, strict=True):
        assert psnr(image, picture) > 17


def test_more_snr_buys_finer_pictures():
    one = planned()
    chosen = [MCS[index] for index in one.plan["mcs"]]
    efficiency = [mcs.bits_per_symbol * mcs.rate for mcs in chosen]
    assert efficiency == sorted(efficiency) and efficiency[0] < efficiency[-1]
    assert np.mean(qualities(one, SNR_DB[2])) > np.mean(qualities(one, SNR_DB[0])) + 2


@pytest.mark.parametrize("keys", [{}, {"mcs": 3}, {"uses": 5000}])
@pytest.mark.parametrize("snr_db", SNR_DB)
def test_total_uses_fill_the_budget_and_never_exceed_it(keys, snr_db):
    one = planned(**keys)
    budget = BUDGET if "uses" not in keys else np.full(len(TEST), 5000)
    burst, link = sent(one, snr_db, BUDGET if "uses" not in keys else None), one.bench.link
    uses = link.uses(burst.length + burst.header_uses)
    assert (uses <= budget).all()
    assert (budget - uses <= link.grid.pilots_per_slot).all()
    np.testing.assert_array_equal(sum(link.ledger(burst).values()), uses)
    assert burst.symbols.shape[1] >= burst.length.max() and burst.header_uses == one.plan["header_uses"]


def test_filler_behind_the_codestream_is_billed_as_filler():
    one = planned()
    burst, transport = sent(one, 10.0), one.bench.link.transport
    mcs = MCS[one.plan["mcs"][1]]
    codestreams, symbols = one.codestreams(one.analyse(TEST), BUDGET, one.modes.of([mcs.index], 0))
    split = transport.split(symbols, mcs)
    useful = np.array([8 * len(c) for c in codestreams]) / transport.payload_bits(symbols, mcs)
    assert (useful < 1).any()
    np.testing.assert_allclose(burst.ledger["payload"], split["payload"] * useful, atol=0.5)
    np.testing.assert_array_equal(burst.ledger["payload"] + burst.ledger["crc_filler"],
                                  split["payload"] + split["crc_filler"])
    np.testing.assert_array_equal(sum(burst.ledger.values()), burst.length)


def test_unit_mean_power():
    one = planned()
    for snr_db in SNR_DB:
        burst = sent(one, snr_db)
        assert np.square(np.abs(burst.symbols)).sum() / burst.length.sum() == pytest.approx(1, abs=0.03)


def test_decodes_from_the_reception_alone_in_any_order(tmp_path):
    one = planned()
    reception = received(sent(one, 10.0), 40)
    order = np.array([3, 0, 4, 1, 2])
    fields = ("symbols", "noise_variance", "header", "header_ok")
    np.savez(tmp_path / "air.npz", **{name: getattr(reception, name)[order] for name in fields})
    other = scheme()
    other.adopt(json.loads(json.dumps(one.plan)))
    with np.load(tmp_path / "air.npz", allow_pickle=False) as file:
        images, ok = other.decode(Reception(**{name: file[name] for name in fields}))
    assert ok.all()
    np.testing.assert_array_equal(images, one.decode(reception)[0][order])


def test_a_failed_header_loses_the_picture_even_if_its_bits_are_right():
    one = planned()
    good = received(sent(one, 10.0), 40)
    verdict = np.array([True, False, True, False, True])
    images, ok = one.decode(Reception(good.symbols, good.noise_variance, good.header, verdict))
    assert ok.tolist() == [True, False, True, False, True]
    np.testing.assert_array_equal(images[1], lost_picture(SIZE))


def test_a_failed_payload_crc_loses_the_picture():
    one = planned()
    good = received(sent(one, 20.0), 40)
    symbols = good.symbols.copy()
    symbols[2, 100:400] *= -1
    images, ok = one.decode(Reception(symbols, good.noise_variance, good.header, good.header_ok))
    assert ok.tolist() == [True, True, False, True, True]
    np.testing.assert_array_equal(images[2], lost_picture(SIZE))


def test_nonsense_in_an_accepted_header_is_a_lost_picture():
    one = planned()
    good = received(sent(one, 10.0), 40)
    nonsense = np.ones_like(good.header)
    images, ok = one.decode(Reception(good.symbols, good.noise_variance, nonsense, good.header_ok))
    assert not ok.any() and (images == lost_picture(SIZE)).all()


def test_a_budget_too_small_for_any_codestream_sends_the_header_alone():
    one = planned()
    burst = sent(one, 0.0, np.array([6500, 1500, 6500, 6500, 0]))
    assert burst.length[[1, 4]].tolist() == [0, 0] and (burst.length[[0, 2, 3]] > 0).all()
    assert not burst.symbols[1].any()
    _, ok = one.decode(received(burst, 40))
    assert ok.tolist() == [True, False, True, True, False]


def test_an_unknown_snr_gets_one_mcs_and_a_known_one_the_nearest():
    one = planned()
    index, *_ = one.modes.header.unpack(sent(one, None).header)
    assert set(index) == {one.plan["mcs_without_snr"]}
    assert one.choice(Knowledge(None)) == MCS[one.plan["mcs_without_snr"]].name
    assert one.choice(Knowledge(18.0)) == one.choice(Knowledge(20.0)) == MCS[one.plan["mcs"][2]].name


def test_the_header_outlives_the_payload():
    from linksim.link.headercode import header_threshold_db

    one = planned()
    header_db = header_threshold_db(one.modes.header.bits, one.plan["header_uses"])
    for index in one.plan["mcs"]:
        _, payload_db = one.arriving(one.analyse(CALIBRATION), BUDGET[:4], one.modes.of([index], 0))
        assert header_db <= payload_db.min() - 3


def test_choosing_agrees_with_sending_over_awgn():
    """Without fading the choice is a threshold: the MCS chosen arrives at its SNR."""
    one = planned("awgn")
    for snr_db in SNR_DB[1:]:
        _, ok = one.decode(received(sent(one, snr_db), snr_db))
        assert ok.mean() > 0.5, (snr_db, one.plan)


def test_constant_quality_spends_the_same_mean_and_evens_out_quality():
    one = planned(rate="constant_quality", mcs=5)
    burst, link = sent(one, 10.0), one.bench.link
    uses = link.uses(burst.length + burst.header_uses)
    # five small pictures: sizes go by whole coding passes, uses by whole slots
    assert 0.93 * BUDGET.mean() < uses.mean() <= BUDGET.mean()
    even, uneven = qualities(one, 10.0), qualities(planned(mcs=5), 10.0)
    assert np.ptp(even) < min(1.0, np.ptp(uneven))


@pytest.mark.parametrize("mcs", [2, 5, 9])
def test_the_common_quality_is_the_highest_that_the_mean_affords(mcs):
    one = planned(rate="constant_quality")
    quality_db, link = one.plan["quality_db"][mcs], one.bench.link
    cost = []
    for asked in (quality_db, round(quality_db + 0.1, 1)):
        sizes = [len(codestream) for codestream in one.codec.to_quality(TEST, asked)]
        symbols = fewest_symbols(one.transport, sizes, one.most, MCS[mcs])
        cost.append(link.uses(symbols + one.plan["header_uses"]).mean())
    assert cost[0] <= BUDGET.mean() < cost[1]


def test_bounds_cover_the_system():
    one = planned()
    candidates = list(one.bounds(one.analyse(TEST), BUDGET))
    curves = {curve: [c for c in candidates if c.curve == curve] for curve in ("envelope", "capacity bound")}
    assert sum(map(len, curves.values())) == len(candidates)
    assert [c.label for c in curves["envelope"]] == [mcs.name for mcs in MCS]
    by_name = {c.label: c for c in curves["envelope"]}
    images, _ = one.decode(received(sent(one, 10.0), 40))
    np.testing.assert_array_equal(images, by_name[one.choice(Knowledge(10.0))].images)
    thresholds = [c.threshold_db[np.isfinite(c.threshold_db)].max() for c in curves["capacity bound"]]
    assert thresholds == sorted(thresholds)
    for mcs, candidate in zip(MCS, curves["envelope"], strict=True):  # no real code beats capacity
        capacity_db = 10 * np.log10(2 ** (0.9 * mcs.rate * mcs.bits_per_symbol) - 1)
        assert (candidate.threshold_db > capacity_db).all()


def test_without_fading_the_capacity_bound_is_at_capacity():
    one = scheme("awgn", uses=6000)
    one.plan = {"snr_db": SNR_DB.tolist(), "header_uses": 100, "symbols": one.most}
    candidates = [c for c in one.bounds(one.analyse(TEST[:2]), None) if c.curve == "capacity bound"]
    for snr_db, candidate in zip(SNR_DB, candidates, strict=True):
        assert (candidate.threshold_db <= snr_db).all() and candidate.threshold_db == pytest.approx(snr_db, abs=1e-4)


def capacity_curve(**link):
    """The capacity bound of two pictures in 6,000 uses of AWGN, or of what `link` says."""
    bench = Bench(Link(LinkConfig(**{"channel": {"model": "awgn"}} | link)), Likeness(), SIZE)
    one = Jpeg2000Ldpc(Jpeg2000Ldpc.Config(name="jpeg", type="jpeg2000_ldpc", uses=6000, bounds=["capacity"]), bench)
    one.plan = {"snr_db": SNR_DB.tolist(), "header_uses": 100, "symbols": one.most, "mcs": [0, 0, 0]}
    return one, list(one.bounds(one.analyse(TEST[:2]), None))


@pytest.mark.parametrize("link", [{"csi": "ls"}, {"antennas": {"receive": 2}}])
def test_the_capacity_bound_is_at_what_the_receiver_makes_of_the_snr(link):
    one, curve = capacity_curve(**link)
    for snr_db, candidate in zip(SNR_DB, curve, strict=True):
        effective_db = one.bench.link.effective_snr_db(draw(1), snr_db, 6000)
        assert abs(effective_db - snr_db) > 0.1
        assert candidate.threshold_db == pytest.approx(effective_db[0], abs=0.01)


def test_over_fading_the_capacity_bound_goes_as_fast_as_the_mcs_table():
    fading = {"channel": {"model": "rayleigh"}}
    labels = [[c.label for c in capacity_curve(**fading, transport={"mcs_table": table})[1]]
              for table in ("ladder", "table2")]
    assert labels[0][-1] == "5 bit/use" and labels[1] == [*labels[0], "6 bit/use", "7 bit/use", "8 bit/use"]


def test_no_bound_behind_a_detector_better_than_its_effective_snr():
    link = {"channel": {"model": "rayleigh"}, "antennas": {"transmit": 2, "receive": 2}}
    assert capacity_curve(**link)[1] and not capacity_curve(**link, equaliser="kbest")[1]


@pytest.mark.parametrize("keys", [{"uses": 100, "budget_as": "x"}, {"budget_as": None},
                                  {"mcs": -1}, {"failure": "freeze"}, {"rate": "none"}, {"layers": 4}])
def test_bad_configs_are_refused(keys):
    keys = {"name": "jpeg", "type": "jpeg2000_ldpc"} | ({} if "uses" in keys else {"budget_as": "x"}) | keys
    with pytest.raises(ValidationError):
        Jpeg2000Ldpc.Config(**keys)


def test_a_plan_of_something_else_is_refused():
    with pytest.raises(UserError, match="lacks header_uses"):
        scheme().adopt({"mcs": [1]})


def test_encode_returns_rows_of_a_burst_one_by_one_or_together():
    one = planned()
    together = sent(one, 20.0)
    alone = one.encode(one.analyse(TEST)[np.array([3])], BUDGET[3:4], Knowledge(20.0))
    assert isinstance(alone, Burst)
    np.testing.assert_array_equal(alone.symbols, together.symbols[3:4])
    np.testing.assert_array_equal(alone.header, together.header[3:4])
