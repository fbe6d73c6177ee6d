"""The chain of `baselines.separate` on small textures, with a task that needs no weights; what its tests share."""

import json
from functools import cache

import numpy as np
from textures import textured

from baselines.jpeg2000_ldpc import Jpeg2000Ldpc
from linksim.link.burst import Draw
from linksim.link.link import Link, LinkConfig
from linksim.schemes.base import Bench, Knowledge, Survey
from linksim.tasks.base import Task

SIZE = 96
TEST, CALIBRATION = textured(5, SIZE, seed=1), textured(4, SIZE, seed=2)
BUDGET = np.array([6500, 6300, 6400, 6800, 6100], np.int32)
SNR_DB = np.array([0.0, 10.0, 20.0])


class Likeness(Task):
    """A task without weights: how like the picture sent is, from 0 (nothing received) towards 1."""

    metric = "likeness"

    def __init__(self):
        pass

    def observe(self, images):
        return [{"image": image} for image in images]

    def score(self, observations, truths, pictures, bootstrap=0, seed=0):
        received = np.array([observation["image"] for observation in observations], float)
        errors = np.mean((received - np.array(truths)) ** 2, axis=(1, 2, 3))
        return {"likeness": float(np.mean(1 / (1 + errors / 100)))}


@cache
def bench(model="rayleigh"):
    return Bench(Link(LinkConfig(channel={"model": model})), Likeness(), SIZE)


def scheme(model="rayleigh", **keys):
    """A scheme of config `keys`, not yet planned."""
    keys = {"budget_as": "other"} | keys if "uses" not in keys else keys
    return Jpeg2000Ldpc(Jpeg2000Ldpc.Config(name="jpeg", type="jpeg2000_ldpc", **keys), bench(model))


def survey(one, realisations=3):
    budget = one.config.uses is None
    return Survey(SNR_DB, 7, realisations, CALIBRATION, list(CALIBRATION), one.analyse(CALIBRATION), one.analyse(TEST),
                  BUDGET[:4] if budget else None, BUDGET if budget else None)


def planned(model="rayleigh", realisations=3, **keys):
    """The same, its plan made and adopted through JSON."""
    return _planned(model, realisations, json.dumps(keys))


@cache
def _planned(model, realisations, keys):
    one = scheme(model, **json.loads(keys))
    one.adopt(json.loads(json.dumps(one.make_plan(survey(one, realisations)))))
    return one


def sent(one, snr_db, budget=BUDGET):
    return one.encode(one.analyse(TEST), budget, Knowledge(snr_db))


def draw(rows=5, attempt=0, seed=3):
    return Draw(seed, np.arange(rows), np.zeros(rows, int), attempt)


def received(burst, snr_db, model="awgn", attempt=0):
    return bench(model).link.transmit(burst, snr_db, draw(len(burst.length), attempt))
