import numpy as np
import pytest
from textures import psnr, textured

from baselines.codecs.jpeg2000 import Jpeg2000
from baselines.codecs.roi import analyse, flatten, synthesise

PICTURES = textured(2, 64)


def region(grid=4, cells=((1, 1), (1, 2))):
    out = np.zeros((2, grid, grid), bool)
    for y, x in cells:
        out[:, y, x] = True
    return out


@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (1, 8, 32), (2, 2)])
def test_the_wavelet_is_undone(shape):
    x = np.random.default_rng(0).normal(size=shape)
    bands = analyse(x)
    assert all(band.shape == (*shape[:-2], shape[-2] // 2, shape[-1] // 2) for band in bands)
    np.testing.assert_allclose(synthesise(*bands), x, atol=1e-9)


def test_it_is_the_9_7_wavelet():
    """Four vanishing moments: away from the edges a cubic has no detail. The low-pass has unit gain."""
    t = np.linspace(-1, 1, 64)
    ll, hl, lh, hh = analyse(np.outer(t**3 - t + 0.3, 1 + t**2))
    assert max(np.abs(band[4:-4, 4:-4]).max() for band in (hl, lh, hh)) < 1e-6 * np.abs(ll).max()
    ll, hl, lh, hh = analyse(np.full((32, 32), 7.0))
    np.testing.assert_allclose(ll, 7, atol=1e-6)
    assert max(np.abs(band).max() for band in (hl, lh, hh)) < 1e-6


@pytest.mark.parametrize("levels", [1, 3, 5])
def test_everything_of_interest_changes_nothing_and_nothing_flattens(levels):
    np.testing.assert_array_equal(flatten(PICTURES, np.ones((2, 4, 4), bool), levels), PICTURES)
    flat = flatten(PICTURES, np.zeros((2, 4, 4), bool), levels).astype(float)
    means = PICTURES.reshape(2, 64 >> levels, 1 << levels, 64 >> levels, 1 << levels, 3).mean((2, 4))
    again = flat.reshape(2, 64 >> levels, 1 << levels, 64 >> levels, 1 << levels, 3).mean((2, 4))
    assert np.abs(again - means).max() < 40 and flat.std() < PICTURES.std()  # low-passed, not lost
    assert np.abs(np.diff(flat, axis=1)).mean() < 0.6 * np.abs(np.diff(PICTURES.astype(float), axis=1)).mean()


def test_the_region_stays_and_the_rest_goes():
    flat, inside = flatten(PICTURES, region(), 5), np.s_[:, 16:32, 16:48]
    np.testing.assert_array_equal(flat[inside], PICTURES[inside])
    far = np.s_[:, 48:, :]
    assert np.abs(np.diff(flat[far].astype(float), axis=1)).mean() < 2
    assert np.abs(np.diff(PICTURES[far].astype(float), axis=1)).mean() > 8


@pytest.mark.parametrize("size", [400, 700, 1200])
def test_bytes_go_to_the_region(size):
    """At equal bytes the region arrives better, through a standard decoder that is told nothing."""
    codec, inside = Jpeg2000(), np.s_[:, 16:32, 16:48]
    plain = np.stack(codec.decode(codec.to_size(PICTURES, [size] * 2)))
    steered = np.stack(codec.decode(codec.to_size(flatten(PICTURES, region(), 5), [size] * 2)))
    assert psnr(steered[inside], PICTURES[inside]) > psnr(plain[inside], PICTURES[inside]) + 2


def test_pictures_are_worked_on_one_by_one():
    masks = np.stack([region()[0], region(cells=((3, 0),))[0]])
    together = flatten(PICTURES, masks, 4)
    for i in range(2):
        np.testing.assert_array_equal(flatten(PICTURES[i : i + 1], masks[i : i + 1], 4)[0], together[i])
