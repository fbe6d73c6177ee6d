"""The receiver stands alone: another process, given the resolved scenario, the weights and a file of receptions in any
order, decodes the same pictures."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import fakes
import numpy as np
import pytest
import yaml
from rich.console import Console

from linksim.experiment.plan import planned
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.link.burst import Reception
from linksim.scenario import Scenario, check

SHIPPED = Path(__file__).parents[2] / "scenarios" / "rayleigh_slow.yaml"
SMALL = {"pictures": 3, "realisations": 1, "calibration": {"pictures": 2, "realisations": 2}, "snr_db": [12],
         "examples": {"pictures": [0]}, "tile": 2}
RECEIVER = f"""
import sys
sys.path.insert(0, {str(Path(fakes.__file__).parent)!r})
import fakes
import numpy as np
from linksim.experiment.setup import Setup
from linksim.link.burst import Reception
from linksim.scenario import load
scenario, receptions, images = sys.argv[1:]
on = Setup(load(scenario), pictures=False)
on.adopt(on.scenario.plan)
got = np.load(receptions)
def one(name, i):
    return Reception(**{{key.split("/")[1]: got[key][[i]] for key in got if key.startswith(name + "/")}})
np.savez(images, **{{name: np.concatenate([scheme.decode(one(name, i))[0] for i in range(3)])
                    for name, scheme in on.schemes.items()}})
"""


def one_of_each_type(scenario: dict) -> dict:
    """The scenario with the first scheme of every type alone, on small pictures, the baseline's MCS given."""
    first = {}
    for scheme in scenario["schemes"]:
        first.setdefault(scheme["type"], scheme | ({"mcs": 3} if scheme["type"] == "jpeg2000_ldpc" else {}))
    small = {"source": scenario["source"] | {"size": 128}, "task": scenario["task"] | {"input_size": 128}}
    return scenario | small | {"schemes": list(first.values())}


WHOLE = yaml.safe_load(SHIPPED.read_text())


@pytest.mark.parametrize("asked", [
    pytest.param(fakes.scenario(), id="fakes"),
    pytest.param(one_of_each_type(WHOLE), id="one of each type", marks=pytest.mark.slow),
    pytest.param(WHOLE, id=SHIPPED.stem, marks=pytest.mark.slow)])
def test_another_process_decodes_the_same_pictures(tmp_path, asked):
    on = Setup(check(Scenario, asked | SMALL, ""))
    resolved = planned(on, Clock(Console(quiet=True)))
    (tmp_path / "scenario.yaml").write_text(resolved.dump())
    shuffled, here, arrays = np.array([2, 0, 1]), {}, {}
    for name, scheme in on.schemes.items():
        reception = on.link.transmit(on.burst(name, 12.0).rows(shuffled), 12.0, on.draw(shuffled, shuffled * 0))
        here[name] = scheme.decode(reception)[0]
        arrays |= {f"{name}/{field.name}": value for field in fields(Reception)
                   if isinstance(value := getattr(reception, field.name), np.ndarray)}
    np.savez(tmp_path / "receptions.npz", **arrays)
    files = [tmp_path / name for name in ("scenario.yaml", "receptions.npz", "images.npz")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", RECEIVER, *map(str, files)], check=True, env=environment)
    there = np.load(tmp_path / "images.npz")
    assert set(there) == set(here) and len(here) == len(asked["schemes"])
    for name, images in here.items():
        np.testing.assert_array_equal(there[name], images, err_msg=name)
        assert len(np.unique(images)) > 1, name
