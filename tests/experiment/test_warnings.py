"""A run with weights of other data says so."""

import pytest

from linksim.experiment.provenance import warnings
from linksim.scenario import load

SCENARIO = """
name: w
seed: 1
source: {type: %s}
pictures: 4
calibration: {pictures: 4, realisations: 1}
task: {type: detection, weights: yolov5n-scenes, input_size: 256}
link: {channel: {model: awgn}}
snr_db: [10]
knowledge: {transmitter: mean_snr, receiver: perfect}
schemes:
  - {name: floor, type: linear, weights: linear-scenes}
"""


@pytest.mark.parametrize("source, count", [("scenes, size: 256", 0), ("folder, path: pictures", 1)])
def test_other_data_is_named(tmp_path, source, count):
    path = tmp_path / "w.yaml"
    path.write_text(SCENARIO % source)
    found = warnings(load(path, []))
    assert len(found) == count
    assert all("floor" in text and "scenes" in text and "folder" in text for text in found)


def test_what_the_frequency_domain_leaves_out_is_named(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text(SCENARIO % "scenes, size: 256")
    fast = ["link.channel.model=tdl-a", "link.channel.delay_spread=2.0e-6", "link.channel.speed=500"]
    found = " ".join(warnings(load(path, fast)))
    assert "cyclic prefix" in found and "subcarrier spacing" in found and "domain: time" in found
    assert not warnings(load(path, [*fast, "link.domain=time"]))
