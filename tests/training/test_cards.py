"""Whoever reads a shipped card can train its weights again, and knows what that costs."""

import json
import shlex

import pytest

from linksim import weights
from linksim.training import cards, options, recipes

CARDS = {name: json.loads((weights.FOLDER / f"{name}.json").read_text()) for name in weights.shipped()}
NEEDED = ("kind", "name", "data", "recipe", "command", "minutes", "machine", "scores", "config")


@pytest.mark.parametrize("name", CARDS)
def test_a_shipped_card_is_complete_and_its_command_can_be_given(name):
    card = CARDS[name]
    assert [key for key in NEEDED if not card.get(key)] == []
    assert card["name"] == name and card["minutes"] > 0 and "cores" in card["machine"]
    linksim, train, recipe, *words = shlex.split(card["command"])
    assert [linksim, train, recipe] == ["linksim", "train", card["recipe"]]
    plain = dict(zip(words[::2], words[1::2], strict=True))
    assert plain["--out"] == f"{name}.npz" and float(plain["--minutes"]) > 0
    given = [value for key, value in zip(words[::2], words[1::2], strict=True) if key == "--set"]
    assert options.read(recipe, recipes.find(recipe), given) is not None  # UserError where an option isn't one


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if card["recipe"] != "linear"])
def test_a_card_of_a_training_tells_its_steps(name):
    assert CARDS[name]["scores"]["steps"] > 0


def test_all_that_ships_fits_in_60_megabytes():
    assert sum(file.stat().st_size for file in weights.FOLDER.iterdir() if file.suffix in (".npz", ".json")) < 60e6


def test_a_command_is_what_the_shell_and_the_recipe_read_back(tmp_path):
    given = {"sources": [{"type": "folder", "path": "Anna's photos"}], "detector": "d.npz", "input_size": 640,
             "start": None, "rate": 6e-4, "aims": ["detection", "classification"]}
    text = cards.command("sesc", tmp_path / "mine.npz", 52.5, **given)
    words = shlex.split(text)
    assert words[:7] == ["linksim", "train", "sesc", "--out", "mine.npz", "--minutes", "52.5"]
    read = options.read("sesc", recipes.find("sesc"), words[8::2])
    assert read == {key: value for key, value in given.items() if value is not None} | {
        "aims": ("detection", "classification")}


def test_a_card_names_no_folder_of_a_machine():
    assert cards.portable([{"type": "voc", "path": "/home/me/data/VOC2012", "size": 256}]) == [
        {"type": "voc", "path": "VOC2012", "size": 256}]


def test_the_machine_names_cores_and_backend():
    assert "cores" in cards.machine() and "Keras" in cards.machine()
