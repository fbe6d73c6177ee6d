"""`linksim train` says what there is to choose, refuses what can't be, and never loses a training by mistake."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from linksim.errors import UserError
from linksim.training import options, recipes

NEEDED = ["sources=[{type: scenes}]", "detector=yolov5n-scenes", "input_size=256"]


@pytest.fixture
def recipe(monkeypatch):
    """A recipe `sesc` that writes down how it was called; `.fail` is raised at its end, after a checkpoint."""
    class Recipe:
        calls, fail = [], None

    def train(out: Path, minutes: float, sources: list[dict], detector: str, input_size: int, uses: int = 192,
              rate: float = 1e-3, aims: tuple[str, ...] = ("detection",)):
        """uses: of a feature."""
        Recipe.calls.append({"minutes": minutes, "uses": uses, "rate": rate, "aims": aims})
        if Recipe.fail:
            out.with_suffix(".checkpoint.npz").write_bytes(b"half way")
            raise Recipe.fail
        np.savez(out, a=np.zeros(1))

    from linksim.training import sesc

    monkeypatch.setattr(sesc, "train", train)
    Recipe.calls = []
    return Recipe


def test_every_recipe_is_told_in_one_line_and_its_options_are():
    told = recipes.describe()
    for name, about in recipes.recipes().items():
        assert about.startswith("Recipe") and f"  {name}" in told and about in told
        options = recipes.describe(name)
        assert "--out FILE.npz" in options and "options (--set KEY=VALUE" in options
    assert {"linear", "yolov5", "sesc", "air"} <= set(recipes.recipes())


def test_the_readmes_trainings_can_be_asked_for():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [shlex.split(words) for words in re.findall(r"linksim train (\w+ .*--out.*)", readme)]
    assert {words[0] for words in commands} == {"air", "sesc"}
    for recipe, *words in commands:
        given = [value for key, value in zip(words, words[1:], strict=False) if key == "--set"]
        assert len(options.read(recipe, recipes.find(recipe), given)) == len(given)


def test_no_recipe_loads_a_backend_before_it_is_started():
    names = [f"linksim.training.{name}" for name in recipes.recipes()]
    code = (f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
            "print([m for m in ('tensorflow', 'keras', 'jax', 'torch', 'sionna') if m in sys.modules])")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("given, message", [
    (["sources=[{type: scenes}]"], "also needs --set detector=... --set input_size=..."),
    ([*NEEDED, "uses=many"], "sesc.uses: input should be a valid integer"),
    ([*NEEDED, "use=3"], "did you mean 'uses'"),
    ([*NEEDED, "uses"], "should read key=value"),
    ([*NEEDED, "uses=[3"], "isn't readable YAML"),
    ([*NEEDED, "rate=.nan"], "finite number"),
    (["sources=[{type: scene}]", *NEEDED[1:]], "did you mean 'scenes'"),
    (["sources=[{size: 64}]", *NEEDED[1:]], "sources.0: should have a `type`"),
    (["sources=[{type: scenes, sice: 64}]", *NEEDED[1:]], "did you mean 'size'"),
    (["sources=[{type: folder, path: nowhere}]", *NEEDED[1:]], "which is no folder"),
    ([*NEEDED, "detector=yolov5n-scnes"], "did you mean 'yolov5n-scenes'"),
])
def test_wrong_options_are_named_before_anything_is_trained(recipe, tmp_path, given, message):
    with pytest.raises(UserError) as error:
        recipes.start("sesc", tmp_path / "mine.npz", 1, given)
    assert message.lower() in str(error.value).lower()
    assert not recipe.calls and not any(tmp_path.iterdir())


def test_options_arrive_typed(recipe, tmp_path):
    recipes.start("sesc", tmp_path / "mine.npz", 2, [*NEEDED, "rate=3", "aims=[a, b]"])
    assert recipe.calls == [{"minutes": 2, "uses": 192, "rate": 3.0, "aims": ("a", "b")}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.npz"]


@pytest.mark.parametrize("out, minutes, message", [
    ("mine.h5", 1, "written to a .npz file"), ("mine.npz", 0, "--minutes: should be above 0"),
    ("mine.npz", -3, "above 0"), ("file/mine.npz", 1, "can't be written")])
def test_where_and_how_long_is_checked(recipe, tmp_path, out, minutes, message):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=message):
        recipes.start("sesc", tmp_path / out, minutes, NEEDED)
    assert not recipe.calls


def test_what_is_finished_is_replaced_only_when_asked_for(recipe, tmp_path):
    out, mine = tmp_path / "mine.npz", tmp_path / "mine.txt"
    mine.write_text("somebody's")
    recipes.start("sesc", out, 1, NEEDED)
    before = out.read_bytes()
    with pytest.raises(UserError, match="--fresh to replace"):
        recipes.start("sesc", out, 1, NEEDED)
    assert len(recipe.calls) == 1 and out.read_bytes() == before
    recipes.start("sesc", out, 1, NEEDED, fresh=True)
    assert len(recipe.calls) == 2 and mine.exists()


def test_what_was_stopped_goes_on_with_the_same_options_alone(recipe, tmp_path):
    out = tmp_path / "mine.npz"
    recipe.fail = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        recipes.start("sesc", out, 1, [*NEEDED, "uses=64"])
    assert [path.name for path in recipes.kept(out)] == ["mine.checkpoint.npz"]
    assert json.loads((tmp_path / ".mine.recipe").read_text())["options"]["uses"] == 64
    for other, told in ([*NEEDED], "(uses=64, now no uses)"), ([*NEEDED, "uses=32"], "(uses=64, now uses=32)"):
        with pytest.raises(UserError, match="other options") as error:
            recipes.start("sesc", out, 1, other)
        assert told in str(error.value)
    recipe.fail = None
    recipes.start("sesc", out, 5, [*NEEDED, "uses=64"])  # longer is no other training
    assert recipe.calls[-1] == {"minutes": 5, "uses": 64, "rate": 1e-3, "aims": ("detection",)}
    assert not (tmp_path / ".mine.recipe").exists()


def test_fresh_starts_anew_where_a_training_was_stopped(recipe, tmp_path):
    out = tmp_path / "mine.npz"
    recipe.fail = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        recipes.start("sesc", out, 1, [*NEEDED, "uses=64"])
    recipe.fail = None
    recipes.start("sesc", out, 1, NEEDED, fresh=True)
    assert recipe.calls[-1]["uses"] == 192 and not recipes.kept(out)


def test_a_recipe_that_refuses_leaves_nothing(recipe, tmp_path, monkeypatch):
    def refuse(out, minutes, sources, detector, input_size):
        raise UserError("crop: too large")

    from linksim.training import sesc

    monkeypatch.setattr(sesc, "train", refuse)
    with pytest.raises(UserError, match="crop"):
        recipes.start("sesc", tmp_path / "mine.npz", 1, NEEDED)
    assert not any(tmp_path.iterdir())


def test_a_stopped_training_says_how_to_go_on(recipe, tmp_path, monkeypatch):
    from linksim import cli

    monkeypatch.setattr(cli, "_wake_keras", lambda: None)
    recipe.fail = KeyboardInterrupt()
    asked = ["train", "sesc", "--out", str(tmp_path / "mine.npz"), "--minutes", "7", *(f"--set={o}" for o in NEEDED)]
    stopped = CliRunner().invoke(cli.app, asked)
    assert stopped.exit_code == 130 and "The checkpoint is kept" in stopped.stderr
    recipe.fail = None
    again = shlex.split(stopped.stderr.split("Go on with:")[1])
    assert again[0] == "linksim" and CliRunner().invoke(cli.app, again[1:]).exit_code == 0
    assert recipe.calls[0] == recipe.calls[1] and (tmp_path / "mine.npz").exists()


def test_without_an_output_the_options_are_told():
    from linksim.cli import app

    assert CliRunner().invoke(app, ["train"]).stdout == recipes.describe() + "\n"
    assert "aware_pictures" in CliRunner().invoke(app, ["train", "sesc"]).stdout
    assert CliRunner().invoke(app, ["train", "sesc", "--set", "uses=3"]).exit_code == 2
    assert isinstance(CliRunner().invoke(app, ["train", "sesk"]).exception, UserError)
