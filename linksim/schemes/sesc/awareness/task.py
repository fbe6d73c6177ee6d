"""Weights by a small network on the detector's feature maps, taught to predict what the task will need."""

import numpy as np

from linksim import weights
from linksim.errors import UserError
from linksim.schemes.sesc.awareness.base import Awareness, identity, power_as, stored_as
from linksim.tiles import compiled, in_tiles

BATCH = 64  # pictures whose feature maps are in memory together


class TaskAwareness(Awareness):
    """The semantic-aware model of the paper: a CNN on intermediate feature maps of the receiver's detector.

    aim: None or "detection" for the arrays `awareness/*` of the weights, any other for `awareness_<aim>/*`. Where
    there is `powers/<aim>` too, weights are raised to it: that sets what a threshold means, not which features go
    first (`linksim.training.awareness.power_for`)."""

    def __init__(self, arrays: dict, card: dict, task, grid: int, tile: int, aim: str | None):
        self.name, self.sha, self.aim = card["name"], identity(card), aim or "detection"
        self.task, self.grid, self.tile = task, grid, tile
        own, self.power = _part(arrays, card, self.aim), arrays.get(power_as(self.aim), np.float32(1))
        self.network, self.channels = network_of(own, grid)
        self._weigh = compiled(self.network)

    def weigh(self, images):
        from linksim.schemes.sesc.importance import to_grid

        if not hasattr(self.task, "features"):
            raise UserError("awareness: task weighs features by the detector's feature maps, but the task "
                            f"{type(self.task).__name__} has none; use a detection task with judge: yolov5, or "
                            "another awareness")
        found = []
        for start in range(0, len(images), BATCH):
            maps = to_grid(self.task.features(np.asarray(images[start : start + BATCH])), self.grid)
            if maps.shape[-1] != self.channels:
                raise UserError(f"weights: {self.name!r} read {self.channels} feature maps, the task's detector has "
                                f"{maps.shape[-1]}; use the detector they were trained with (their card names it)")
            found.append(in_tiles(self._weigh, self.tile, maps))
        return np.concatenate(found) ** self.power

    def key(self):
        return "task", self.aim, self.sha


def network_of(own: dict, grid: int):
    """The network that a part's arrays by variable path are of, and how many feature maps it reads."""
    from linksim.schemes.sesc.networks import build_awareness

    channels, width = own["mix/kernel"].shape[2:]
    depth = sum(key.startswith("around") and key.endswith("/kernel") for key in own)
    network = build_awareness((channels,), grid, width, depth)
    weights.assign(network, own)
    return network, channels


def _part(arrays: dict, card: dict, aim: str) -> dict:
    """The arrays of one aim by variable path. UserError where the weights lack it."""
    if own := weights.part(arrays, stored_as(aim)):
        return own
    known = sorted({key.split("/")[0] for key in arrays if key.startswith("awareness")})
    known = ["detection" if part == "awareness" else part.removeprefix("awareness_") for part in known]
    raise UserError(f"aim: the weights {card['name']!r} hold no semantic-aware model for {aim!r}, only for "
                    f"{', '.join(known) or 'nothing'}; take one of these, or train weights that do")
