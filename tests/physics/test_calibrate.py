"""A part of `linksim calibrate` in every test run: the cheap checks, whole, at their own level."""

import pytest
from rich.console import Console

from linksim.theory import calibrate
from linksim.theory.check import Effort


@pytest.mark.parametrize(("name", "scale"), [
    ("fading", 0.5), ("capacity", 0.5), ("uncoded", 0.1),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("antennas", 1), ("profiles", 1), ("estimation", 1), ("slow-fading", 1),
        ("ldpc-measured", 0.5), ("ldpc-published", 0.5), ("mcs", 0.5), ("harq", 1)))])
def test_check_holds(name, scale):
    results = calibrate.simulate(calibrate.chosen(name), Effort(scale), Console(quiet=True))
    failed = [calibrate.describe(r) for r in results if not r.passed]
    assert not failed, "\n".join(failed)
