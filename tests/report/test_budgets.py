"""AP50 over channel uses: every number of the table at its place."""

import numpy as np
import pytest
import yaml

from linksim.report import budgets, draw, style
from linksim.report.store import Run

SERIES = {"SE-SC": "ours @ 5,000", "full": "ours @ 7,000", "linear": "linear"}


@pytest.fixture
def run(make_run):
    """Two schemes of one series and one outside of any, at two SNRs."""
    folder = make_run(schemes=3, snrs=(0, 10), mu=False, examples=False)
    run = Run.read(folder)
    for line in run.table:
        line["scheme"] = SERIES.get(line["scheme"], line["scheme"])
    run.scenario["schemes"] = [{"name": name, "type": "any"} | ({"series": "ours"} if "@" in name else {})
                               for name in SERIES.values()]
    run.table.append({"scheme": "ours @ 7,000: envelope", "kind": "bound", "snr_db": 10.0, "rows": 128, "ap50": 0.77})
    return run


def test_a_series_is_one_curve_over_what_its_schemes_spent(run):
    found = budgets.curves(run)
    bounds = ["ours: envelope", "no channel", *(name for name in run.bounds if name.startswith("JPEG2000"))]
    assert set(found) == {("ours", "scheme"), ("linear", "scheme"), *((name, "bound") for name in bounds)}
    wanted = [[p["uses"], p["ap50"], p["ap50_lo"], p["ap50_hi"]] for name in ("ours @ 5,000", "ours @ 7,000")
              for p in run.points(name) if p["snr_db"] == 10]
    np.testing.assert_allclose(found["ours", "scheme"][10.0], sorted(wanted))
    assert found["ours: envelope", "bound"][10.0] == [(6900.0, 0.77, 0.77, 0.77)]  # where its scheme stands


def test_every_snr_has_a_panel_with_the_tables_numbers(run):
    figure = budgets.figure(run)
    panels = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert set(panels) == {"0 dB", "10 dB"}
    for snr in (0, 10):
        drawn = [line.get_ydata() for line in panels[f"{snr} dB"].lines]
        wanted = [p["ap50"] for p in (run.points("ours @ 5,000") + run.points("ours @ 7,000")) if p["snr_db"] == snr]
        assert any(np.array_equal(y, wanted) for y in drawn)
    looks = style.looks(run)
    assert looks["ours @ 5,000"] == looks["ours @ 7,000"] == looks["ours"] != looks["linear"]


def test_a_run_of_series_gets_this_figure_and_not_the_curves_over_snr(run):
    (run.folder / "scenario.yaml").write_text(yaml.safe_dump(run.scenario))
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(run.table), run.folder / "table.parquet")
    names = {path.name for path in draw(run.folder)}
    assert {"map_vs_uses.png", "map_vs_uses.pdf"} <= names and "map_vs_snr.png" not in names
