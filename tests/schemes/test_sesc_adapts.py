"""SE-SC whose encoder and power are set for each burst's own channel."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tiny_sesc import draw, make, smooth_pictures

from linksim.errors import UserError
from linksim.experiment.plan import planned
from linksim.experiment.points import measure
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import load
from linksim.schemes.base import Knowledge

FIG4 = Path(__file__).parents[2] / "scenarios" / "fig4.yaml"


def test_power_set_for_each_burst_is_what_the_mean_would_be_at_that_snr(weights_file):
    usual, link = make(weights_file)
    told, _ = make(weights_file, survey=False, adapts="realisation")
    told.adopt(usual.plan)
    analysis = usual.analyse(smooth_pictures(2))
    burst = told.encode(analysis, None, Knowledge(10.0, np.array([1.2, 19.8])))
    assert told.follows_channel and not usual.follows_channel and "each burst" in told.declared()
    for row, snr_db in enumerate((1.0, 20.0)):
        alone = usual.encode(analysis, None, Knowledge(snr_db))
        np.testing.assert_allclose(burst.symbols[row], alone.symbols[row], atol=1e-5)
        np.testing.assert_array_equal(burst.header[row], alone.header[row])
    assert np.abs(burst.symbols - usual.encode(analysis, None, Knowledge(10.0)).symbols).max() > 0.01
    reception = link.transmit(burst, 60.0, draw(2))
    assert reception.header_ok.all() and told.decode(reception)[1].all()


def test_who_isnt_told_the_realisation_cant_adapt_to_it():
    ask = ["schemes.0.adapts=realisation"]
    with pytest.raises(UserError, match="knowledge.transmitter grants 'mean_snr'"):
        load(FIG4, ask)
    ask += ["knowledge.transmitter=realisation"]
    assert load(FIG4, ask).schemes[0].adapts == "realisation"
    with pytest.raises(UserError, match="64 points have one power"):
        load(FIG4, [*ask, "schemes.0.constellation=64"])


def test_power_set_for_each_burst_goes_through_the_house():
    """Another scheme's budget is its uses, which don't depend on the fade; what it sends does."""
    few = ["pictures=3", "examples.pictures=[0]", "calibration.pictures=3", "knowledge.transmitter=realisation",
           "task.input_size=128", "source.size=128", "tile=2"]
    rows = {}
    for adapts in ("mean_snr", "realisation"):
        setup, clock = Setup(load(FIG4, [*few, f"schemes.0.adapts={adapts}"])), Clock(Console(quiet=True))
        setup.scenario = planned(setup, clock)
        rows[adapts] = measure(setup, "SE-SC mu 0.2", 15.0, clock)
        assert len(measure(setup, "JPEG2000", 15.0, clock)) == 3
    mean, own = rows["mean_snr"], rows["realisation"]
    assert [row["uses"] for row in mean] == [row["uses"] for row in own]
    assert [row["gain_db"] for row in mean] == [row["gain_db"] for row in own]
    assert [row["psnr_db"] for row in mean] != [row["psnr_db"] for row in own]
