"""Interference of the time-domain link against its closed forms: prefix, Doppler, frequency offset, phase noise.

Statistical checks: |mean - theory| below 4 standard errors over independent slots (false alarm 6e-5 each).
"""

import numpy as np
import pytest
from scipy.special import j0

from linksim.link.burst import Draw
from linksim.link.grid import GridConfig
from linksim.link.waveform.impairments import ImpairmentsConfig
from linksim.link.waveform.waveform import Waveform

N, PREFIX, SYMBOLS = 64, 6, 7
GRID = GridConfig(fft_size=N, symbols_per_slot=SYMBOLS, pilot_symbols=[1], cyclic_prefix=PREFIX)
RATE, SAMPLES, T = N * 15e3, SYMBOLS * (N + PREFIX), 1 / 15e3


def qpsk(rng, *shape):
    return ((rng.integers(0, 2, (*shape, 2)) * 2 - 1) @ [0.5**0.5, 0.5**0.5 * 1j]).astype(np.complex64)


def interference(waveform, sent, gains, delays, oscillator=None):
    """float64 [T, symbols]: power received per resource element beside the response times what was sent."""
    silence = np.zeros_like(sent)
    received, _ = waveform.send(sent, gains, delays, silence, 0.0, oscillator)
    rest = received - waveform.channel_response(gains, delays, oscillator)[:, 0] * sent
    return np.mean(np.abs(rest) ** 2, axis=(1, 3), dtype=np.float64)


def close(samples, theory):
    """samples: [T], independent."""
    error = np.std(samples, ddof=1) / np.sqrt(len(samples))
    assert abs(np.mean(samples) - theory) < 4 * error, (np.mean(samples), theory, error)
    assert error < 0.05 * theory  # the check says something


ONE, NOW = np.ones((200, 1, 1, 1, 1), np.complex64), np.zeros((200, 1), np.float32)


def test_interference_of_a_short_prefix():
    """A path of power p that comes e samples after the prefix brings p e/N of the symbol before and p (e/N)(1 - e/N)
    of other subcarriers (Nguyen and Kuchenbecker, "Intercarrier and intersymbol interference analysis of OFDM
    systems on time-invariant channels", PIMRC 2002); what is left of its own is p (1 - e/N)^2."""
    rng = np.random.default_rng(10)
    power, delay = np.array([0.5, 0.3, 0.2]), np.array([2, PREFIX + 9, PREFIX + 30])
    late = np.array([0, 9, 30]) / N
    gains = np.sqrt(power)[:, None] * np.exp(2j * np.pi * rng.random((200, 1, 1, 3, 1)))
    delays = np.tile(np.float32(delay) / np.float32(RATE), (200, 1))
    waveform, gains = Waveform(GRID, tile=200), gains.astype(np.complex64)
    seen = interference(waveform, qpsk(rng, 200, 1, SYMBOLS, N), gains, delays)
    close(seen[:, 1:].mean(axis=1), np.sum(power * (2 * late - late**2)))
    close(seen[:, 0], np.sum(power * late * (1 - late)))  # silence before: no inter-symbol interference
    kept = np.mean(np.abs(waveform.channel_response(gains, delays)) ** 2, axis=(1, 2, 3, 4))
    np.testing.assert_allclose(kept, np.sum(power * (1 - late) ** 2), rtol=1e-5)


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_interference_of_jakes_doppler(spread):
    """1 - (N + 2 sum_i (N - i) J0(2 pi f_D T i / N)) / N^2 (Russell and Stueber, "Interchannel interference analysis of
    OFDM in a mobile environment", VTC 1995), below (pi f_D T)^2 / 6 (Li and Cimini, "Bounds on the interchannel
    interference of OFDM in time-varying impairments", IEEE Trans. Commun., 2001). spread: f_D T."""
    rng = np.random.default_rng(11)
    angle, phase = 2 * np.pi * rng.random((2, 1000, 32, 1))
    shift = 2 * np.pi * spread / T * np.cos(angle)
    gains = np.mean(np.exp(1j * (shift * np.arange(SAMPLES) / RATE + phase)), axis=1) * np.sqrt(32)
    i = np.arange(1, N)
    theory = 1 - (N + 2 * np.sum((N - i) * j0(2 * np.pi * spread * i / N))) / N**2
    assert 0.9 * (np.pi * spread) ** 2 / 6 < theory <= (np.pi * spread) ** 2 / 6
    gains = gains.astype(np.complex64)[:, None, None, None]
    sent, now = qpsk(rng, 1000, 1, SYMBOLS, N), np.zeros((1000, 1), np.float32)
    seen = interference(Waveform(GRID, tile=250), sent, gains, now)
    close(seen.mean(axis=1), theory)


@pytest.mark.parametrize("offset", [0.02, -0.3])
def test_frequency_offset(offset):
    """Subcarrier l goes to k with sin(pi d) / (N sin(pi d / N)) exp(j pi d (N - 1) / N), d = l - k + offset, after the
    rotation of the time since the burst began (Moose, IEEE Trans. Commun., 1994). To the bit of float32."""
    config, rng = ImpairmentsConfig(cfo_hz=offset * 15e3), np.random.default_rng(12)
    sent, waveform = qpsk(rng, 1, 1, SYMBOLS, N), Waveform(GRID, config, tile=1)
    oscillator = config.oscillator(Draw(0, np.arange(1), np.arange(1)), GRID, 2)[:, 1]
    shift = np.arange(N) - np.arange(N)[:, None] + offset
    leak = np.sin(np.pi * shift) / (N * np.sin(np.pi * shift / N)) * np.exp(1j * np.pi * shift * (N - 1) / N)
    start = SAMPLES + PREFIX + (PREFIX + N) * np.arange(SYMBOLS)  # the second slot
    turn = np.exp(2j * np.pi * offset * start / N)[:, None]
    received, _ = waveform.send(sent, ONE[:1], NOW[:1], 0 * sent, 0.0, oscillator)
    np.testing.assert_allclose(received[0, 0], turn * (sent[0, 0] @ leak.T), atol=2e-5)
    kept = waveform.channel_response(ONE[:1], NOW[:1], oscillator)[0, 0, 0]
    np.testing.assert_allclose(kept, np.broadcast_to(turn * leak[0, 0], kept.shape), atol=2e-6)
    sent = qpsk(rng, 200, 1, SYMBOLS, N)
    seen = interference(waveform, sent, ONE, NOW, np.repeat(oscillator, 200, axis=0))
    close(seen.mean(axis=1), 1 - abs(leak[0, 0]) ** 2)


@pytest.mark.parametrize("linewidth", [20.0, 1000.0])
def test_phase_noise(linewidth):
    """Interference 1 - E|mean of exp(j phi) over the window|^2, with E exp(j (phi_i - phi_l)) = exp(-pi linewidth
    |i - l| / W); about pi linewidth T / 3 where that is small (Pollet, van Bladel, Moeneclaey, "BER sensitivity of OFDM
    systems to carrier frequency offset and Wiener phase noise", IEEE Trans. Commun., 1995)."""
    rows = 1000
    config, rng = ImpairmentsConfig(phase_noise_hz=linewidth), np.random.default_rng(13)
    oscillator = config.oscillator(Draw(14, np.arange(rows), np.zeros(rows, np.int64)), GRID, 1)[:, 0]
    lag = np.abs(np.arange(N) - np.arange(N)[:, None]) / RATE
    theory = 1 - np.mean(np.exp(-np.pi * linewidth * lag))
    assert abs(theory / (np.pi * linewidth * T / 3) - 1) < 0.06
    one, now = np.ones((rows, 1, 1, 1, 1), np.complex64), np.zeros((rows, 1), np.float32)
    seen = interference(Waveform(GRID, config, tile=250), qpsk(rng, rows, 1, SYMBOLS, N), one, now, oscillator)
    close(seen.mean(axis=1), theory)


def test_phase_noise_is_a_wiener_process_of_its_linewidth():
    """E exp(j (phi(t) - phi(0))) = exp(-pi linewidth t): a Lorentzian line of that full width at half maximum."""
    config = ImpairmentsConfig(phase_noise_hz=400.0)
    oscillator = config.oscillator(Draw(15, np.arange(4000), np.zeros(4000, np.int64)), GRID, 2).reshape(4000, -1)
    for lag in (50, 400, 900):
        close(np.real(oscillator[:, lag] * oscillator[:, 0].conj()), np.exp(-np.pi * 400 * lag / RATE))
