"""Two real detectors on photographs, where the folder LINKSIM_DATA holds them: the second one by `--set` alone."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from linksim.experiment import engine
from linksim.scenario import load

DATA = Path(os.environ.get("LINKSIM_DATA", "/nonexistent"))
SCENARIO = Path(__file__).parents[2] / "scenarios" / "voc_rayleigh_slow.yaml"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (DATA / "detectors" / "nanodet_m_320.onnx").exists(),
                                                   reason="LINKSIM_DATA/detectors/nanodet_m_320.onnx is missing")]


def test_nanodet_judges_what_yolov5_judges(tmp_path):
    from linksim.tasks.yolov5.onnx_import import import_yolov5

    detectors = DATA / "detectors"
    weights = import_yolov5(detectors / "yolov5n.onnx", tmp_path / "yolov5n.npz")
    folder = engine.run(load(SCENARIO, [
        f"source.path={DATA / 'VOCdevkit' / 'VOC2012'}", f"task.weights={weights}", "also.nanodet.type=detection",
        "also.nanodet.judge=onnx", f"also.nanodet.weights={detectors / 'nanodet_m_320.onnx'}",
        "also.nanodet.input_size=320", "pictures=12", "calibration.pictures=2", "calibration.realisations=2",
        "snr_db=[0, 30]", "symbols_vs_mu=null", "examples.pictures=[0]", "bootstrap=20",
        "schemes=[{name: linear, type: linear, weights: linear-photos}]"]), tmp_path / "run")
    lines = {(line["scheme"], line["snr_db"]): line for line in pq.read_table(folder / "table.parquet").to_pylist()}
    clean, good, bad = (lines[at] for at in (("no channel", 0), ("linear", 30), ("linear", 0)))
    for key in ("ap50", "nanodet.ap50"):
        assert clean[key] > 0.5 and clean[key] >= good[key] - 0.1 and good[key] > bad[key]
    assert clean["ap50"] != clean["nanodet.ap50"]
    assert all(line["nanodet.ap50_lo"] <= line["nanodet.ap50"] <= line["nanodet.ap50_hi"] for line in lines.values())
