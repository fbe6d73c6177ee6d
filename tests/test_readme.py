"""What the README tells a newcomer to write and type works as it stands there."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from linksim import registry
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


def tables(text: str) -> list[tuple[str, str, list[list[str]]]]:
    """(folder, column, rows of cells, the heading first) of every table behind a comment that says where it is from."""
    found = re.findall(r"<!-- (results/\S+) (\S+) -->\n((?:\|.*\n)+)", text)
    return [(folder, key, [[cell.strip() for cell in line.strip("| \n").split(" | ")] for line in rows.splitlines()])
            for folder, key, rows in found]


@pytest.mark.parametrize("page", ["README.md", "results/reference/README.md"])
def test_tables_say_what_was_measured(page):
    """Every cell is the committed table.csv's, rounded to the digits that it shows."""
    found = tables((ROOT / page).read_text(encoding="utf-8"))
    assert found
    for folder, key, ((_, *heading), _, *rows) in found:
        with (ROOT / folder / "table.csv").open(newline="", encoding="utf-8") as file:
            measured = {(line["scheme"], float(line["snr_db"])): line for line in csv.DictReader(file)}
        at = [float(cell) for cell in heading if re.fullmatch(r"-?\d+", cell)]
        for name, *cells in rows:
            told = [(snr, cell) for snr, cell in zip(at, cells, strict=False) if cell]
            assert told, f"{page}: {name}"
            for snr, cell in told:
                exact = float(measured[name, snr][key])
                assert abs(float(cell) - exact) <= 0.5 * 10 ** -len(cell.partition(".")[2]) + 1e-9, (page, name, snr)
