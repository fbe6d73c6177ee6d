"""Every scheme on every channel of the catalogue, through the whole house: planned, sent, judged, no NaN."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

from linksim.experiment.plan import planned
from linksim.experiment.points import measure
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.registry import names
from linksim.scenario import Scenario, check

SCENARIO = yaml.safe_load((Path(__file__).parents[2] / "scenarios" / "rayleigh_slow.yaml").read_text())
SMALL = {"pictures": 2, "realisations": 1, "calibration": {"pictures": 2, "realisations": 2}, "snr_db": [12.0],
         "examples": {"pictures": [0]}, "tile": 2, "source": {"type": "scenes", "size": 128},
         "task": {"type": "detection", "weights": "yolov5n-scenes", "input_size": 128}, "symbols_vs_mu": None}
SEPARATE = ("jpeg2000_ldpc", "jpeg2000_roi", "avif_ldpc", "sesc_cnn")
SCHEMES = [{"name": "sesc", "type": "sesc", "weights": "sesc-scenes"},
           {"name": "linear", "type": "linear", "weights": "linear-scenes", "budget_as": "sesc"},
           *({"name": kind, "type": kind, "mcs": 3, "budget_as": "sesc"} for kind in SEPARATE),
           {"name": "boxes", "type": "boxes_ldpc", "budget_as": "sesc"}]
CHANNELS = [name for name in names("channel") if name not in ("cir", "ray-traced") and not name.startswith("fake")]


def configuration(name: str, folder: Path) -> dict:
    """The channel with its defaults; `cir` plays back two impulse responses of its own."""
    if name != "cir":
        return {"model": name}
    gains = np.random.default_rng(1).normal(size=(4, 3, 2)) @ np.array([1, 1j])
    np.savez(folder / "cir.npz", gains=gains.astype(np.complex64), delays=np.tile([0, 2e-7, 5e-7], (4, 1)))
    return {"model": "cir", "path": str(folder / "cir.npz")}


def test_no_scheme_is_left_out():
    assert {scheme["type"] for scheme in SCHEMES} == {n for n in names("scheme") if not n.startswith("fake")}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CHANNELS, "cir"])
def test_every_scheme_on_every_channel(tmp_path, name):
    link = {"channel": configuration(name, tmp_path)}
    setup = Setup(check(Scenario, SCENARIO | SMALL | {"schemes": SCHEMES, "link": link}, ""))
    clock = Clock(Console(quiet=True))
    planned(setup, clock)
    for scheme in setup.schemes:
        rows = measure(setup, scheme, 12.0, clock)
        assert len(rows) == 2
        for row in rows:
            assert np.isfinite([row["psnr_db"], row["gain_db"], row["uses"]]).all(), (scheme, row)
            assert row["uses"] == sum(value for key, value in row.items() if key.startswith("uses_"))
            assert np.isfinite(row["boxes"]).all() and np.isfinite(row["scores"]).all()
