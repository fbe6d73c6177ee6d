"""Masks made simpler: what changes, what mustn't, and what it saves in the header."""

import numpy as np
import pytest
from tiny_sesc import SIZE, make, smooth_pictures

from linksim.link.burst import Draw
from linksim.link.headercode import header_uses
from linksim.schemes.base import Knowledge, Survey
from linksim.schemes.sesc import mask_code, mask_header
from linksim.schemes.sesc.tidy import in_blocks, tidy


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


@pytest.mark.parametrize("grow", [True, False])
def test_what_is_told_is_the_tidy_mask_fits_and_is_read_back(learned, grow):
    weights, masks, _ = learned
    rng = np.random.default_rng(5)
    weights, masks = weights.copy(), masks.copy()
    weights[7] = np.clip(rng.normal(0.25, 0.02, (16, 16)), 0, 1)  # a mask that no header has room for
    masks[7] = weights[7] >= 0.25
    simple, model = mask_header.learn(masks[8:], weights[8:], 0.1, grow)
    plan = mask_header.plan_for(simple, model, 0.1, whole=False)
    bits = plan["mask_bits"]
    plain = mask_header.learn(masks[8:], weights[8:], 0.0, grow)
    assert bits < 0.8 * mask_header.plan_for(*plain, 0.0, whole=False)["mask_bits"]
    sent, codes = mask_header.tell(masks, weights, plan, 0.1, grow)
    assert codes.shape == (64, bits)
    for mask, code in zip(sent, codes, strict=True):
        np.testing.assert_array_equal(mask_code.decode(code, mask.shape, model), mask)
    once = tidy(masks, weights, model, 0.1, grow)
    fits = np.array([len(mask_code.encode(mask, model)) <= bits for mask in once])
    assert 0.8 < fits.mean() < 1 and not fits[7]
    np.testing.assert_array_equal(sent[fits], once[fits])
    assert (sent[7] != once[7]).any() and sent[7].any()
    assert (sent & ~masks).any() == grow


def test_a_mask_too_long_for_its_header_becomes_blocks_not_another_threshold(learned):
    """A ragged outline: raising the threshold until its code fits would leave little of it, or nearly all."""
    weights, masks, model = learned
    y, x = np.mgrid[:16, :16]
    inside = 2 + (3 * x + 5 * y) % 3 - np.abs(y - 8 - 4 * np.sin(0.8 * x))
    ragged = np.clip(0.4 + 0.12 * inside, 0.02, 0.98)
    mask = ragged >= 0.4
    plan = {"mask_model": model, "mask_bits": 88, "whole": True}
    assert len(mask_code.encode(tidy(mask[None], ragged[None], model, 0.1)[0], model)) > plan["mask_bits"]
    sent, codes = mask_header.tell(mask[None], ragged[None], plan, 0.1, grow=True)
    np.testing.assert_array_equal(mask_code.decode(codes[0], mask.shape, model), sent[0])
    assert abs(sent.mean() - mask.mean()) < 0.1 and (sent[0] != mask).mean() < 0.3
    raised, _ = mask_header.tell(mask[None], ragged[None], plan, 0.0, grow=True)
    assert (raised[0] != mask).mean() > 2 * (sent[0] != mask).mean()


def test_blocks_follow_what_is_sure(learned):
    weights = np.full((16, 16), 0.1)
    weights[4:12, 4:12], weights[4, 5], weights[6, 6] = 0.9, 0.6, 0.2
    mask = weights >= 0.5
    blocks = in_blocks(mask, weights)
    assert blocks.shape[1:] == mask.shape and blocks.any((1, 2)).all()
    assert (blocks[0] == (weights > 0.15)).all()  # blocks of two that begin where the object does: the hole is filled


def scheme_of_half(file, **keys):
    """A scheme whose masks keep about half the patches, and pictures."""
    scheme, link = make(file, survey=False, uses=24, **keys)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    scheme.mu = float(np.quantile(analysis.weights, 0.6))
    scheme.adopt(scheme.make_plan(Survey(np.array([5.0]), 1, 4, images, [], analysis, analysis, None, None)))
    return scheme, link, analysis


def test_a_scheme_sends_what_its_header_tells(weights_file):  # noqa: F811
    scheme, link, analysis = scheme_of_half(weights_file, tidy=0.5, header_rate=0.1)
    assert scheme.plan["header_uses"] == header_uses(13 + scheme.plan["mask_bits"], 0.1)
    burst = scheme.encode(analysis, None, Knowledge(30.0))
    mask = scheme.details(analysis)["mask"]
    assert 0.1 < mask.mean() < 0.9 and (mask != (analysis.weights >= scheme.mu)).any()
    np.testing.assert_array_equal(burst.length, 24 * mask.sum((1, 2)))
    told = [mask_code.decode(bits[13:], (4, 4), scheme.plan["mask_model"]) for bits in burst.header]
    np.testing.assert_array_equal(told, mask)
    decoded, ok = scheme.decode(link.transmit(burst, 40.0, Draw(3, np.arange(6), np.zeros(6, int))))
    assert ok.all() and decoded.shape == (6, SIZE, SIZE, 3)


def test_a_budget_is_kept_by_simpler_masks_too(weights_file):  # noqa: F811
    free, link, analysis = scheme_of_half(weights_file, tidy=0.5)
    most = int(np.median(link.ledger(free.encode(analysis, None, Knowledge(10.0)))["payload"])) + 300
    scheme, link, _ = scheme_of_half(weights_file, tidy=0.5, budget=most)
    burst = scheme.encode(analysis, None, Knowledge(10.0))
    spent = np.sum(list(link.ledger(burst).values()), axis=0)
    assert (spent <= most).all() and spent.max() > 0.8 * most
