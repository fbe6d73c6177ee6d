"""The engine with schemes that send again, and with schemes that know the realisation."""

import fakes
import numpy as np
import pytest
from rich.console import Console

from linksim.experiment import points, table
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.link.burst import PURPOSES
from linksim.scenario import Scenario, check

SNR_DB = 8.0


def setup(knowledge="mean_snr", **schemes) -> Setup:
    """Planned; schemes: name -> keys of a conventional scheme."""
    whole = [{"name": name, "type": "jpeg2000_ldpc", "uses": 3000, "mcs": 5} | keys for name, keys in schemes.items()]
    on = Setup(check(Scenario, fakes.scenario(
        source={"type": "fake_dots", "size": 64}, realisations=6, calibration={"pictures": 3, "realisations": 30},
        snr_db=[SNR_DB], knowledge={"transmitter": knowledge}, schemes=whole, symbols_vs_mu=None), ""))
    on.scenario = planned(on, Clock(Console(quiet=True)))
    return on


def measured(on: Setup, name: str) -> list[dict]:
    return points.measure(on, name, SNR_DB, Clock(Console(quiet=True)))


@pytest.fixture(scope="module")
def harq() -> Setup:
    return setup(once={}, again={"harq": {"rounds": 3, "combining": "chase"}})


def test_every_round_is_billed(harq):
    rows = measured(harq, "again")
    assert {row["rounds"] for row in rows} == {1, 2, 3}
    burst = harq.burst("again", SNR_DB)
    once = np.sum(list(harq.link.ledger(burst).values()), axis=0)
    for row in rows:
        assert row["uses"] == row["rounds"] * once[row["picture"]] == sum(row[f"uses_{use}"] for use in PURPOSES)


def test_what_was_received_is_not_sent_again(harq):
    """In 36 fades some need several rounds; exactly those whose first round fails by itself."""
    picture, realisation = points.pairs(harq)
    first = harq.schemes["again"].acknowledge(
        harq.link.transmit(harq.burst("again", SNR_DB).rows(picture), SNR_DB, harq.draw(picture, realisation)))
    rows = measured(harq, "again")
    assert [row["rounds"] == 1 for row in rows] == first.tolist()
    assert all(row["ok"] for row, ok in zip(rows, first, strict=True) if ok)
    lost = {name: np.mean([not row["ok"] for row in measured(harq, name)]) for name in ("once", "again")}
    assert lost["again"] < lost["once"]


def test_rounds_meet_channels_of_their_own(harq):
    draws = [harq.draw(np.arange(6), np.zeros(6))] * 2
    gains = [harq.link.gain(points.replace(draw, attempt=attempt)) for attempt, draw in enumerate(draws)]
    assert (np.abs(gains[0] - gains[1]) > 1e-3).all()


def test_a_line_says_how_many_rounds(harq):
    again, once = (table.line(harq, measured(harq, name)) for name in ("again", "once"))
    assert 1 < again["rounds"] < 3 and "rounds" not in once
    assert again["uses"] == pytest.approx(again["rounds"] * harq.link.uses(
        harq.burst("again", SNR_DB).length + harq.burst("again", SNR_DB).header_uses).mean(), rel=0.2)


def test_rows_do_not_depend_on_what_is_in_flight(harq, monkeypatch):
    whole = measured(harq, "again")
    monkeypatch.setattr(points, "ROWS", 5)
    for row, other in zip(whole, measured(harq, "again"), strict=True):
        assert {k: v for k, v in row.items() if np.ndim(v) == 0} == {k: v for k, v in other.items() if np.ndim(v) == 0}


def test_an_oracle_encodes_for_every_realisation():
    on = setup("realisation", oracle={"mcs": "oracle"}, fixed={"mcs": 2})
    draw = on.draw(np.array([0, 0, 0, 0]), np.arange(4))
    burst = on.sent("oracle", SNR_DB, draw)
    index, *_ = on.schemes["oracle"].modes.header.unpack(burst.header)
    gain = on.link.gain(draw)
    assert np.array_equal(np.argsort(gain, kind="stable"), np.lexsort((gain, index))) and len(set(index)) > 1
    lost = {name: np.mean([not row["ok"] for row in measured(on, name)]) for name in on.schemes}
    assert lost["oracle"] <= lost["fixed"]
    assert table.line(on, measured(on, "oracle"))["choice"] == "per realisation"
    assert set(table.examples(on)) >= {"received/oracle", "received/fixed"}


def test_declared_policies_and_link_are_recorded(harq):
    assert "HARQ, chase, up to 3 rounds" in harq.schemes["again"].declared()
    assert harq.schemes["once"].declared() == "always 16-QAM 1/2"
    assert harq.link.declared()
