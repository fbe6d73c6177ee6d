"""The linear code: power, optimal receiver, header."""

import numpy as np
import pytest

from linksim.schemes import linear_code
from linksim.schemes.header import from_bits, level_of, power_of, to_bits


@pytest.fixture(scope="module")
def code_and_patches():
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((48, 48)) * (1 + np.arange(48))[:, None] ** -1.0
    patches = (rng.standard_normal((4000, 48)) @ mix + 0.5).astype(np.float32)
    return linear_code.fit(patches, 48), patches


def test_unit_power_per_complex_symbol(code_and_patches):
    code, patches = code_and_patches
    for count in (4, 16, 48):
        values = code.encode(patches, count)
        assert 2 * np.mean(values**2) == pytest.approx(1, rel=0.02)


def test_all_components_without_noise_lose_nothing(code_and_patches):
    code, patches = code_and_patches
    assert np.allclose(code.decode(code.encode(patches, 48), np.float32(0)), patches, atol=2e-4)


@pytest.mark.parametrize("snr_db", [0, 10])
def test_squared_error_is_the_wiener_filters(code_and_patches, snr_db):
    """Sum over components of sigma^2 n / (v + n), plus what wasn't sent."""
    code, patches = code_and_patches
    count, noise = 16, 10 ** (-snr_db / 10) / 2
    rng = np.random.default_rng(1)
    values = code.encode(patches, count)
    received = values + rng.normal(0, np.sqrt(noise), values.shape)
    error = np.mean(np.sum((code.decode(received, noise) - patches) ** 2, -1))
    variance = (code.scale(count) * code.deviation[:count]) ** 2
    expected = np.sum(code.deviation[:count] ** 2 * noise / (variance + noise)) + np.sum(code.deviation[count:] ** 2)
    assert error == pytest.approx(expected, rel=0.03)


def test_cut_and_paste_are_inverse():
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert (linear_code.paste(linear_code.cut(images), 64) == images).all()


def test_numbers_and_levels_survive_the_header():
    values = np.array([0, 1, 255, 384])
    assert (from_bits(to_bits(values, 9)) == values).all()
    power = np.geomspace(1e-3, 1e3, 50)
    assert np.abs(10 * np.log10(power_of(level_of(power)) / power)).max() <= 0.1251
