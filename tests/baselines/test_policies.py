"""MCS policies: outage, oracle, the guess before an exact look, and what a scenario refuses."""

import chains
import fakes
import numpy as np
import pytest
from chains import BUDGET, CALIBRATION, SNR_DB, TEST
from pydantic import ValidationError
from scipy.stats import binomtest

from baselines.jpeg2000_ldpc import Jpeg2000Ldpc
from baselines.separate.policies import Chooser
from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.mcs import MCS
from linksim.scenario import Scenario, check
from linksim.schemes.base import Knowledge

DRAWS = 200


def reliability(one, mcs) -> np.ndarray:
    """Outage of an MCS at SNR_DB, from gains and thresholds alone."""
    link = one.bench.link
    gain = link.gain(link.calibration_draws(7, len(CALIBRATION), DRAWS)).reshape(len(CALIBRATION), -1)
    symbols = link.capacity(BUDGET[:4]) - one.plan["header_uses"]
    needed = link.transport.threshold_db(mcs, symbols)
    return np.array([(10 * np.log10(gain) + snr < needed[:, None]).mean() for snr in SNR_DB])


def test_outage_takes_the_fastest_mcs_that_is_reliable_enough():
    one = chains.planned(realisations=DRAWS, mcs="outage", outage=0.15)
    outage = np.array([reliability(one, mcs) for mcs in MCS])
    for s, index in enumerate(one.plan["mcs"]):
        good = np.flatnonzero(outage[:, s] <= 0.15)
        assert index == (good.max() if len(good) else outage[:, s].argmin())
        assert one.plan["expected"][s] == pytest.approx(outage[index, s], abs=0.005)  # chosen with another header
    low, _, high = one.plan["mcs"]
    assert low < high and outage[low, 0] > 0.15 > outage[high, 2]


def test_a_stricter_target_is_never_faster():
    strict, loose = (chains.planned(realisations=DRAWS, mcs="outage", outage=target) for target in (0.05, 0.3))
    assert all(a <= b for a, b in zip(strict.plan["mcs"], loose.plan["mcs"], strict=True))
    assert strict.plan["mcs"] != loose.plan["mcs"]


def test_outage_promised_is_outage_met():
    """Over 150 fades of their own at 20 dB the loss is what Rayleigh fading and the threshold say; two-sided exact
    binomial test, false alarm 1e-3. Headers are lost far below."""
    one = chains.planned(realisations=DRAWS, mcs="outage", outage=0.15)
    pictures = np.tile(np.arange(len(TEST)), 30)
    burst = chains.sent(one, 20.0).rows(pictures)
    reception = one.bench.link.transmit(burst, 20.0, Draw(11, pictures, np.repeat(np.arange(30), len(TEST))))
    _, ok = one.decode(reception)
    needed = one.thresholds(burst.length, one.mode(Knowledge(20.0))[0]).mean()
    expected = 1 - np.exp(-(10 ** ((needed - 20) / 10)))
    assert 0.03 < expected < 0.2
    assert binomtest(int((~ok).sum()), len(ok), expected).pvalue > 1e-3


@pytest.mark.parametrize("rate", ["per_picture", "constant_quality"])
def test_the_oracle_sends_the_fastest_mcs_that_arrives(rate):
    one = chains.planned(mcs="oracle", rate=rate)
    known_db = np.array([-30.0, 1.0, 6.0, 12.0, 30.0])
    burst = one.encode(one.analyse(TEST), BUDGET, Knowledge(10.0, known_db))
    index, *_, symbols = one.modes.header.unpack(burst.header)
    assert index.tolist() == sorted(index) and index[0] == 0 and len(set(index.tolist())) > 3
    for b, known in enumerate(known_db):
        needed = [one.thresholds(one.codestreams(one.analyse(TEST), BUDGET, mode)[1], mode)[b, 0]
                  for mode in one.modes.tried]
        assert index[b] == max([m for m, threshold in enumerate(needed) if threshold <= known], default=0)
    assert (one.bench.link.uses(burst.length + burst.header_uses) <= (BUDGET if rate == "per_picture" else 66000)).all()
    np.testing.assert_array_equal(symbols, burst.length)
    ok = [one.decode(chains.received(burst, known + 1.5))[1][b] for b, known in enumerate(known_db)]
    assert ok == [False, True, True, True, True]
    assert one.choice(Knowledge(10.0)) == "per realisation"


def test_the_oracle_hears_of_each_constellation():
    one = chains.planned(mcs="oracle")
    known = {2: np.full(5, 30.0), 4: np.full(5, -30.0), 6: np.full(5, -30.0), 8: np.full(5, -30.0)}
    burst = one.encode(one.analyse(TEST), BUDGET, Knowledge(10.0, np.full(5, 30.0), known))
    index, *_ = one.modes.header.unpack(burst.header)
    assert {MCS[i].name for i in index} == {"QPSK 3/4"} and burst.bits_per_symbol == 2


def test_the_guess_agrees_with_the_exact_look():
    """For a dozen MCS both are affordable: over the SNRs the guessed best serves within 5 % of the best."""
    one = chains.scheme()
    one.plan = {"header_uses": 200, "symbols": one.most, "quality_db": None}
    chooser = Chooser(one, chains.survey(one, 20))
    exact, _, scores = chooser._best()
    from baselines.separate.mcs_choice import Judge
    from baselines.separate.shortlist import guesses

    judge = Judge(one.bench.task, chooser.survey.truths, chooser.survey.images)
    received = [[chooser._bytes(mode, snr) for snr in SNR_DB] for mode in one.modes.tried]
    guess = guesses(one, chooser.survey, judge, received)
    for s, snr in enumerate(SNR_DB):
        mode = one.modes.tried[int(guess[:, s].argmax())]
        assert chooser._exact(judge, mode, 1.0, [snr])[0] > 0.95 * scores[s], (snr, mode.name, exact[s].name)


@pytest.mark.parametrize("keys", [
    {"layers": [{"share": 0.5, "mcs": 1}, {"share": 0.4, "mcs": 5}]}, {"layers": 2, "mcs": 3}, {"layers": 5},
    {"layers": [{"share": 1, "mcs": 1}]}, {"layers": 2, "rate": "constant_quality"}, {"harq": {"rounds": 0}},
    {"harq": {"rounds": 2}, "layers": 2}, {"harq": {"rounds": 2}, "mcs": "oracle"}, {"outage": 0}, {"outage": 1},
    {"harq": {"rounds": 2}, "rate": "constant_quality"}, {"harq": {"combining": "sum"}}, {"mcs": "best"}])
def test_configs_that_contradict_themselves_are_refused(keys):
    with pytest.raises(ValidationError):
        Jpeg2000Ldpc.Config(name="jpeg", type="jpeg2000_ldpc", budget_as="x", **keys)


def asked(changes=None, **keys) -> dict:
    """A scenario with one conventional scheme."""
    schemes = [{"name": "jpeg", "type": "jpeg2000_ldpc", "uses": 4000} | keys]
    return fakes.scenario(schemes=schemes, symbols_vs_mu=None) | (changes or {})


KBEST = {"link": {"channel": {"model": "rayleigh"}, "equaliser": "kbest"}}


@pytest.mark.parametrize(("scenario", "part"), [
    (asked(mcs="oracle"), "knowledge.transmitter grants 'mean_snr'"),
    (asked({"knowledge": {"transmitter": "none"}}, mcs="oracle"), "grants 'none'"),
    (asked(mcs=12), "mcs: should be 0..11, an index into the link's MCS table 'ladder' .found 12."),
    (asked(layers=[{"share": 0.5, "mcs": 1}, {"share": 0.5, "mcs": 40}]), "layers.1.mcs: should be 0..11"),
    (asked(KBEST, layers=2), "kbest searches one"),
    (asked(KBEST | {"knowledge": {"transmitter": "realisation"}}, mcs="oracle"), "kbest searches one"),
    (asked({"knowledge": {"transmitter": "none"}}, harq={"rounds": 2}), "harq.rounds: .* should be 1 .*found 2."),
    (asked(type="avif_ldpc", failure="prefix"), "failure: prefix needs a codec whose codestreams may be cut"),
    (asked(type="avif_ldpc", layers=2), "layers needs a codec whose codestreams may be cut")])
def test_a_scenario_refuses_what_it_can_not_have(scenario, part):
    with pytest.raises(UserError, match=part):
        check(Scenario, scenario, "")


def test_a_scenario_grants_what_it_says():
    check(Scenario, asked({"knowledge": {"transmitter": "realisation"}}, mcs="oracle"), "")
    link = {"channel": {"model": "rayleigh"}, "transport": {"mcs_table": "table1"}}
    check(Scenario, asked({"link": link}, mcs=28), "")


def test_a_budget_below_the_header_is_named():
    one = chains.scheme(uses=250)
    with pytest.raises(UserError, match="header alone takes .* channel uses"):
        one.make_plan(chains.survey(one))


def test_a_small_budget_is_not_planned_behind_the_longest_header():
    """The longest header takes 680 of 900 uses, and leaves no MCS room for a picture."""
    one = chains.scheme(uses=900)
    plan = one.make_plan(chains.survey(one, 20))
    assert plan["header_uses"] <= 900 / 4 and plan["mcs"][2] > plan["mcs"][0]
    assert plan["expected"][2] > 1.5 * plan["expected"][0]


def test_where_nothing_fits_the_header_is_no_shorter_for_it():
    one = chains.scheme(uses=600, rate="constant_quality", mcs=0)
    plan = one.make_plan(chains.survey(one))
    assert plan["quality_db"][0] is None and plan["header_uses"] == 85


@pytest.mark.parametrize(("keys", "told"), [
    ({"mcs": "best_per_snr"}, "per SNR where the transmitter knows it"), ({"mcs": 3}, "always QPSK"),
    ({"rate": "constant_quality"}, "quality set on the mean size of the test pictures"),
    ({"failure": "prefix"}, "the MCS chosen as for drop")])
def test_policies_in_words(keys, told):
    assert told in chains.scheme(**keys).declared()
