"""Scheme `sesc_cnn` from picture to picture, on untrained networks made here: no detector, no shipped weights."""

import json

import numpy as np
import pytest
from chains import Likeness

from linksim import weights
from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.link import Link, LinkConfig
from linksim.registry import lookup
from linksim.schemes import linear_code
from linksim.schemes.base import Bench, Knowledge, Survey

SIZE, CHANNELS, USES = 64, 24, 900


def pictures(count, seed):
    """Smooth colours with a sharp square."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (count, 4, 4, 3)).repeat(16, 1).repeat(16, 2)
    images = (coarse + rng.normal(0, 4, (count, SIZE, SIZE, 3))).clip(0, 255).astype(np.uint8)
    images[:, 20:44, 20:44] = 240
    return images


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Weights of untrained networks, with everything that a recipe's have but an `awareness`."""
    from linksim.schemes.sesc.awareness import fit_entropy
    from linksim.schemes.sesc_cnn import networks, statistics

    patches = linear_code.cut(pictures(40, 1))
    code = linear_code.fit(patches.reshape(-1, networks.VALUES), CHANNELS)
    encoder, decoder = networks.build_encoder(SIZE, CHANNELS), networks.build_decoder(SIZE, CHANNELS)
    networks.start_from(code, encoder, decoder)
    latents = ((patches - code.mean) @ code.basis).reshape(-1, 4, 4, CHANNELS)
    masks = np.random.default_rng(2).random((40, 4, 4)) < 0.6
    arrays = {f"{part.name}/{k}": v for part in (encoder, decoder) for k, v in weights.model_arrays(part).items()}
    arrays |= {f"statistics/{k}": v for k, v in statistics.fit(latents, masks, np.zeros(40, int), every=12).items()}
    arrays |= {f"entropy/{k}": v for k, v in fit_entropy(latents).items()}
    path = tmp_path_factory.mktemp("weights") / "untrained.npz"
    weights.save(path, arrays, {"kind": "sesc_cnn", "name": "untrained", "config": {"channels": CHANNELS}})
    return path


def scheme(path, **keys):
    bench = Bench(Link(LinkConfig(channel={"model": "awgn"})), Likeness(), SIZE, 4)
    cls = lookup("scheme", "sesc_cnn")
    return cls(cls.Config(name="bits", type="sesc_cnn", weights=str(path), uses=USES, **keys), bench)


def planned_scheme(path, **keys):
    one, images = scheme(path, **keys), pictures(3, 3)
    analysis = one.analyse(images)
    plan = one.make_plan(Survey(np.array([12.0]), 1, 2, images, list(images), analysis, analysis, None, None))
    one.adopt(json.loads(json.dumps(plan)))
    return one


@pytest.mark.parametrize("awareness", ["random", "entropy", "all"])
def test_a_picture_arrives_without_any_detector(made, awareness):
    one, images = planned_scheme(made, awareness=awareness, mu=0.2, mcs=4), pictures(3, 4)
    burst = one.encode(one.analyse(images), None, Knowledge(12.0))
    assert (one.bench.link.uses(burst.header_uses + burst.length) <= USES).all()
    reception = one.bench.link.transmit(burst, 30.0, Draw(1, np.arange(3), np.zeros(3, int)))
    shown, ok = one.decode(reception)
    assert ok.all()
    mask = one.details(one.analyse(images))["mask"].repeat(16, 1).repeat(16, 2)
    error = (shown.astype(float) - images)[mask]
    assert mask.any() and np.mean(error**2) < 100  # untrained, yet a transform code


def test_schemes_share_an_analysis_where_weights_and_awareness_are_the_same(made):
    keys = [scheme(made, awareness=kind, mu=mu).analysis_key() for kind, mu in
            (("random", 0.1), ("random", 0.5), ("entropy", 0.1))]
    assert keys[0] == keys[1] != keys[2]


def test_what_the_weights_or_the_task_lack_is_told(made):
    with pytest.raises(UserError, match="no semantic-aware model for 'detection'"):
        scheme(made, awareness="task")
    with pytest.raises(UserError, match="multiple of 16"):
        cls = lookup("scheme", "sesc_cnn")
        cls(cls.Config(name="bits", type="sesc_cnn", weights=str(made), uses=USES),
            Bench(Link(LinkConfig(channel={"model": "awgn"})), Likeness(), 60, 4))
