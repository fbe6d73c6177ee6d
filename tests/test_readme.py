"""What the README tells a newcomer to write and type works as it stands there."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from linksim import registry, weights
from linksim.cli import app
from linksim.link.burst import Reception
from linksim.schemes.base import Bench, Knowledge

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def thumbnail(monkeypatch):
    """The README's scheme, registered for one test."""
    registry.names("scheme")
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    cls = registry.lookup("scheme", "thumbnail")
    return cls(cls.Config(name="thumbnail", type="thumbnail", side=16), Bench(link=None, task=None, size=64))


def test_the_readmes_scheme_sends_a_small_copy(thumbnail):
    images = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), np.uint8)
    burst = thumbnail.encode(thumbnail.analyse(images), None, Knowledge())
    assert np.allclose(np.abs(burst.symbols) ** 2, 1, atol=1e-6)
    assert (sum(burst.ledger.values()) == burst.length).all() and burst.length[0] == 16 * 16 * 3 * 2
    noise = np.full(burst.symbols.shape, 1e-3, np.float32)
    received, ok = thumbnail.decode(Reception(burst.symbols, noise, burst.header, np.ones(3, bool)))
    wanted = images.reshape(3, 16, 4, 16, 4, 3).mean((2, 4))
    assert ok.all() and received.shape == images.shape and received.dtype == np.uint8
    assert np.abs(received[:, ::4, ::4] - wanted).max() <= 8


def test_every_command_of_the_readme_exists():
    for name in ("run", "list", "doctor", "report", "train", "import"):
        assert f"linksim {name}" in README
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0, name


def test_every_scenario_of_the_readme_exists():
    named = set(re.findall(r"scenarios/\w+\.yaml", README))
    assert named and all((Path(__file__).parents[1] / path).is_file() for path in named)


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "results/reference/README.md"])
def test_tables_say_what_was_measured(page, maker):
    """Every cell is the committed table.csv's, rounded to the digits that it shows."""
    found = maker.TABLE.findall((ROOT / page).read_text(encoding="utf-8"))
    assert found
    for folder, key, table in found:
        lines, (heading, _, *rows) = maker.read(ROOT / folder), map(maker.cells, table.splitlines())
        for name, *cells in rows:
            assert any(cells), f"{page}: {name}"
            for column, cell in zip(heading[1:], cells, strict=True):
                if column == "uses":
                    uses = maker.mean_uses(lines, name)
                    assert cell == (f"{uses:,.0f}" if uses else ""), (page, name)
                elif cell:
                    exact = float(lines[name, float(column)][key])
                    assert abs(float(cell) - exact) <= 0.5 * 10 ** -len(cell.partition(".")[2]) + 1e-9, (page, name)


def test_a_table_is_made_from_a_runs_own_columns(maker, tmp_path):
    (tmp_path / "table.csv").write_text("scheme,kind,snr_db,ap50,uses\na,scheme,2.5,0.12349,1000\nb,bound,2.5,1.0,\n")
    *_, first, second = maker.markdown(tmp_path, "ap50", None).splitlines()
    assert (first, second) == ("| a | .123 | 1,000 |", "| b | 1.000 |  |")
    with pytest.raises(SystemExit, match="--key ap5: the columns are scheme"):
        maker.markdown(tmp_path, "ap5", None)
    with pytest.raises(SystemExit, match="holds no table.csv"):
        maker.markdown(tmp_path / "nowhere", "ap50", None)


def test_a_pages_cells_are_made_anew_and_its_rows_stay(maker, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "table.csv").write_text("scheme,kind,snr_db,ap50,uses\na,scheme,2.5,0.12349,1000\n"
                                                    "a,scheme,5,0.2,1000\nb,bound,2.5,1.0,\nb,bound,5,1.0,\n")
    page = "text\n<!-- results/. ap50 -->\n| at SNR (dB) | 2.5 | uses |\n|---|---|---|\n{}\n\nmore\n"
    old, new = "| a | .9 | 7 |\n| b |  |  |", "| a | .123 | 1,000 |\n| b |  |  |"
    assert maker.anew(page.format(old), tmp_path) == page.format(new)


def test_what_was_measured_was_measured_with_weights_that_ship():
    """But for the codecs that the ablation of training makes, and what is the user's to bring."""
    shipped = {json.loads((weights.FOLDER / f"{name}.json").read_text())["sha256"] for name in weights.shipped()}
    for file in (ROOT / "results" / "reference").glob("*/provenance.json"):
        if file.parent.name == "ablation_training":
            continue
        used = json.loads(file.read_text())["weights"]
        strange = [key for key, sha256 in used.items() if key.startswith("schemes.") and sha256 not in shipped]
        assert not strange, (file.parent.name, strange)
