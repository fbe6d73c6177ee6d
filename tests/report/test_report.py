"""The report against synthetic runs: what it writes, what it says, what it refuses."""

import csv
import io
import json
import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image
from rich.console import Console

from linksim.errors import UserError
from linksim.report import caption, compare, draw, examples, mu, snr, style, uses
from linksim.report.examples import iou, matched
from linksim.report.store import Run
from linksim.report.table import print_table

ALL = ["map_vs_snr.png", "map_vs_snr.pdf", "uses_by_purpose.png", "uses_by_purpose.pdf", "symbols_vs_mu.png",
       "symbols_vs_mu.pdf", "examples.png", "report.html"]


def printed(folder, width=100) -> str:
    out = io.StringIO()
    print_table(folder, Console(width=width, file=out))
    return out.getvalue()


def said(figure) -> str:
    """All text of a figure, lines joined."""
    texts = [text.get_text() for text in figure.texts + [t for ax in figure.axes for t in ax.texts]]
    return " ".join(" ".join(texts).split())


def test_everything_is_written_and_nothing_half(drawn):
    folder, before, written = drawn
    assert [path.name for path in written] == ALL
    assert {path.name for path in folder.iterdir()} == before | set(ALL)
    for name in ALL:
        if name.endswith("png"):
            picture = np.asarray(Image.open(folder / name).convert("L"))
            assert picture.std() > 10, f"{name} is empty"


def test_a_run_without_mu_and_examples_is_drawn_without_them_and_always_to_the_same_bytes(make_run):
    folder = make_run(schemes=1, mu=False, examples=False)
    first = {path.name: path.read_bytes() for path in draw(folder)}
    assert set(first) == set(ALL) - {"symbols_vs_mu.png", "symbols_vs_mu.pdf", "examples.png"}
    assert first == {path.name: path.read_bytes() for path in draw(folder)}


def test_one_snr_is_drawn_as_a_line_per_scheme(make_run):
    run = Run.read(make_run(schemes=2, snrs=(10,)))
    figure = snr.figure(run)
    expected = f"{run.points('SE-SC')[0]['ap50']:.3f}".removeprefix("0")
    assert "AP50 at 10 dB" in said(figure) and expected in said(figure)


def test_curves_and_bands_hold_the_tables_numbers(make_run):
    run = Run.read(make_run(schemes=2))
    axes = snr.figure(run).axes[0]
    drawn = [line.get_ydata() for line in axes.lines]
    for name, kind in [(n, "scheme") for n in run.schemes] + [(n, "bound") for n in run.bounds]:
        wanted = [point["ap50"] for point in run.points(name, kind)]
        assert any(np.array_equal(y, wanted) for y in drawn), name
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    for point in run.points("SE-SC"):
        assert np.isclose(band, point["ap50_lo"]).any() and np.isclose(band, point["ap50_hi"]).any()


def test_the_figure_says_what_it_is(make_run):
    words = said(snr.figure(Run.read(make_run(schemes=5))))
    for part in ("128 test pictures of scenes", "yolov5n-scenes", "COCO", "slow Rayleigh", "perfect CSI",
                 "transmitter knows the mean SNR", "same uses as “SE-SC”", "same mean uses", "MCS per SNR",
                 "48 calibration pictures", "failure policy drop", "500 resamples", "not systems"):
        assert part in words, part


def test_the_caption_names_the_list_of_photographs_and_a_missing_interval(make_run):
    run = Run.read(make_run(schemes=1))
    run.scenario["source"] = {"type": "voc", "size": 256, "imagesets": {"train": "train", "test": "dog_test"}}
    assert "test pictures of voc, list dog_test (256" in caption.data(run)
    run.scenario["bootstrap"] = 0
    assert caption.interval(run).startswith("no interval")


def test_the_caption_says_what_each_side_knows_and_what_was_chosen(make_run):
    run = Run.read(make_run(schemes=4))
    jpeg, knows = run.scenario["schemes"][3], run.scenario["knowledge"]
    assert "“linear” and “JPEG2000 + LDPC, each picture”: picture by picture the same uses" in caption.budget(run)
    jpeg["harq"] = {"rounds": 2}
    assert "“JPEG2000 + LDPC, each picture”: in expectation the same uses" in caption.budget(run)
    assert "header rates and MCS per SNR chosen on" in caption.policies(run)
    knows["transmitter"] = "none"
    assert "header rates and one MCS for all SNRs chosen on" in caption.policies(run)
    knows["transmitter"] = "realisation"
    assert "the oracle's transmitter knows each realisation, the others' the mean SNR" in caption.air(run)
    for fixed in ({"mcs": 3}, {"mcs": "oracle"}, {"layers": [{"share": 1, "mcs": 1}]}):
        run.scenario["schemes"][3] = jpeg | fixed
        assert "; header rates chosen on" in f"; {caption.policies(run)}"


def test_an_amplifier_that_clips_at_its_mean_power_is_named(make_run):
    run = Run.read(make_run(schemes=1))
    run.scenario["link"]["impairments"] = {"cfo_hz": 0.0, "clipping_db": 0.0, "adc_bits": None}
    assert "clipping_db 0" in caption.air(run) and "cfo_hz" not in caption.air(run)
    run.scenario["link"]["impairments"]["clipping_db"] = None
    assert "clipping_db" not in caption.air(run)


def test_warnings_stand_on_every_figure_on_the_page_and_in_the_terminal(drawn):
    folder, _, _ = drawn
    run, warning = Run.read(folder), "trained on <voc> & not on [scenes]"
    for module in (snr, uses, mu, examples):
        assert f"Warning: {warning}" in said(module.figure(run))
    assert "trained on &lt;voc&gt; &amp; not on [scenes]" in (folder / "report.html").read_text()
    assert warning in " ".join(printed(folder).split())


def test_a_scheme_looks_the_same_over_all_figures_and_no_two_alike(make_run):
    run = Run.read(make_run(schemes=7))
    looks = style.looks(run)
    assert len({(looks[n].color, looks[n].marker) for n in run.schemes}) == 7
    owner = "JPEG2000 + LDPC, each picture"
    assert looks[f"{owner}: envelope"].color == looks[owner].color
    assert looks["no channel"].color not in {looks[n].color for n in run.schemes}


def test_labels_keep_apart_stay_inside_and_keep_their_order():
    wanted, heights = np.array([1.0, 1.01, 0.99, 3.0, 0.0]), np.array([0.2, 0.4, 0.2, 0.2, 0.2])
    placed = style.spread(wanted, heights, 0.0, 3.0)
    order = np.argsort(wanted)
    assert (np.argsort(placed) == order).all()
    gaps = np.diff(placed[order]) - (heights[order][1:] + heights[order][:-1]) / 2
    assert (gaps > -1e-9).all()
    assert (placed - heights / 2 >= -1e-9).all() and (placed + heights / 2 <= 3.0 + 1e-9).all()
    assert np.allclose(style.spread(np.array([2.0, 1.0]), np.array([0.1, 0.1]), 0, 3), [2, 1])


def test_uses_are_shown_once_or_at_three_points(make_run):
    run = Run.read(make_run(schemes=4))
    assert [p["snr_db"] for p in uses.shown(run, "SE-SC")] == [0]
    assert [p["snr_db"] for p in uses.shown(run, "JPEG2000 + LDPC, each picture")] == [0, 10, 20]
    bars = uses.figure(run).axes[0].patches
    assert np.isclose(sum(bar.get_width() for bar in bars), 5200 + 6900 + 5200 + 3 * 5200)


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminals_table_has_every_number_once(make_run, width):
    folder = make_run()
    text, run = printed(folder, width), Run.read(folder)
    assert max(map(len, text.splitlines())) <= width
    for name in ("SE-SC", "full"):
        found = [cell for line in re.findall(rf"^{name} +(\..*)$", text, re.M) for cell in line.split()]
        assert found == [f"{point['ap50']:.3f}".removeprefix("0") for point in run.points(name)]
    assert f"{run.points('SE-SC')[0]['uses_payload']:,.0f}" in text and "5,200" in text
    assert ".50-.57" in text and "0-33 %" in text


def test_the_page_holds_its_figures_and_the_command(drawn):
    page = (drawn[0] / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4 and "src='http" not in page
    assert "linksim run scenarios/rayleigh_slow.yaml" in page and "QPSK 1/3" in page


def test_hits_are_of_the_class_on_the_place_and_counted_once():
    real = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], float)
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10], [21, 0, 31, 10]], float)
    assert matched(boxes, ["cat", "cat", "cat", "dog"], real, ["cat", "dog"]) == [True, False, False, True]
    assert iou(np.array([0, 0, 2, 1.0]), np.array([1, 0, 3, 1.0])) == pytest.approx(1 / 3)
    assert iou(np.array([0, 0, 1, 1.0]), np.array([5, 5, 6, 6.0])) == 0


def test_paths_of_a_machine_stay_out_of_captions(make_run):
    folder = make_run()
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(text.replace("yolov5n-scenes", "/home/me/weights/official.npz"))
    words = caption.data(Run.read(folder))
    assert "judge official.npz" in words and "/home" not in words


@pytest.mark.parametrize("name", ["scenario.yaml", "provenance.json", "table.parquet"])
def test_a_missing_or_damaged_file_is_named(make_run, name):
    folder = make_run(examples=False)
    (folder / name).write_bytes(b"{ \xff no")
    with pytest.raises(UserError, match=name):
        draw(folder)
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        draw(folder)
    assert not list(folder.glob("*.png"))


def test_no_folder_and_no_pickle(make_run, tmp_path):
    with pytest.raises(UserError, match="no run folder at"):
        draw(tmp_path / "nothing")
    folder = make_run()
    np.savez(folder / "examples.npz", sent=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError, match="examples.npz"):
        draw(folder)


def test_the_command_falls_back_to_the_resolved_scenario(make_run):
    folder = make_run()
    (folder / "provenance.json").write_text(json.dumps({}))
    assert caption.command(Run.read(folder)) == "linksim run run/scenario.yaml"


def test_runs_on_several_channels_stand_beside_each_other(make_run, tmp_path):
    second = tmp_path / "other"
    shutil.copytree(make_run(schemes=2), second)
    first = make_run()
    scenario = yaml.safe_load((second / "scenario.yaml").read_text())
    scenario["link"]["channel"] = {"model": "tdl-a", "delay_spread": 1e-7, "speed": 30.0, "carrier": 3.5e9}
    (second / "scenario.yaml").write_text(yaml.safe_dump(scenario))
    written = compare.draw([first, second], tmp_path / "both")
    assert {path.name for path in written} == {"compare.png", "compare.pdf", "compare.csv"}
    with open(tmp_path / "both" / "compare.csv") as file:
        lines = list(csv.DictReader(file))
    assert {line["scheme"] for line in lines} == {"SE-SC", "full"}  # what both have
    assert {line["channel"] for line in lines} == {"slow Rayleigh fading", "TDL-A, 100 ns, 30 km/h"}
    table = {(p["scheme"], p["snr_db"]): p["ap50"] for p in Run.read(second).table}
    assert all(float(line["ap50"]) == table[line["scheme"], float(line["snr_db"])] for line in lines
               if line["run"] == "other")
    scenario["bootstrap"] = 0
    (second / "scenario.yaml").write_text(yaml.safe_dump(scenario))
    (second / "provenance.json").write_text(json.dumps({"warnings": ["short"], "policies": {"full": "told"}}))
    words = said(compare.figure([Run.read(first), Run.read(second)], ["SE-SC", "full"]))
    for part in ("Warning: short", "“full”: told", "500 resamples; no interval was asked for"):  # of either run
        assert part in words, part
    with pytest.raises(UserError, match="two run folders"):
        compare.draw([first], tmp_path / "both")
