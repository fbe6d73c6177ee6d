"""A scheme that delivers observations is judged by them, and by no picture."""

import fakes
import numpy as np
from rich.console import Console

from linksim.experiment import points, table
from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import Scenario, check


def run(snr_db):
    """Setup, the rows of the point, and how many pictures were judged for it."""
    clock = Clock(Console(quiet=True))
    setup = Setup(check(Scenario, fakes.scenario(
        schemes=[{"name": "boxes", "type": "boxes_ldpc", "uses": 900}], symbols_vs_mu=None,
        link={"channel": {"model": "awgn"}}, snr_db=[snr_db]), ""))
    planned(setup, clock)
    judged = fakes.Find.judged
    rows = points.measure(setup, "boxes", snr_db, clock)
    return setup, rows, fakes.Find.judged - judged


def test_rows_hold_what_was_sent_and_no_picture_was_judged():
    setup, rows, judged = run(20.0)
    assert judged == setup.scenario.pictures  # the transmitter looked at each when it was analysed, nobody afterwards
    assert len(rows) == 12
    for row in rows:
        found = setup.task.observe(setup.images[[row["picture"]]])[0]
        np.testing.assert_allclose(row["boxes"], found["boxes"], atol=0.2)
        assert row["ok"] and 0 < row["uses"] <= 900 and row["psnr_db"] < 20
    line = table.line(setup, rows)
    assert line["ap50"] == 1.0 and line["choice"].startswith("QPSK")
    examples = table.examples(setup)
    np.testing.assert_array_equal(examples["boxes/boxes/0"], rows[0]["boxes"])


def test_nothing_received_is_nothing_found():
    setup, rows, _ = run(-40.0)
    assert all(len(row["boxes"]) == 0 and not row["ok"] for row in rows)
    assert table.line(setup, rows)["ap50"] == 0.0
