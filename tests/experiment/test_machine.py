"""The tile follows from the machine, once: a run that goes on keeps the one that it began with."""

import pytest
import runs

from linksim.errors import UserError
from linksim.experiment import engine, machine
from linksim.experiment.rehearsal import rehearse
from linksim.scenario import load

GB = 10**9


@pytest.mark.parametrize("size, free, device, tile", [
    (256, 64 * GB, "CPU", 16), (256, 64 * GB, "GPU", 64), (256, GB // 4, "CPU", 4), (640, GB, "CPU", 4),
    (4096, GB, "CPU", 1), (256, 0, "GPU", 1)])
def test_tile(size, free, device, tile):
    assert machine.tile(size, free, device) == tile


def asked(folder, **changes):
    return load(runs.asked(folder, **changes))


def test_the_largest_input_counts(monkeypatch, tmp_path):
    sizes = []
    monkeypatch.setattr(machine, "tile", lambda size: sizes.append(size) or 8)
    scenario = machine.sized(asked(tmp_path / "run", tile="auto"))
    assert scenario.tile == 8 and sizes == [scenario.source.size]
    assert machine.sized(asked(tmp_path / "run", tile=3)).tile == 3


def test_a_run_goes_on_with_its_tile(monkeypatch, tmp_path):
    folder = tmp_path / "run"
    monkeypatch.setattr(machine, "tile", lambda size: 2)
    engine.run(asked(folder, tile="auto"), folder)
    assert load(folder / "scenario.yaml").tile == 2
    table = runs.table_of(folder)
    monkeypatch.setattr(machine, "tile", lambda size: 4)  # another machine
    engine.run(asked(folder, tile="auto"), folder)
    assert load(folder / "scenario.yaml").tile == 2 and runs.table_of(folder) == table
    rehearse(asked(folder, tile="auto"), folder)  # nor does a dry run take it for another scenario
    engine.run(asked(folder, tile="auto"), folder, fresh=True)
    assert load(folder / "scenario.yaml").tile == 4


@pytest.mark.parametrize("damage, said", [
    ("tile: [", "damaged"), ("[]", "damaged"), ("tile: many", "another scenario"), ("tile: -1", "another scenario")])
def test_a_damaged_folder_is_named_by_its_store(tmp_path, damage, said):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "scenario.yaml").write_text(damage)
    with pytest.raises(UserError, match=said):
        engine.run(asked(folder, tile="auto"), folder)


def test_tile_is_a_number_or_auto(tmp_path):
    with pytest.raises(UserError, match="tile"):
        asked(tmp_path / "run", tile="some")
