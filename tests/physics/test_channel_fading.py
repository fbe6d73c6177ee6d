"""Fading against its distributions. Seeds fixed beforehand; each Kolmogorov-Smirnov test has a false alarm of 1e-3."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from linksim.link.burst import Draw
from linksim.link.channels.shadowed_rician import SHADOWING
from linksim.registry import lookup

DRAW = Draw(11, np.arange(20_000), np.zeros(20_000, int))
FADINGS = [{}, {"fading": "fast"}, {"fading": "jakes", "speed": 120}]


def envelope(name, **keys):
    """|h| of one antenna pair at a late instant and one frequency, [20,000]."""
    model = lookup("channel", name)
    channel = model(model.Config(model=name, **keys), 2, 1)
    return np.abs(channel.response(DRAW, 8, 1e-3, np.array([1e6])))[:, 1, 0, -1, 0].astype(float)


@pytest.mark.parametrize("fading", FADINGS, ids=str)
def test_rayleigh_envelope(fading):
    r = envelope("rayleigh", **fading)
    assert stats.kstest(r, "rayleigh", args=(0, np.sqrt(0.5))).pvalue > 1e-3


@pytest.mark.parametrize("k_db", [-5, 3, 15])
@pytest.mark.parametrize("fading", FADINGS, ids=str)
def test_rician_envelope(fading, k_db):
    k = 10 ** (k_db / 10)
    r = envelope("rician", k_db=k_db, **fading)
    assert stats.kstest(r, stats.rice(np.sqrt(2 * k), scale=np.sqrt(0.5 / (k + 1))).cdf).pvalue > 1e-3


@pytest.mark.parametrize("shadowing", SHADOWING)
def test_shadowed_rician_envelope(shadowing):
    """p(r) = (2bm / (2bm + omega))^m (r/b) exp(-r^2 / 2b) 1F1(m; 1; omega r^2 / (2b (2bm + omega))): Abdi 2003, (3)."""
    b, m, omega = SHADOWING[shadowing]
    grid = np.linspace(0, 8 * np.sqrt(2 * b + omega), 20_001)
    density = (2 * b * m / (2 * b * m + omega)) ** m * grid / b * np.exp(-(grid**2) / (2 * b)) * special.hyp1f1(
        m, 1, omega * grid**2 / (2 * b * (2 * b * m + omega)))
    cumulative = integrate.cumulative_simpson(np.nan_to_num(density), x=grid, initial=0)
    assert cumulative[-1] == pytest.approx(1, abs=1e-4)
    r = envelope("shadowed-rician", shadowing=shadowing) * np.sqrt(2 * b + omega)
    assert stats.kstest(r, lambda x: np.interp(x, grid, cumulative)).pvalue > 1e-3


@pytest.mark.parametrize("name", ["rayleigh", "tdl-b"])
def test_jakes_autocorrelation(name):
    """E[h(t) h*(t + tau)] = J0(2 pi f_D tau) within .03 for f_D tau up to 2, real and imaginary part (2,000 drops of
    one tap, or 500 of 4 taps, 16 antenna pairs each: a lag's standard error is near .006); at the speed asked for."""
    model = lookup("channel", name)
    keys = {"fading": "jakes"} if name == "rayleigh" else {}
    channel = model(model.Config(model=name, speed=108, carrier=2.998e9, **keys), 4, 4)
    assert channel.doppler_hz == pytest.approx(300, rel=1e-3)
    lags, rows = np.arange(16) / 8, 2000 if name == "rayleigh" else 500
    gains = channel.paths(Draw(12, np.arange(rows), np.zeros(rows, int)), 16, 0.125 / channel.doppler_hz).gains
    gains = gains[:, :, :, :4] / np.sqrt(np.mean(np.abs(gains[:, :, :, :4]) ** 2, axis=(0, 1, 2, 4), keepdims=True))
    seen = np.mean(gains[..., :1].conj() * gains, axis=(0, 1, 2, 3))
    assert np.abs(seen - special.j0(2 * np.pi * lags)).max() < 0.03


def test_line_of_sight_has_its_own_doppler_shift():
    """At K = 40 dB the phase turns at one rate per drop, f_D cos(uniform angle), whose density peaks at the ends."""
    model = lookup("channel", "rician")
    channel = model(model.Config(model="rician", k_db=40, fading="jakes", speed=100))
    gains = channel.paths(Draw(13, np.arange(2000), np.zeros(2000, int)), 2, 0.1 / channel.doppler_hz).gains
    rate = np.angle(gains[..., 1] * gains[..., 0].conj()).ravel() / (2 * np.pi * 0.1)
    assert np.abs(rate).max() < 1.1
    assert stats.kstest(rate, lambda x: 1 - np.arccos(np.clip(x, -1, 1)) / np.pi).statistic < 0.06
