"""In the time domain a point's rows and its line tell the waveform's peak over its mean power."""

import fakes
import pytest
from rich.console import Console

from linksim.experiment.plan import planned
from linksim.experiment.points import measure
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.experiment.table import line
from linksim.scenario import Scenario, check


@pytest.mark.parametrize("domain", ["frequency", "time"])
def test_rows_in_the_time_domain_tell_the_peak_power(domain):
    link = {"channel": {"model": "rayleigh", "fading": "slow"}, "domain": domain}
    setup = Setup(check(Scenario, fakes.scenario(link=link), ""))
    clock = Clock(Console(quiet=True))
    planned(setup, clock)
    rows = measure(setup, "half", 10.0, clock)
    assert all(("papr_db" in row) == (domain == "time") for row in rows)
    if domain == "time":  # 128 subcarriers: 1 - (1 - e^-g)^1792 puts a slot's peak between 7 and 13 dB
        assert all(7 < row["papr_db"] < 13 for row in rows)
        assert line(setup, rows)["papr_db"] == pytest.approx(sum(row["papr_db"] for row in rows) / len(rows))
