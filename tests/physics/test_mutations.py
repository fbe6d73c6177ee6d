"""Wrong on purpose: each deliberate mistake fails the check it should, and without one nothing fails.

Judged at Holm's family-wise 1 % over the check's sentinels, on the three seeds of `linksim calibrate`.
"""

import pytest

from linksim.theory import mutations
from linksim.theory.calibrate import chosen

QUICK = {"channel normalised per example", "3 dB less noise", "min-sum under the name of boxplus-phi",
         "N0 for the effective noise variance"}


@pytest.mark.parametrize("mistake", [
    pytest.param(m, id=m.name, marks=() if m.name in QUICK else pytest.mark.slow) for m in mutations.MISTAKES])
def test_mistake_is_caught(mistake):
    caught = mutations.judge(mistake, chosen(mistake.surest))
    assert caught.caught, f"{mistake.name} isn't caught by {mistake.surest}"


@pytest.mark.parametrize("check", [
    pytest.param(name, marks=() if name == "uncoded" else pytest.mark.slow)
    for name in dict.fromkeys(m.surest for m in mutations.MISTAKES)])
def test_nothing_fails_without_a_mistake(check):
    assert mutations.judge(None, chosen(check)).caught
