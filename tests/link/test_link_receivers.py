"""Links with estimated channels, several antennas, search and waveforms: the same contract as the simplest one."""

from functools import cache

import numpy as np
import pytest

from linksim.link import esm, qam
from linksim.link.burst import PURPOSES, Burst, Draw
from linksim.link.equaliser import combine, separate
from linksim.link.link import Link, LinkConfig

GRID = {"fft_size": 16, "symbols_per_slot": 7, "pilot_symbols": [1, 4], "guards": [1, 0], "pilot_spacing": 2,
        "cyclic_prefix": 4}
RAYLEIGH, MOVING = {"model": "rayleigh"}, {"model": "rayleigh", "fading": "jakes", "speed": 60}
TWO, FADED = {"receive": 2, "transmit": 2}, {"model": "tdl-a", "delay_spread": 1e-7}
LINKS = {
    "ls": {"channel": MOVING, "csi": "ls"},
    "lmmse 2x2": {"channel": FADED, "csi": "lmmse", "antennas": TWO},
    "zf 3x2 fast": {"channel": {"model": "rayleigh", "fading": "fast"}, "equaliser": "zf",
                    "antennas": {"receive": 3, "transmit": 2}},
    "kbest": {"channel": MOVING, "equaliser": "kbest", "antennas": TWO},
    "time": {"channel": FADED, "domain": "time", "csi": "ls", "impairments": {"phase_noise_hz": 5.0, "adc_bits": 10}},
}


@cache
def link(name):
    return Link(LinkConfig(**{"grid": GRID, **LINKS[name]}), tile=2)


def burst(rows=5, most=331, header=24, uses=61, bits=2, seed=0):
    rng = np.random.default_rng(seed)
    length = rng.integers(most // 2, most + 1, rows).astype(np.int32)
    symbols = qam.modulate(rng.integers(0, 2, (rows, most * bits), np.uint8), bits)
    symbols = np.where(np.arange(most) < length[:, None], symbols, 0).astype(np.complex64)
    return Burst(symbols, length, rng.integers(0, 2, (rows, header), np.uint8), uses, {"payload": length}, bits)


def draw(rows=5, seed=3):
    return Draw(seed, np.arange(rows) + 10, np.arange(rows) % 2)


@pytest.mark.parametrize("name", LINKS)
def test_what_is_sent_arrives_and_nothing_else(name):
    b = burst()
    r = link(name).transmit(b, 45.0, draw())
    sent = np.arange(b.symbols.shape[1]) < b.length[:, None]
    assert r.header_ok.all() and np.array_equal(r.header, b.header)
    assert not r.symbols[~sent].any() and not r.noise_variance[~sent].any()
    assert np.isfinite(r.symbols).all() and (r.noise_variance[sent] > 0).all()
    assert np.mean(np.abs(r.symbols - b.symbols)[sent] < 0.5) > 0.97
    if name == "kbest":
        assert r.llr.shape == (5, 331 * 2) and r.llr.dtype == np.float32
        assert not r.llr.reshape(5, 331, 2)[~sent].any()
        decided = qam.modulate((r.llr < 0).astype(np.uint8), 2)
        assert np.mean(np.abs(decided - b.symbols)[sent] < 1e-3) > 0.999
    else:
        assert r.llr is None


@pytest.mark.parametrize("name", LINKS)
def test_rows_do_not_depend_on_company(name):
    """To the bit: another order, one row alone, a longer N."""
    b, d = burst(), draw()
    whole = link(name).transmit(b, 8.0, d)
    for rows in ([4, 2, 0], [3]):
        part = link(name).transmit(b.rows(rows), 8.0, Draw(d.seed, d.picture[rows], d.realisation[rows]))
        np.testing.assert_array_equal(part.symbols, whole.symbols[rows])
        np.testing.assert_array_equal(part.noise_variance, whole.noise_variance[rows])
        np.testing.assert_array_equal(part.header_ok, whole.header_ok[rows])
        if whole.llr is not None:
            np.testing.assert_array_equal(part.llr, whole.llr[rows])
    wide = Burst(np.pad(b.symbols, ((0, 0), (0, 300))), b.length, b.header, b.header_uses, b.ledger, 2)
    np.testing.assert_array_equal(link(name).transmit(wide, 8.0, d).symbols[:, :331], whole.symbols)


@pytest.mark.parametrize("name", LINKS)
def test_ledger_sums_to_the_uses(name):
    b = burst()
    ledger = link(name).ledger(b)
    assert set(ledger) == set(PURPOSES)
    np.testing.assert_array_equal(sum(ledger.values()), link(name).uses(61 + b.length))
    np.testing.assert_array_equal(link(name).capacity(sum(ledger.values())), 61 + b.length)
    slots = -(-(61 + b.length) // link(name).grid.data_per_slot)
    np.testing.assert_array_equal(ledger["pilots"], slots * 2 * 8 * link(name).grid.streams)


def test_search_leaves_shared_and_unfilled_elements_to_the_equaliser():
    """Header and payload share a resource element (61 is odd), and odd bursts leave a stream silent in the last."""
    b = burst(uses=61)
    r = link("kbest").transmit(b, 10.0, draw())
    llr = r.llr.reshape(5, 331, 2)
    equalised = qam.demodulate(r.symbols, r.noise_variance, 2).reshape(llr.shape)
    same = np.all(llr == equalised, axis=2)
    assert same[:, 0].all() and not same[:, 1:150].any()
    for row, length in enumerate(b.length):
        assert same[row, length - 1] == ((61 + length) % 2 == 1)


def test_search_needs_a_constellation():
    b = burst()
    with pytest.raises(ValueError, match="constellation"):
        link("kbest").transmit(Burst(b.symbols, b.length, b.header, b.header_uses, b.ledger), 10.0, draw())


@pytest.mark.parametrize("extra", [{}, {"csi": "lmmse"}, {"antennas": TWO}])
def test_both_domains_agree_where_there_is_no_interference(extra):
    """One path, a channel at rest, one or two antennas: the same noise and the same gains."""
    b, d = burst(), draw()
    received = [Link(LinkConfig(channel=RAYLEIGH, grid=GRID, domain=domain, **extra), tile=2).transmit(b, 20.0, d)
                for domain in ("frequency", "time")]
    np.testing.assert_allclose(received[0].symbols, received[1].symbols, atol=2e-4)
    np.testing.assert_allclose(received[0].noise_variance, received[1].noise_variance, rtol=1e-3)


@pytest.mark.parametrize("channel", [RAYLEIGH, {"model": "awgn"}])
def test_effective_snr_of_one_gain_is_exact(channel):
    here, d = Link(LinkConfig(channel=channel, grid=GRID)), draw(50)
    expected = 7.0 + 10 * np.log10(here.gain(d).astype(np.float64))
    for bits in (None, 2, 6):
        np.testing.assert_array_equal(here.effective_snr_db(d, 7.0, 300, bits), expected)


def test_effective_snr_is_the_mean_of_mutual_information():
    """Against the response on every resource element of a selective channel at rest; looking at every fourth
    subcarrier costs little."""
    here, d = Link(LinkConfig(channel={"model": "tdl-a", "delay_spread": 3e-7, "speed": 0})), draw(20)
    response = here.channel.response(d, 1, here.grid.config.symbol_seconds, here.grid.config.frequencies)
    snr = 10 * np.abs(response.reshape(20, -1)) ** 2
    for bits in (None, 4):
        expected = 10 * np.log10(esm.inverse(np.mean(esm.mutual_information(snr, bits), axis=1), bits))
        np.testing.assert_allclose(here.effective_snr_db(d, 10.0, 1500, bits), expected, atol=0.1)


def test_effective_snr_looks_at_what_a_burst_fills():
    """A channel that moves: each row by itself, whatever the others' lengths."""
    here, d = Link(LinkConfig(channel={**MOVING, "speed": 300}, grid=GRID)), draw(8)
    short, long, mixed = (here.effective_snr_db(d, 10.0, n) for n in (15, 3000, np.array([15, 3000] * 4)))
    assert np.abs(short - long).max() > 1
    np.testing.assert_allclose(mixed, np.where(np.arange(8) % 2, long, short), rtol=1e-12)
    first = here.channel.response(d, 1, 1.0, np.zeros(1))[:, 0, 0, 0, 0]
    np.testing.assert_allclose(short, 10 + 20 * np.log10(np.abs(first)), atol=1e-4)


def test_effective_snr_of_two_streams_is_that_of_what_the_equaliser_leaves():
    here, d, b = Link(LinkConfig(channel=RAYLEIGH, grid=GRID, antennas=TWO), tile=2), draw(), burst()
    r = here.transmit(b, 12.0, d)
    two = np.log2(1 + 1 / r.noise_variance[:, 1:3].astype(np.float64)).mean(axis=1)
    np.testing.assert_allclose(here.effective_snr_db(d, 12.0, 61 + b.length), 10 * np.log10(2**two - 1), atol=1e-3)


def test_what_the_receiver_does_not_know_costs_effective_snr():
    d = draw(20)
    perfect, lmmse, ls = (Link(LinkConfig(channel=RAYLEIGH, csi=csi)).effective_snr_db(d, 5.0, 900)
                          for csi in ("perfect", "lmmse", "ls"))
    assert (perfect > lmmse).all() and (lmmse > ls).all() and (perfect - lmmse < 0.1).all()


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("zero_forcing", [False, True])
def test_a_channel_that_is_not_there_says_so(streams, zero_forcing):
    """An impulse response from a file may be zero: finite symbols, and a variance that says they mean nothing."""
    y, h = np.ones((1, 2, 3), np.complex64), np.zeros((1, 2, streams, 1), np.complex64)
    out = combine(y, h[:, :, 0], 0.1) if streams == 1 else separate(y, h, 0.1, zero_forcing)
    assert all(np.isfinite(part.numpy()).all() for part in out) and out[1].numpy().min() > 1e5


@pytest.mark.parametrize("antennas", [{}, TWO])
def test_effective_snr_counts_interference_and_distortion(antennas):
    """In the time domain, as declared with what is received: at 40 dB clipping and Doppler leave half of it."""
    here = Link(LinkConfig(channel={**MOVING, "speed": 1000}, grid={**GRID, "pilot_spacing": 1}, domain="time",
                           antennas=antennas, impairments={"clipping_db": 1.0}), tile=2)
    d, b = draw(), burst(uses=0, header=0)
    r = here.transmit(b, 40.0, d)
    snr = 1 / np.maximum(r.noise_variance.astype(np.float64), 1e-30)
    expected = 10 * np.log10(esm.effective_snr(snr, where=r.noise_variance > 0))
    np.testing.assert_allclose(here.effective_snr_db(d, 40.0, b.length), expected, atol=0.3)
    assert expected.max() < 25


@pytest.mark.parametrize("impairments, channel", [
    ({"clipping_db": 1.0}, {"model": "awgn"}), ({"adc_bits": 3}, RAYLEIGH),
    ({}, {"model": "rayleigh", "fading": "jakes", "speed": 2000})])
def test_the_noise_declared_holds_distortion_and_interference(impairments, channel):
    """At 40 dB nearly all the noise is of the hardware's or the Doppler shift's making."""
    here = Link(LinkConfig(channel=channel, domain="time", impairments=impairments), tile=2)
    b, d = burst(rows=8, most=3000, header=0, uses=0), draw(8)
    r = here.transmit(b, 40.0, d)
    sent = np.arange(3000) < b.length[:, None]
    normalised = (np.abs(r.symbols - b.symbols) ** 2)[sent] / r.noise_variance[sent]
    assert np.mean(normalised) == pytest.approx(1, abs=0.15)
    assert np.mean(r.noise_variance[sent] * here.gain(d)[:, None].repeat(3000, axis=1)[sent]) > 3e-4


def test_papr_is_that_of_the_samples():
    """Against an inverse FFT by hand: of one slot the largest sample's power over the mean of a full grid."""
    here = Link(LinkConfig(channel={"model": "awgn"}, grid={"pilot_symbols": [], "fft_size": 32}), tile=2)
    length = np.array([448, 0, 448], np.int32)
    symbols = qam.modulate(np.random.default_rng(4).integers(0, 2, (3, 448 * 2), np.uint8), 2)
    symbols[2] = 1  # an impulse a symbol: all 32 subcarriers in phase
    found = here.papr_db(Burst(symbols, length, np.zeros((3, 0), np.uint8), 0, {"payload": length}))
    samples = np.fft.ifft(np.fft.ifftshift(symbols[0].reshape(14, 32), axes=1), norm="ortho")
    np.testing.assert_allclose(found[0], 10 * np.log10(np.max(np.abs(samples) ** 2)), atol=1e-3)
    np.testing.assert_allclose(found[2], 10 * np.log10(32), atol=1e-3)
    assert found[1] == -np.inf


def test_a_path_later_than_a_symbol_is_interference(tmp_path):
    """Where nearly all the power comes in time the link is let through, so it must run."""
    np.savez(tmp_path / "late.npz", gains=np.array([[1, 0.02]]), delays=np.array([0, 1e-3]))
    here = Link(LinkConfig(channel={"model": "cir", "path": tmp_path / "late.npz"}, grid=GRID, domain="time"), tile=2)
    b = burst()
    r = here.transmit(b, 60.0, draw())
    sent = np.arange(331) < b.length[:, None]
    assert r.header_ok.all()
    assert 3e-4 < np.mean(r.noise_variance[sent]) < 1e-3  # its power, 4e-4, and what the prefix loses


def test_short_bursts_are_clipped_as_full_ones():
    """What 30 symbols leave free of the slot others fill: the amplifier's gain is the one the receiver knows."""
    here = Link(LinkConfig(channel={"model": "awgn"}, domain="time", impairments={"clipping_db": 0.0}), tile=2)
    rows, length, none = 60, np.full(60, 30, np.int32), np.zeros((60, 0), np.uint8)
    symbols = qam.modulate(np.random.default_rng(2).integers(0, 2, (rows, 60), np.uint8), 2)
    r = here.transmit(Burst(symbols, length, none, 0, {"payload": length}, 2), 40.0, draw(rows))
    gain = np.real(r.symbols * symbols.conj()).mean(axis=1)
    assert np.mean(gain) == pytest.approx(1, abs=4 * gain.std() / np.sqrt(rows) + 0.01)
