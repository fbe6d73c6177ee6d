"""Masks made simpler: what changes, what mustn't, and what it saves in the header."""

import numpy as np
import pytest
from test_sesc import SIZE, make, smooth_pictures, weights_file  # noqa: F401 (a fixture)

from linksim.link.burst import Draw
from linksim.link.headercode import header_uses
from linksim.schemes.base import Knowledge
from linksim.schemes.sesc import mask_code, mask_header
from linksim.schemes.sesc.tidy import tidy


def blobs(count, size=16, seed=0):
    """Weights float [B, size, size] that come in blobs, with doubts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    at = rng.uniform(0, size, (count, 2, 1, 1))
    distance = np.hypot(y - at[:, 0], x - at[:, 1])
    return np.clip(0.9 * np.exp(-((distance / 5) ** 2)) + rng.normal(0, 0.06, distance.shape), 0, 1)


@pytest.fixture
def learned():
    weights = blobs(64)
    return weights, weights >= 0.25, mask_code.learn(weights >= 0.25)


def cost(simple, mask, weights, model, strength):
    """What `tidy` makes small, of one picture, by the code itself."""
    odds = np.log(np.clip(weights, 1e-4, 1 - 1e-4) / (1 - np.clip(weights, 1e-4, 1 - 1e-4)))
    doubt = np.abs(odds - odds[mask].min())[simple != mask].sum()
    return doubt + strength * len(mask_code.encode(simple, model))


def test_the_sum_falls_and_bits_are_saved(learned):
    weights, masks, model = learned
    simple = tidy(masks, weights, model, 0.2)
    before, after = ([len(mask_code.encode(mask, model)) for mask in some] for some in (masks, simple))
    assert np.mean(after) < 0.85 * np.mean(before)
    assert 0 < (simple != masks).mean() < 0.05
    for row in range(len(masks)):  # a code has whole bits: one of them is rounding
        left, was = (cost(some[row], masks[row], weights[row], model, 0.2) for some in (simple, masks))
        assert left <= was + 0.2


def test_a_doubtful_hole_is_filled_and_a_sure_one_stays(learned):
    model = learned[2]
    weights = np.full((2, 16, 16), 0.01)
    weights[:, 4:12, 4:12] = 0.9
    weights[0, 7, 7], weights[1, 7, 7] = 0.88, 0.0001
    simple = tidy(weights >= 0.89, weights, model, 0.2)
    assert simple[0, 7, 7] and not simple[1, 7, 7]


def test_pictures_do_not_depend_on_each_other(learned):
    weights, masks, model = learned
    together = tidy(masks, weights, model, 0.3)
    alone = np.concatenate([tidy(masks[i : i + 1], weights[i : i + 1], model, 0.3) for i in range(len(masks))])
    np.testing.assert_array_equal(together, alone)


def test_none_is_emptied_none_that_is_whole_changes_and_where_asked_none_grows(learned):
    weights, masks, model = learned
    masks = masks.copy()
    masks[0], masks[1] = False, True
    masks[0, 3, 3] = True
    simple = tidy(masks, weights, model, 50.0, grow=False)
    assert simple.any((1, 2)).all() and simple[1].all()
    assert not (simple & ~masks).any() and (simple != masks).any()


def test_what_is_told_fits_and_is_read_back(learned):
    weights, masks, _ = learned
    _, model, bits = mask_header.learn(masks[:32], weights[:32], 0.1, True)
    as_they_are = mask_header.learn(masks[:32], weights[:32], 0.0, True)[2]
    assert bits < 0.8 * as_they_are
    plan = {"mask_model": model, "mask_bits": bits, "whole": False}
    sent, codes = mask_header.tell(masks, weights, plan, 0.1, True)
    assert codes.shape == (64, bits)
    for mask, code in zip(sent, codes, strict=True):
        np.testing.assert_array_equal(mask_code.decode(code, mask.shape, model), mask)


def test_a_scheme_sends_what_its_header_tells(weights_file):  # noqa: F811
    scheme, link = make(weights_file, tidy=0.2, header_rate=0.1, uses=24)
    assert scheme.plan["header_uses"] == header_uses(13 + scheme.plan["mask_bits"], 0.1)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    burst = scheme.encode(analysis, None, Knowledge(30.0))
    mask = scheme.details(analysis)["mask"]
    np.testing.assert_array_equal(burst.length, 24 * mask.sum((1, 2)))
    decoded, ok = scheme.decode(link.transmit(burst, 40.0, Draw(3, np.arange(6), np.zeros(6, int))))
    assert ok.all() and decoded.shape == (6, SIZE, SIZE, 3)
    told = [mask_code.decode(bits[13:], (4, 4), scheme.plan["mask_model"]) for bits in burst.header]
    np.testing.assert_array_equal(told, mask)


def test_a_budget_is_kept_by_simpler_masks_too(weights_file):  # noqa: F811
    scheme, link = make(weights_file, tidy=0.5, mu=0.05, uses=24, budget=900)
    burst = scheme.encode(scheme.analyse(smooth_pictures(6)), None, Knowledge(10.0))
    assert (np.sum(list(link.ledger(burst).values()), axis=0) <= 900).all()
