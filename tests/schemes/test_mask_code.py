"""Masks survive their code, whatever follows it, and blobs cost less than noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from linksim.schemes.sesc import mask_code


def blobs(rng, count, side=16):
    y, x = np.mgrid[:side, :side]
    centre = rng.uniform(0, side, (count, 2, 1, 1))
    return np.abs(x - centre[:, 0]) + np.abs(y - centre[:, 1]) < rng.uniform(2, 9, (count, 1, 1))


@settings(max_examples=60, deadline=None)
@given(arrays(bool, (6, 9)), st.integers(0, 2**32 - 1))
def test_any_mask_survives_with_any_tail(mask, seed):
    rng = np.random.default_rng(seed)
    model = [int(p) for p in rng.integers(1, 4095, 16)]
    code = mask_code.encode(mask, model)
    bits = np.concatenate([np.frombuffer(code.encode(), np.uint8) - ord("0"), rng.integers(0, 2, 40, np.uint8)])
    assert (mask_code.decode(bits, mask.shape, model) == mask).all()


def test_learned_contexts_halve_the_bits_of_blobs():
    rng = np.random.default_rng(1)
    model = mask_code.learn(blobs(rng, 200))
    lengths = [len(mask_code.encode(mask, model)) for mask in blobs(rng, 100)]
    assert np.mean(lengths) < 0.5 * 256


def test_code_is_as_short_as_its_probability():
    rng = np.random.default_rng(2)
    masks = blobs(rng, 50)
    model = mask_code.learn(masks)
    for mask in masks:
        p = np.array(model)[mask_code.contexts(mask)] / 2**mask_code.ONE
        ideal = -np.log2(np.where(mask, p, 1 - p)).sum()
        assert ideal - 1e-6 <= len(mask_code.encode(mask, model)) <= ideal + 2


@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full_masks(value):
    mask = np.full((16, 16), value)
    model = mask_code.learn(np.ones((20, 16, 16), bool))
    code = mask_code.encode(mask, model)
    bits = np.frombuffer(code.encode(), np.uint8) - ord("0")
    assert (mask_code.decode(bits, (16, 16), model) == mask).all()
    if value:
        assert len(code) <= 4  # what was expected costs next to nothing
