"""The smallest SE-SC, untrained: at high SNR it is the linear code. What the tests of this room make of it."""

import json

import numpy as np

from linksim.link.burst import Draw
from linksim.link.link import Link, LinkConfig
from linksim.schemes.base import Bench, Survey

SIZE, USES = 64, 96


class Features:
    """A judge whose feature maps are means of the picture's blocks at three scales."""

    def features(self, images):
        x = np.asarray(images, np.float32) / 255
        return tuple(x.reshape(len(x), SIZE // s, s, SIZE // s, s, 3).mean((2, 4)) for s in (8, 16, 32))


def smooth_pictures(count, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    phase = rng.uniform(0, 6, (count, 2, 3, 1, 1))
    waves = 128 + 60 * np.sin(phase[:, 0] * x + phase[:, 1] * y) + rng.normal(0, 4, (count, 1, SIZE, SIZE))
    return np.clip(waves, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def make(weights_file, mu=0.5, survey=True, uses=USES, **keys):
    from linksim.schemes.sesc.scheme import Sesc

    link = Link(LinkConfig(channel={"model": "rayleigh"}))
    scheme = Sesc(Sesc.Config(name="SE-SC", type="sesc", weights=str(weights_file), mu=mu, uses=uses, **keys),
                  Bench(link=link, task=Features(), size=SIZE, tile=4))
    if survey:
        images = smooth_pictures(8, 5)
        survey = Survey(np.array([0.0, 10.0]), 1, 4, images, [], scheme.analyse(images), None, None, None)
        scheme.adopt(json.loads(json.dumps(scheme.make_plan(survey))))
    return scheme, link


def budgeted(weights_file, budget, **keys):
    """(scheme, link, analysis of 6 pictures) of a scheme that fills a budget."""
    scheme, link = make(weights_file, survey=False, budget=budget, **keys)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    survey = Survey(np.array([0.0, 10.0, 20.0]), 1, 4, images, [], analysis, analysis, None, None)
    scheme.adopt(scheme.make_plan(survey))
    return scheme, link, analysis


def draw(count):
    return Draw(3, np.arange(count), np.zeros(count, np.int64))
