"""Every shipped weights file loads, its card is complete, and it names no folder of a machine."""

import json
import re

import numpy as np
import pytest

from linksim import weights

CARDS = [json.loads((weights.FOLDER / f"{name}.json").read_text()) for name in weights.shipped()]


def test_no_card_without_weights_and_no_weights_without_card():
    assert {path.stem for path in weights.FOLDER.glob("*.npz")} == set(weights.shipped())
    assert {"yolov5", "sesc", "linear"} <= {card["kind"] for card in CARDS}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card["name"])
def test_shipped_weights_load_and_their_card_is_complete(card):
    arrays, loaded = weights.load(card["name"], card["kind"])
    assert loaded == card and set(card) == {*weights.KEYS, "sha256"}
    missing = [key for key in weights.KEYS if card[key] is None or key not in ("classes", "courses") and not card[key]]
    assert not missing, missing
    assert arrays and all(np.isfinite(array).all() for array in arrays.values())
    assert not re.search(r"(^|[\s\"'=])/\w|\.\./", json.dumps(card))
