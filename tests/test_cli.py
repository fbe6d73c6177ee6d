"""The door: teaches, starts light, and says what is wrong in one message."""

import subprocess
import sys

import fakes
import pytest

from linksim import cli
from linksim.experiment import points

LINEAR = ["--set", "schemes=[{name: a, type: linear}]", "--set", "symbols_vs_mu=null"]


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as leaving:
        cli.main(list(map(str, arguments)))
    return leaving.value.code or 0


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list"]])
def test_help_and_list_start_light(arguments):
    program = (f"import sys; from linksim.cli import main\ntry: main({arguments})\nexcept SystemExit: pass\n"
               "named = {'tensorflow', 'keras', 'sionna', 'glymur', 'onnx', 'matplotlib'}\n"
               "heavy = named & set(sys.modules)\n"
               "assert not heavy, heavy")
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_every_command_teaches_by_example(capsys):
    for command in ("run", "import", "train", "report"):
        assert call(command, "--help") == 0
        assert f"linksim {command} " in capsys.readouterr().out


def test_list_names_what_a_scenario_can_say(capsys):
    assert call("list") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("scenes", "fake_echo", "rayleigh", "fake_find", "recipes"))


def test_run_prints_both_tables_and_leaves_figures(tmp_path, capsys):
    scenario = fakes.write(tmp_path / "tiny.yaml")
    assert call("run", scenario, "--out", tmp_path / "out", "--set", "snr_db=[10, 20]") == 0
    said = capsys.readouterr().out
    assert "AP50 with its 95 % interval" in said and "uses per picture by purpose" in said and "Whole" in said
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"table.csv", "table.parquet", "scenario.yaml", "provenance.json", "map_vs_snr.png",
            "map_vs_snr.pdf", "symbols_vs_mu.png", "symbols_vs_mu.pdf", "examples.png"} <= left
    (tmp_path / "out" / "map_vs_snr.png").unlink()
    assert call("report", tmp_path / "out") == 0
    assert (tmp_path / "out" / "map_vs_snr.png").exists()


@pytest.mark.parametrize(("arguments", "part"), [
    (["run", "{tmp}/tiny.yml", "--out", "{tmp}/out"], "tiny.yaml"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", "--set", "seeed=1"], "did you mean 'seed'"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", "--set", "source.count=2"], "source's test split"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", "--set", "pictures=many"], "pictures: input should be a valid"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", "--set", "snr_db={start: 9, stop: 0, step: 1}"],
     "stop must not be below start"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", "--set", "source.count=0"], "no picture"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", *LINEAR, "--set", "schemes.0.weights=linear-scnes"],
     "Did you mean 'linear-scenes'"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", *LINEAR, "--set", "schemes.0.weights=yolov5n-scenes"],
     "are of kind 'yolov5', but 'linear' is needed"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/out", *LINEAR, "--set", "source.size=40"], "multiple of 16"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/tiny.yaml"], "is a file"),
    (["run", "{tmp}/tiny.yaml", "--out", "{tmp}/tiny.yaml/out"], "tiny.yaml is no folder"),
    (["report", "{tmp}/out"], "no run folder"),
    (["import", "yolov9", "{tmp}/tiny.yaml"], "yolov5"),
    (["import", "yolov5", "{tmp}/none.onnx"], "none.onnx"),
    (["train", "yolo", "--out", "{tmp}/w.npz"], "'yolov5'"),
    (["train", "yolov5", "--out", "{tmp}/w.npz", "--set", "sise=1"], "yolov5.sise"),
    (["train", "yolov5", "--out", "{tmp}/w"], ".npz"),
])
def test_bad_input_is_one_message_and_exit_2(tmp_path, capsys, arguments, part):
    fakes.write(tmp_path / "tiny.yaml")
    assert call(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments)) == 2
    out, err = capsys.readouterr()
    assert err.startswith("linksim: ") and part in err and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_ctrl_c_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(points, "measure", stopped)
    scenario = fakes.write(tmp_path / "tiny.yaml")
    assert call("run", scenario, "--out", tmp_path / "out", "--set", "snr_db=[10, 20]", "--fresh") == 130
    said = capsys.readouterr().err
    assert f"linksim run {scenario} --out {tmp_path / 'out'} '--set=snr_db=[10, 20]'" in said
    assert "--fresh" not in said


def test_doctor_reports_versions_and_openjpeg(capsys):
    call("doctor")
    said = capsys.readouterr().out
    assert "OpenJPEG" in said and "tensorflow" in said and "python" in said


def test_a_dry_run_tells_what_there_is_to_do_and_writes_nothing(tmp_path, capsys):
    scenario = fakes.write(tmp_path / "tiny.yaml")
    assert call("run", scenario, "--out", tmp_path / "out", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "3 of 3" in said and "as half" in said and "8 of 8 pictures read" in said and "the plan is made" in said
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_a_dry_run_counts_what_an_earlier_run_has_left(tmp_path, capsys):
    scenario = fakes.write(tmp_path / "tiny.yaml")
    assert call("run", scenario, "--out", tmp_path / "out") == 0
    next((tmp_path / "out" / "rows").glob("half_*.parquet")).unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    capsys.readouterr()
    assert call("run", scenario, "--out", tmp_path / "out", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "1 of 3" in said and said.count("0 of 3") == 2 and "a plan is there" in said
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


@pytest.mark.parametrize(("changes", "part"), [
    ({"source": {"type": "fake_dots", "count": 7}, "pictures": 8, "calibration": {"pictures": 2}}, "pictures: should"),
    ({"source": {"type": "fake_dots", "count": 7}, "calibration": {"pictures": 9}}, "calibration.pictures: should"),
    ({"plan": {"half": {"budget": [1], "choices": {}}}}, "plan: made for other schemes"),
    ({"schemes": [{"name": "a", "type": "linear", "weights": "linear-scnes"}], "symbols_vs_mu": None},
     "Did you mean 'linear-scenes'"),
])
def test_a_dry_run_refuses_what_the_run_would(tmp_path, capsys, changes, part):
    scenario = fakes.write(tmp_path / "tiny.yaml", **changes)
    assert call("run", scenario, "--out", tmp_path / "out", "--dry-run") == 2
    out, err = capsys.readouterr()
    assert err.startswith("linksim: ") and part in err and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]
