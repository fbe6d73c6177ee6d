"""PSNR and MS-SSIM: closed forms, TensorFlow's own MS-SSIM, and what must hold of any pair of pictures."""

import numpy as np
import pytest

from linksim.tasks.fidelity import ms_ssim, psnr_db


def pictures(count: int, size: int, seed: int = 3) -> np.ndarray:
    """Smooth fields with an edge, uint8 [count, size, size, 3]."""
    random = np.random.default_rng(seed)
    y, x = (np.mgrid[:size, :size] / size)[..., None]
    made = []
    for _ in range(count):
        a, b, c = random.uniform(2, 20, (3, 3))
        field = 0.5 + 0.4 * np.sin(a * x + b * y) * np.cos(c * y)
        made.append(np.where(x + y > random.uniform(0.6, 1.4), 0.6 * field, field))
    return np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)


def noisy(images: np.ndarray, deviation: float, seed: int = 4) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def test_psnr_of_a_known_error():
    sent = np.full((2, 16, 16, 3), 100, np.uint8)
    received = sent.copy()
    received[0] += 5
    expected = 20 * np.log10(255 / 5), 10 * np.log10(255**2 * 16 * 16 * 3)  # equal: one sample off by one level
    np.testing.assert_allclose(psnr_db(received, sent), expected, rtol=1e-6)


@pytest.mark.parametrize("size", [176, 200, 256])
def test_ms_ssim_is_tensorflows(size):
    import tensorflow as tf

    sent = pictures(3, size)
    for received in (noisy(sent, 3), noisy(sent, 25), sent[::-1], np.full_like(sent, 114), 255 - sent):
        theirs = tf.image.ssim_multiscale(tf.constant(received), tf.constant(sent), 255).numpy()
        np.testing.assert_allclose(ms_ssim(received, sent), theirs, atol=2e-4)


def test_ms_ssim_of_a_shift_in_brightness():
    """Flat pictures have no contrast to differ in: what is left is the coarsest scale's luminance."""
    sent, received = np.full((1, 176, 176, 3), 100, np.uint8), np.full((1, 176, 176, 3), 150, np.uint8)
    luminance = (2 * 100 * 150 + 2.55**2) / (100**2 + 150**2 + 2.55**2)
    np.testing.assert_allclose(ms_ssim(received, sent), luminance**0.1333, rtol=1e-5)


def test_ms_ssim_is_one_for_equal_pictures_symmetric_and_falls_with_noise():
    sent = pictures(4, 192)
    np.testing.assert_allclose(ms_ssim(sent, sent), 1, atol=1e-6)
    np.testing.assert_allclose(ms_ssim(noisy(sent, 20), sent), ms_ssim(sent, noisy(sent, 20)), rtol=1e-5)
    falling = [ms_ssim(noisy(sent, deviation), sent) for deviation in (2, 8, 32)]
    assert (np.diff(falling, axis=0) < 0).all()


def test_small_pictures_have_fewer_scales():
    """One scale is SSIM itself to the power one."""
    import tensorflow as tf

    sent = pictures(2, 20)
    theirs = tf.image.ssim(tf.constant(noisy(sent, 5)), tf.constant(sent), 255).numpy()
    np.testing.assert_allclose(ms_ssim(noisy(sent, 5), sent), theirs, atol=2e-4)
    with pytest.raises(ValueError, match="11 x 11"):
        ms_ssim(sent[:, :10], sent[:, :10])
