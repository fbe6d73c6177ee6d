"""Power amplifier and converters against their closed forms, and the peaks of OFDM.

Statistical checks: within 4 standard errors (false alarm 6e-5 each) unless they say otherwise.
"""

from math import erfc, exp, pi, sqrt

import numpy as np
import pytest
from scipy.stats import kstest

from linksim.link.grid import GridConfig
from linksim.link.waveform.impairments import ImpairmentsConfig
from linksim.link.waveform.nonlinear import clip, converter, limiter, quantise
from linksim.link.waveform.waveform import Waveform

N, SYMBOLS = 64, 7
GRID = GridConfig(fft_size=N, symbols_per_slot=SYMBOLS, pilot_symbols=[1], cyclic_prefix=6)
ROWS = 300
ONE, NOW = np.ones((ROWS, 1, 1, 1, 1), np.complex64), np.zeros((ROWS, 1), np.float32)


def cn(seed, *shape):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((*shape, 2)) @ [0.5**0.5, 0.5**0.5 * 1j]).astype(np.complex64)


def within(samples, theory):
    error = np.std(samples, ddof=1) / np.sqrt(len(samples))
    assert abs(np.mean(samples) - theory) < 4 * error, (np.mean(samples), theory, error)


def through(config, sent, noise=None, n0=0.0):
    noise = np.zeros_like(sent) if noise is None else noise
    waveform = Waveform(GRID, config, tile=len(sent))
    return waveform, *waveform.send(sent, ONE[: len(sent)], NOW[: len(sent)], noise, n0)


@pytest.mark.parametrize("clipping", [-3.0, 0.0, 3.0, 7.0])
def test_clipping_of_a_gaussian_signal(clipping):
    """Bussgang gain a = 1 - exp(-g^2) + sqrt(pi) g erfc(g) / 2, output power 1 - exp(-g^2) and signal-to-distortion
    ratio a^2 / (1 - exp(-g^2) - a^2), both per row; the mean power is 1 again after it."""
    g = 10 ** (clipping / 20)
    power, gain = 1 - exp(-g * g), 1 - exp(-g * g) + sqrt(pi) * g * erfc(g) / 2
    sent = cn(20, ROWS, 1, SYMBOLS, N)
    waveform, received, _ = through(ImpairmentsConfig(clipping_db=clipping), sent)
    own = waveform.channel_response(ONE, NOW)[:, 0]
    np.testing.assert_allclose(own, gain / sqrt(power), rtol=1e-5)
    within(np.mean(np.real(received * sent.conj()), axis=(1, 2, 3)), gain / sqrt(power))
    within(np.mean(np.abs(received) ** 2, axis=(1, 2, 3)), 1.0)
    within(np.mean(np.abs(received - own * sent) ** 2, axis=(1, 2, 3)), (power - gain**2) / power)
    np.testing.assert_allclose(limiter(clipping), (g, gain / sqrt(power), 1 - gain**2 / power), rtol=1e-6)


def test_clipping_keeps_phases_and_small_amplitudes():
    x = 2 * cn(21, 1000)
    y = clip(x, 1.5).numpy()
    np.testing.assert_allclose(np.abs(y), np.minimum(np.abs(x), 1.5), rtol=1e-5)
    np.testing.assert_allclose(np.angle(y), np.angle(x), atol=1e-5)
    assert not np.isnan(clip(np.zeros(3, np.complex64), 1.0).numpy()).any()


def test_every_transmit_antenna_has_its_amplifier():
    """Streams of power 1/4 from four amplifiers are clipped as one of power 1 from one."""
    sent = cn(22, 4, 1, SYMBOLS, N)
    config = ImpairmentsConfig(clipping_db=2.0)
    _, alone, papr = through(config, sent)
    one, now = np.eye(4, dtype=np.complex64)[None, :, :, None, None], np.zeros((1, 1), np.float32)
    together, extras = Waveform(GRID, config, tile=1).send(sent[None, :, 0] / 2, one, now, 0 * sent[None, :, 0], 0.0)
    np.testing.assert_allclose(2 * together[0], alone[:, 0], atol=1e-5)
    np.testing.assert_allclose(extras["papr_db"], papr["papr_db"].max(), atol=1e-4)


@pytest.mark.parametrize(("bits", "step", "error"), [(1, 1.596, 0.3634), (2, 0.9957, 0.1188), (3, 0.5860, 0.03744),
                                                     (4, 0.3352, 0.01154), (5, 0.1881, 0.003495)])
def test_converter_is_the_best_uniform_one(bits, step, error):
    """Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory, 1960, table II (2 to 32 levels)."""
    np.testing.assert_allclose(converter(bits), (step, error), rtol=1e-3)
    x = cn(23 + bits, 400, 500) * np.float32(sqrt(2))  # variance 1 in each part
    y = quantise(x, converter(bits)[0], bits).numpy()
    assert len(np.unique(y.real)) == 2**bits
    within(np.mean(np.abs(x - y) ** 2, axis=1) / 2, converter(bits)[1])
    within(np.mean(np.real(y * x.conj()), axis=1) / 2, 1 - converter(bits)[1])


@pytest.mark.parametrize("bits", [6, 8, 10])
def test_converter_gains_six_db_a_bit(bits):
    """Loaded to a sigma: error step^2 / 12 and, beyond the load, 2 E[(x - top level)^2; x > a]; where that is nothing,
    6.02 bits + 4.77 - 20 log10(a) dB (Bennett, Bell Syst. Tech. J., 1948). By integration, no random numbers."""
    x = np.linspace(-9, 9, 400_001)
    weight = np.exp(-x * x / 2) / np.sum(np.exp(-x * x / 2))

    def error(step):
        return np.sum(weight * (x - quantise(x + 0j, step, bits).numpy().real) ** 2)

    for load in (4.0, 6.0):
        step = load / 2 ** (bits - 1)
        top, density = load - step / 2, exp(-(load**2) / 2) / sqrt(2 * pi)
        beyond = (1 + top**2) * erfc(load / sqrt(2)) + 2 * (load - 2 * top) * density
        np.testing.assert_allclose(error(step), step**2 / 12 + beyond, rtol=2e-3)
        assert error(step) > converter(bits)[1]  # the best loading is better
    assert abs(-10 * np.log10(error(step)) - (6.02 * bits + 4.77 - 20 * np.log10(6))) < 0.02
    np.testing.assert_allclose(error(converter(bits)[0]), converter(bits)[1], rtol=2e-3)


@pytest.mark.parametrize("bits", [2, 5])
def test_converter_in_the_link(bits):
    """With noise, gain control and fading: unit response, error D / (1 - D) of the power received."""
    sent, noise = cn(31, ROWS, 1, SYMBOLS, N), cn(32, ROWS, 1, SYMBOLS, N)
    waveform = Waveform(GRID, ImpairmentsConfig(adc_bits=bits), tile=ROWS)
    gain = np.random.default_rng(33).uniform(0.1, 3, (ROWS, 1, 1, 1, 1)).astype(np.complex64)
    received, _ = waveform.send(sent, gain, NOW, noise, 0.25)
    linear = gain[..., 0] * sent + 0.5 * noise
    power = np.abs(gain[:, 0, 0, 0, 0]) ** 2 + 0.25
    error = np.mean(np.abs(received - linear) ** 2, axis=(1, 2, 3)) / power
    within(error, converter(bits)[1] / (1 - converter(bits)[1]))
    within(np.mean(np.real(received * linear.conj()), axis=(1, 2, 3)) / power, 1.0)


def test_peaks_of_ofdm():
    """P(PAPR <= g) = (1 - exp(-g))^n over n samples at the Nyquist rate, those of a slot, for Gaussian symbols
    (exactly; van Nee and Prasad, "OFDM for wireless multimedia communications", 2000).
    Kolmogorov-Smirnov, level 1e-3."""
    sent = cn(34, 2000, 1, SYMBOLS, N)
    one, now = np.ones((2000, 1, 1, 1, 1), np.complex64), np.zeros((2000, 1), np.float32)
    _, extras = Waveform(GRID, tile=500).send(sent, one, now, np.zeros_like(sent), 0.0)
    papr = 10 ** (extras["papr_db"].astype(np.float64) / 10)
    assert kstest(papr, lambda g: (1 - np.exp(-g)) ** (SYMBOLS * N)).pvalue > 1e-3
