"""SE-SC keeps to its budget, in channel uses or slots, and says what it can't keep to."""

import numpy as np
import pytest
from tiny_sesc import budgeted, draw, make, smooth_pictures

from linksim.errors import UserError
from linksim.schemes.base import Knowledge, Survey


@pytest.mark.parametrize("keys", [{"mu": "auto", "uses": "auto"}, {"mu": "auto", "uses": 24},
                                  {"mu": 0.3, "uses": "auto"}, {"mu": 0.0, "uses": 64},
                                  {"mu": "auto", "uses": "auto", "context": 2}])
def test_bursts_keep_to_the_budget(weights_file, keys):
    scheme, link, analysis = budgeted(weights_file, 1400, **keys)
    for snr_db in (0.0, 10.0, None):
        burst = scheme.encode(analysis, None, Knowledge(snr_db))
        spent = np.sum(list(link.ledger(burst).values()), axis=0)
        assert (spent <= 1400).all() and (burst.length > 0).all()
        for symbols, length in zip(burst.symbols, burst.length, strict=True):
            assert np.mean(np.abs(symbols[:length]) ** 2) == pytest.approx(1, abs=1e-4)
    if keys["uses"] == "auto":  # what is left wouldn't raise every feature by a step of the ladder
        assert spent.mean() > 0.75 * 1400


@pytest.mark.parametrize("slots", [1, 2])
def test_a_latency_in_slots_is_kept_to_and_used(weights_file, slots):
    scheme, link, analysis = budgeted(weights_file, None, slots=slots, mu="auto", uses="auto")
    spent = np.sum(list(link.ledger(scheme.encode(analysis, None, Knowledge(10.0))).values()), axis=0)
    one = link.grid.data_per_slot + link.grid.pilots_per_slot
    assert scheme.budgeted == slots * one and (spent <= slots * one).all()
    assert (spent > (slots - 1) * one).all(), "a whole slot is left"


def test_more_budget_gives_a_better_picture(weights_file):
    errors = []
    for budget in (700, 1000, 1900):
        scheme, link, analysis = budgeted(weights_file, budget, mu="auto", uses="auto", context=2)
        reception = link.transmit(scheme.encode(analysis, None, Knowledge(20.0)), 60.0, draw(6))
        assert reception.header_ok.all()
        errors.append(np.mean((scheme.decode(reception)[0].astype(float) - analysis.images) ** 2))
    assert errors[0] > errors[1] > errors[2]


def test_a_budget_too_small_is_refused(weights_file):
    with pytest.raises(UserError, match="budget"):
        budgeted(weights_file, 150, mu="auto", uses=64)


def test_no_picture_tested_overspends_where_calibration_pictures_had_more(weights_file):
    """The header chosen for 3,000 uses a picture wouldn't leave room for a feature in 450."""
    scheme, link = make(weights_file, survey=False, mu="auto", uses="auto", budget_as="another")
    images = smooth_pictures(6)
    analysis, rich = scheme.analyse(images), np.full(6, 3000)

    def plan(tested):
        scheme.adopt(scheme.make_plan(Survey(np.array([0.0]), 1, 4, images, [], analysis, analysis, rich, tested)))
        return scheme.plan["header_uses"]

    poor = np.array([450, 3000, 3000, 3000, 3000, 3000])
    assert plan(poor) < plan(rich)
    plan(poor)
    spent = np.sum(list(link.ledger(scheme.encode(analysis, poor, Knowledge(0.0))).values()), axis=0)
    assert (spent <= poor).all()
    with pytest.raises(UserError, match="smallest budget has room for"):
        plan(np.array([200, 3000, 3000, 3000, 3000, 3000]))


@pytest.mark.parametrize("keys, says", [({"mu": "auto"}, "budget"), ({"uses": "auto"}, "budget"),
                                        ({"budget": 500, "slots": 2}, "only one"),
                                        ({"uses": 2, "context": 3}, "context")])
def test_a_policy_that_makes_no_sense_is_refused(weights_file, keys, says):
    with pytest.raises(ValueError, match=says):
        make(weights_file, survey=False, **keys)
