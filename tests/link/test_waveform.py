"""Waveform: the time domain against the frequency domain and against a chain of explicit samples."""

import numpy as np
import pytest
from pydantic import ValidationError

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.grid import GridConfig
from linksim.link.waveform.impairments import ImpairmentsConfig
from linksim.link.waveform.waveform import Waveform

GRID = GridConfig(fft_size=32, symbols_per_slot=6, pilot_symbols=[1], cyclic_prefix=5)
RATE = 32 * 15e3
SAMPLES = 6 * 37


def cn(rng, *shape):
    return (rng.standard_normal((*shape, 2)) @ [0.5**0.5, 0.5**0.5 * 1j]).astype(np.complex64)


def db(error, reference):
    return 10 * np.log10(np.linalg.norm(error) ** 2 / np.linalg.norm(reference) ** 2)


def frequency_response(gains, delays):
    """complex128 [T, rx, tx, 1, N] of gains [T, rx, tx, P, 1], DC at N // 2."""
    subcarrier = (np.arange(32) - 16) * 15e3
    turned = np.exp(-2j * np.pi * delays[..., None] * subcarrier)
    return np.einsum("trsp,tpk->trsk", gains[..., 0], turned)[..., None, :]


def test_within_the_prefix_both_domains_agree():
    """Delays anywhere within the prefix, 3 x 2 antennas, four slots in tiles of three."""
    rng = np.random.default_rng(1)
    sent, gains = cn(rng, 4, 2, 6, 32), cn(rng, 4, 3, 2, 5, 1)
    delays = rng.uniform(0, 5 / RATE, (4, 5)).astype(np.float32)
    waveform, silence = Waveform(GRID, tile=3), np.zeros((4, 3, 6, 32), np.complex64)
    response = frequency_response(gains, delays)
    expected = np.einsum("trsmk,tsmk->trmk", np.broadcast_to(response, (4, 3, 2, 6, 32)), sent)
    received, extras = waveform.send(sent, gains, delays, silence, 0.0)
    assert received.dtype == np.complex64 and extras["papr_db"].shape == (4,)
    assert db(received - expected, expected) < -100  # float32; no sinc taps, nothing truncated
    seen = waveform.channel_response(gains, delays)
    assert seen.shape == (4, 3, 2, 6, 32) and db(seen - response, np.broadcast_to(response, seen.shape)) < -100


def test_noise_is_that_of_the_frequency_domain():
    rng = np.random.default_rng(2)
    sent, noise, one = cn(rng, 2, 1, 6, 32), cn(rng, 2, 1, 6, 32), np.ones((2, 1, 1, 1, 1), np.complex64)
    received, _ = Waveform(GRID, tile=2).send(sent, one, np.zeros((2, 1), np.float32), noise, 0.04)
    np.testing.assert_allclose(received - sent, 0.2 * noise, atol=1e-6)


def explicit(sent, gains, delays):
    """The same by Sionna: samples with prefixes, taps of a moving channel, FFT. delays: whole samples [P]."""
    import tensorflow as tf
    from sionna.phy.channel import ApplyTimeChannel
    from sionna.phy.ofdm import OFDMDemodulator, OFDMModulator

    slots, rx, tx, _, samples = gains.shape
    taps = np.zeros((slots, rx, tx, samples + max(delays), max(delays) + 1), np.complex64)
    for path, delay in enumerate(delays):
        taps[..., :samples, delay] += gains[..., path, :]
    samples_sent = OFDMModulator(5)(tf.constant(sent))
    channel = ApplyTimeChannel(samples, max(delays) + 1)
    received = channel(samples_sent[:, None], taps[:, None, :, None])[:, 0]
    return OFDMDemodulator(32, 0, 5)(received[..., :samples]).numpy()


@pytest.mark.parametrize("delays", [[0, 2, 5], [0, 6, 20], [3, 37]])
def test_moving_channel_agrees_with_explicit_samples(delays):
    """Also where the prefix is too short; the first OFDM symbol follows silence."""
    rng = np.random.default_rng(3)
    sent, gains = cn(rng, 3, 2, 6, 32), cn(rng, 3, 2, 2, len(delays), SAMPLES)
    expected = explicit(sent, gains, delays)
    seconds = np.tile(np.float32(delays) / np.float32(RATE), (3, 1))
    silence = np.zeros((3, 2, 6, 32), np.complex64)
    received, _ = Waveform(GRID, tile=4).send(sent, gains, seconds, silence, 0.0)
    assert db(received - expected, expected) < -100


def test_slots_of_a_burst_follow_each_other():
    """With the last symbol of the slot before, two slots are a slot of twice the length."""
    rng = np.random.default_rng(4)
    sent, gains = cn(rng, 1, 1, 12, 32), cn(rng, 1, 1, 1, 3, 1)
    delays, silence = np.float32([[0, 7.3, 19]]) / np.float32(RATE), np.zeros((1, 1, 12, 32), np.complex64)
    long = GridConfig(fft_size=32, symbols_per_slot=12, pilot_symbols=[1], cyclic_prefix=5)
    whole, _ = Waveform(long, tile=1).send(sent, gains, delays, silence, 0.0)
    first, second = sent[:, :, :6], sent[:, :, 6:]
    waveform = Waveform(GRID, tile=1)
    for part, before, expected in ((first, None, whole[:, :, :6]), (second, first[:, :, -1], whole[:, :, 6:])):
        received, _ = waveform.send(part, gains, delays, silence[:, :, :6], 0.0, before=before)
        np.testing.assert_allclose(received, expected, atol=1e-5)


def test_response_is_the_diagonal_of_the_channel_matrix():
    """Each resource element alone on the air comes back as channel_response says, all hardware but ADC on."""
    rng = np.random.default_rng(5)
    gains, delays = cn(rng, 1, 1, 1, 3, SAMPLES), np.float32([[0, 4.4, 11]]) / np.float32(RATE)
    config = ImpairmentsConfig(cfo_hz=900, phase_noise_hz=300)
    oscillator = config.oscillator(Draw(1, np.arange(1), np.arange(1)), GRID, 1)[:, 0]
    waveform = Waveform(GRID, config, tile=32)
    seen = waveform.channel_response(gains, delays, oscillator)
    sent = np.zeros((32, 1, 6, 32), np.complex64)
    symbol = rng.integers(0, 6, 32)
    sent[np.arange(32), 0, symbol, np.arange(32)] = 1

    def same(array):
        return np.repeat(array, 32, axis=0)

    received, _ = waveform.send(sent, same(gains), same(delays), 0 * sent, 0.0, same(oscillator))
    diagonal = received[np.arange(32), 0, symbol, np.arange(32)]
    np.testing.assert_allclose(diagonal, seen[0, 0, 0, symbol, np.arange(32)], atol=2e-6)


def test_few_instants_are_enough_for_a_moving_channel():
    """Linear interpolation between `instants` of a 400 Hz Doppler shift, against every sample: below -60 dB."""
    waveform = Waveform(GRID, tile=1)
    slot = SAMPLES / RATE

    def gains(at):
        return np.exp(2j * np.pi * np.array([[400.0], [-230.0]]) * at)[None, None, None].astype(np.complex64)

    few, all_ = gains(np.arange(waveform.instants) * slot / (waveform.instants - 1)), gains(np.arange(SAMPLES) / RATE)
    assert all_.shape[-1] == waveform.samples
    rng = np.random.default_rng(6)
    sent, delays = cn(rng, 1, 1, 6, 32), np.float32([[0, 3]]) / np.float32(RATE)
    a, b = (waveform.send(sent, g, delays, 0 * sent, 0.0)[0] for g in (few, all_))
    assert db(a - b, b) < -60
    a, b = (waveform.channel_response(g, delays) for g in (few, all_))
    assert db(a - b, b) < -60


@pytest.mark.parametrize("guards", [(0, 0), (3, 2)])
def test_interference_is_what_the_response_leaves_out(guards):
    """All impairments, moving paths beyond the prefix, 2 x 2 antennas, noise: within 3 % of what is measured on 600
    slots, and correlated from slot to slot. With guards a bound: of white interference their share would fall there."""
    grid = GRID.model_copy(update={"guards": guards, "dc_null": any(guards)})
    rng, rows, n0 = np.random.default_rng(8), 600, 0.05
    config = ImpairmentsConfig(cfo_hz=400, phase_noise_hz=100, clipping_db=4, adc_bits=5)
    waveform, draw = Waveform(grid, config, tile=200), Draw(2, np.arange(rows), np.arange(rows))
    oscillator = config.oscillator(draw, grid, 1)[:, 0]
    shift = rng.uniform(-600, 600, (rows, 2, 2, 3, 1)) * np.arange(SAMPLES) / RATE
    gains = (cn(rng, rows, 2, 2, 3, 1) * np.exp(2j * np.pi * shift) / 3**0.5).astype(np.complex64)
    delays = rng.uniform(0, 14 / RATE, (rows, 3)).astype(np.float32)
    sent, before, noise = cn(rng, rows, 2, 6, 32), cn(rng, rows, 2, 32), cn(rng, rows, 2, 6, 32)
    used = np.isin(np.arange(32), grid.used)
    sent, before = (a * np.float32(0.5**0.5) * used for a in (sent, before))
    received, _ = waveform.send(sent, gains, delays, noise, n0, oscillator, before)
    response = waveform.channel_response(gains, delays, oscillator)
    rest = received - n0**0.5 * noise - np.einsum("trsmk,tsmk->trmk", response, sent)
    measured = np.mean(np.abs(rest[..., used]) ** 2, axis=(1, 2, 3))
    told = waveform.interference(gains, delays, n0, oscillator)
    assert told.shape == (rows, 2, 6) and told.dtype == np.float32
    told = told.mean(axis=(1, 2))
    assert 0.97 * used.mean() < measured.mean() / told.mean() < 1.03
    assert np.corrcoef(measured, told)[0, 1] > 0.9
    still = Waveform(grid, tile=rows).interference(gains[..., :1], np.minimum(delays, 4 / np.float32(RATE)), n0)
    assert not still.any()  # within the prefix, at rest: nothing, and nothing made up


def test_rows_do_not_depend_on_company():
    rng = np.random.default_rng(7)
    sent, gains, noise = cn(rng, 5, 1, 6, 32), cn(rng, 5, 1, 1, 3, SAMPLES), cn(rng, 5, 1, 6, 32)
    delays = rng.uniform(0, 10 / RATE, (5, 3)).astype(np.float32)
    waveform = Waveform(GRID, ImpairmentsConfig(clipping_db=3, adc_bits=5), tile=4)
    whole, extras = waveform.send(sent, gains, delays, noise, 0.1)
    pick = [4, 1]
    part, extra = waveform.send(sent[pick], gains[pick], delays[pick], noise[pick], 0.1)
    np.testing.assert_array_equal(part, whole[pick])
    np.testing.assert_array_equal(extra["papr_db"], extras["papr_db"][pick])


def test_oscillator_is_keyed_and_continuous():
    draw, config = Draw(3, np.arange(4), np.zeros(4, np.int64)), ImpairmentsConfig(cfo_hz=-1e3, phase_noise_hz=50)
    assert ImpairmentsConfig(clipping_db=6).oscillator(draw, GRID, 2) is None
    long = config.oscillator(draw, GRID, 3)
    assert long.shape == (4, 3, SAMPLES) and long.dtype == np.complex64
    np.testing.assert_array_equal(config.oscillator(draw, GRID, 1), long[:, :1])
    alone = config.oscillator(Draw(3, np.arange(4)[2:3], np.zeros(1, np.int64)), GRID, 3)
    np.testing.assert_array_equal(alone, long[2:3])
    phase = np.unwrap(np.angle(long.reshape(4, -1).astype(np.complex128)))
    np.testing.assert_allclose(np.abs(long), 1, atol=1e-6)
    assert np.abs(np.diff(phase)).max() < 2 * np.pi * 1e3 / RATE + 6 * np.sqrt(2 * np.pi * 50 / RATE)
    offset = ImpairmentsConfig(cfo_hz=-1e3).oscillator(draw, GRID, 3).reshape(4, -1)
    np.testing.assert_allclose(offset[0], np.exp(-2j * np.pi * 1e3 * np.arange(3 * SAMPLES) / RATE), atol=1e-5)


def test_bad_input_is_named():
    for bad in ({"phase_noise_hz": -1}, {"adc_bits": 0}, {"adc_bits": 20}, {"clipping_db": 90}, {"cfo_hz": np.inf},
                {"clip": 3}):
        with pytest.raises(ValidationError, match=next(iter(bad))):
            ImpairmentsConfig(**bad)
    assert ImpairmentsConfig(cfo_hz=5, adc_bits=4).asked() == ["cfo_hz=5.0", "adc_bits=4"]
    assert ImpairmentsConfig(clipping_db=0).asked() == ["clipping_db=0.0"] and not ImpairmentsConfig().asked()
    with pytest.raises(UserError, match="cfo_hz: must lie between -7500 and 7500 Hz"):
        Waveform(GRID, ImpairmentsConfig(cfo_hz=8e3))
    waveform, z = Waveform(GRID, tile=1), np.zeros
    sent, gains = z((1, 1, 6, 32), np.complex64), z((1, 1, 1, 2, 1), np.complex64)
    for delay in (1e-3, -1e-6, np.nan):
        with pytest.raises(UserError, match="delays must lie between 0 and one OFDM symbol"):
            waveform.send(sent, gains, np.float32([[0, delay]]), sent, 0.0)
    with pytest.raises(ValueError, match="slots or paths"):
        waveform.send(sent, gains, z((1, 3), np.float32), sent, 0.0)
    with pytest.raises(ValueError, match="symbols and subcarriers"):
        waveform.send(sent[..., :30], gains, z((1, 2), np.float32), sent, 0.0)


@pytest.mark.parametrize("doppler", [50.0, 4000.0, 12000.0])
def test_a_fast_path_keeps_its_power(doppler):
    """A path of one Doppler shift given at `instants`: linear interpolation cuts the corners of its turns."""
    waveform = Waveform(GRID, tile=1, doppler_hz=doppler)
    assert waveform.instants == 1 + 6 * 8 or doppler > 50
    time = np.arange(waveform.instants) * GRID.slot_seconds / (waveform.instants - 1)
    gains = np.exp(2j * np.pi * doppler * time).astype(np.complex64)[None, None, None, None]
    sent = cn(np.random.default_rng(8), 1, 1, 6, 32)
    received, _ = waveform.send(sent, gains, np.zeros((1, 1), np.float32), 0 * sent, 0.0)
    assert np.linalg.norm(received) ** 2 / np.linalg.norm(sent) ** 2 == pytest.approx(1, abs=0.01)
