"""What every registered scheme must keep to, learned or conventional, yours too (schemes/base.py).

A scheme is tested with the first of its settings that a shipped scenario holds, or with its defaults. Its
budget is what the echo of `fakes` spends.
"""

import dataclasses
from functools import cache
from pathlib import Path

import fakes
import numpy as np
import pytest
import yaml
from rich.console import Console

from linksim import registry
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.link.burst import PURPOSES
from linksim.scenario import Scenario, check
from linksim.schemes.base import lost_picture, rows_of

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
PICTURES, SNR_DB = 4, 12.0

pytestmark = pytest.mark.parametrize("kind", registry.names("scheme"))


@cache
def bench(kind: str) -> Setup:
    """The scheme, planned, beside the echo that sets its budget."""
    shipped = [yaml.safe_load(path.read_text()) for path in SCENARIOS]
    scenes = next(scenario for scenario in shipped if scenario["source"]["type"] == "scenes")
    base = fakes.scenario() if kind.startswith("fake_") else scenes
    settings = next((s for scenario in shipped for s in scenario["schemes"] if s["type"] == kind), {"type": kind})
    settings = settings | {"name": "tested"} | ({"budget_as": "payer"} if settings.get("budget_as") else {})
    small = {"pictures": PICTURES, "realisations": 1, "calibration": {"pictures": 3, "realisations": 2},
             "snr_db": [SNR_DB], "schemes": [{"name": "payer", "type": "fake_echo"}, settings],
             "symbols_vs_mu": None, "examples": {"pictures": [0]}}
    on = Setup(check(Scenario, base | small, ""))
    planned(on, Clock(Console(quiet=True)))
    return on


def burst_of(kind):
    return bench(kind).burst("tested", SNR_DB)


def reception_of(kind, snr_db=SNR_DB):
    on = bench(kind)
    return on.link.transmit(burst_of(kind), snr_db, on.draw(np.arange(PICTURES), np.zeros(PICTURES)))


def test_a_burst_has_the_shapes_it_says(kind):
    burst = burst_of(kind)
    assert burst.symbols.dtype == np.complex64 and burst.symbols.shape[0] == PICTURES
    assert burst.length.shape == (PICTURES,) and np.issubdtype(burst.length.dtype, np.integer)
    assert (burst.length >= 0).all() and (burst.length <= burst.symbols.shape[1]).all()
    assert burst.header.dtype == np.uint8 and burst.header.shape[0] == PICTURES
    assert set(np.unique(burst.header)) <= {0, 1}
    assert (burst.header.shape[1] == 0) == (burst.header_uses == 0)


def test_power_is_one_over_what_is_sent_and_nothing_is_sent_beyond(kind):
    burst = burst_of(kind)
    for row, length in zip(burst.symbols, burst.length, strict=True):
        assert length == 0 or np.mean(np.abs(row[:length]) ** 2) == pytest.approx(1, abs=0.05)
        assert not row[length:].any()


def test_the_ledger_sums_to_the_length_and_with_the_header_to_the_uses(kind):
    burst, link = burst_of(kind), bench(kind).link
    assert set(burst.ledger) <= set(PURPOSES)
    np.testing.assert_array_equal(np.sum(list(burst.ledger.values()), axis=0), burst.length)
    total = np.sum(list(link.ledger(burst).values()), axis=0)
    np.testing.assert_array_equal(total, link.uses(burst.header_uses + burst.length))
    budget = bench(kind).budgets["tested"]
    assert budget is None or (total <= budget).all()


def test_an_analysis_has_rows_that_encode_alone(kind):
    on = bench(kind)
    scheme, budget, analysis = on.schemes["tested"], on.budgets["tested"], on.analysis("tested")
    assert len(analysis) == PICTURES
    some = np.array([2, 0])
    alone = scheme.encode(analysis[some], None if budget is None else budget[some], on.knowledge(SNR_DB))
    together = burst_of(kind).rows(some)
    for field in ("length", "header", "header_uses"):
        np.testing.assert_array_equal(getattr(alone, field), getattr(together, field))
    width = alone.length.max()  # a burst is as wide as its longest row, or wider
    np.testing.assert_array_equal(alone.symbols[:, :width], together.symbols[:, :width])


def test_decode_gives_pictures_and_verdicts(kind):
    images, ok = bench(kind).schemes["tested"].decode(reception_of(kind))
    assert images.dtype == np.uint8 and images.shape == bench(kind).images.shape
    assert ok.dtype == bool and ok.shape == (PICTURES,)


def test_decode_gives_the_same_pictures_one_by_one_and_in_any_order(kind):
    scheme, reception = bench(kind).schemes["tested"], reception_of(kind)
    images, ok = scheme.decode(reception)
    for i in (3, 0, 2, 1):
        image, verdict = scheme.decode(rows_of(reception, np.array([i])))
        np.testing.assert_array_equal(image[0], images[i])
        assert verdict[0] == ok[i]


def test_a_header_that_fails_its_crc_is_a_lost_picture(kind):
    scheme, reception = bench(kind).schemes["tested"], reception_of(kind, snr_db=40)
    lost = np.array([True, False, True, False])
    images, ok = scheme.decode(dataclasses.replace(reception, header_ok=reception.header_ok & ~lost))
    if reception.header.shape[1]:
        assert not ok[lost].any() and (images[lost] == lost_picture(images.shape[1])).all()
    assert (images[~lost] != lost_picture(images.shape[1])).any()


def test_a_header_damaged_past_its_crc_or_a_drowned_payload_raises_nothing(kind):
    scheme, reception = bench(kind).schemes["tested"], reception_of(kind, snr_db=-30)
    for seed in range(3):
        header = np.random.default_rng(seed).integers(0, 2, reception.header.shape).astype(np.uint8)
        passed = np.ones(PICTURES, bool)
        images, ok = scheme.decode(dataclasses.replace(reception, header=header, header_ok=passed))
        assert images.shape == bench(kind).images.shape and ok.shape == (PICTURES,)
