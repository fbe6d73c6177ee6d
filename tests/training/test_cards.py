"""Whoever reads a shipped card can train its weights again, and knows what that costs."""

import hashlib
import json
import shlex
import subprocess
from functools import partial
from pathlib import Path

import pytest

from linksim import weights
from linksim.training import cards, options, recipes

CARDS = {name: json.loads((weights.FOLDER / f"{name}.json").read_text()) for name in weights.shipped()}
NEEDED = ("kind", "name", "data", "recipe", "command", "minutes", "machine", "scores", "config")


def _options(course: dict) -> dict:
    """What the command of a card, or of one of its courses, was given."""
    words = shlex.split(course["command"])
    given = [value for key, value in zip(words, words[1:], strict=False) if key == "--set"]
    return options.read(words[2], recipes.find(words[2]), given)


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
    text = cards.command("sesc", {"out": tmp_path / "mine.npz", "minutes": 52.5} | given)
    words = shlex.split(text)
    assert words[:7] == ["linksim", "train", "sesc", "--out", "mine.npz", "--minutes", "52.5"]
    read = options.read("sesc", recipes.find("sesc"), words[8::2])
    assert read == {key: value for key, value in given.items() if value is not None} | {
        "aims": ("detection", "classification")}


def test_of_paths_in_a_command_the_last_name_is_left(tmp_path):
    text = cards.command("sesc", {"out": tmp_path / "a.npz", "minutes": 1, "air": None,
                                  "sources": [{"type": "voc", "path": str(tmp_path / "VOC")}],
                                  "detector": str(tmp_path / "d.npz"), "judges": (str(tmp_path / "e.npz"),)})
    assert "/" not in text and "air" not in text and all(name in text for name in ("VOC", "d.npz", "e.npz"))


@pytest.mark.parametrize("name", CARDS)
def test_the_courses_before_lead_back_to_a_beginning(name):
    line = [*CARDS[name]["courses"], CARDS[name] | {"steps": 1}]
    starts = [given.get("start") or given.get("large") for given in map(_options, line)]
    assert starts[0] is None, "the first course goes on from something that the card doesn't tell"
    for before, start in zip(line, starts[1:], strict=False):
        assert Path(start).stem == before["name"] and before["minutes"] > 0 and before["steps"] > 0
        if before["name"] in CARDS:
            assert before["sha256"] == CARDS[before["name"]]["sha256"]


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if any("kept_at" in c for c in card["courses"])])
def test_weights_that_no_longer_ship_are_in_the_history(name):
    for course in CARDS[name]["courses"]:
        if "kept_at" in course:
            git = partial(subprocess.run, capture_output=True, cwd=weights.FOLDER)
            if git(["git", "rev-parse", "--is-shallow-repository"]).stdout != b"false\n":
                pytest.skip("no whole git history here")
            found = git(["git", "show", course["kept_at"]])
            assert found.returncode == 0 and hashlib.sha256(found.stdout).hexdigest() == course["sha256"]


def test_what_goes_on_from_weights_has_their_courses_behind_it():
    behind = cards.courses("sesc-photos", "sesc")
    assert behind[:-1] == CARDS["sesc-photos"]["courses"]
    assert behind[-1]["sha256"] == CARDS["sesc-photos"]["sha256"] and behind[-1]["steps"] == 1400
    assert cards.courses(None, "sesc") == []


def test_a_card_names_no_folder_of_a_machine():
    assert cards.portable([{"type": "voc", "path": "/home/me/data/VOC2012", "size": 256}]) == [
        {"type": "voc", "path": "VOC2012", "size": 256}]


def test_the_machine_names_cores_and_backend():
    assert "cores" in cards.machine() and "Keras" in cards.machine()
