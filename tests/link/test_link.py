"""Link: the contract between schemes and the air."""

import numpy as np
import pytest
from pydantic import ValidationError

from linksim.link.burst import PURPOSES, Burst, Draw
from linksim.link.channels.base import Channel, ChannelConfig
from linksim.link.draws import normal
from linksim.link.link import Link, LinkConfig

GRID = {"fft_size": 16, "symbols_per_slot": 7, "pilot_symbols": [1, 4]}


def qpsk(rng, shape):
    bits = rng.integers(0, 2, (2, *shape)) * 2 - 1
    return ((bits[0] + 1j * bits[1]) / np.sqrt(2)).astype(np.complex64)


def burst(rows=6, most=400, header=0, uses=0, seed=0):
    rng = np.random.default_rng(seed)
    length = rng.integers(1, most + 1, rows).astype(np.int32)
    symbols = np.where(np.arange(most) < length[:, None], qpsk(rng, (rows, most)), 0).astype(np.complex64)
    return Burst(symbols, length, rng.integers(0, 2, (rows, header), np.uint8), uses,
                 {"payload": length // 2, "coding": length - length // 2})


def draw(rows=6, seed=3):
    return Draw(seed, np.arange(rows) + 10, np.arange(rows) % 2)


@pytest.fixture(scope="module", params=["awgn", "rayleigh"])
def link(request):
    return Link(LinkConfig(channel={"model": request.param}, grid=GRID), tile=2)


def test_ledger_sums_to_the_resource_elements_on_the_air(link):
    b = burst(header=32, uses=150)
    ledger = link.ledger(b)
    assert set(ledger) == set(PURPOSES)
    total = sum(ledger.values())
    np.testing.assert_array_equal(total, link.uses(150 + b.length))
    np.testing.assert_array_equal(link.capacity(total), 150 + b.length)
    for row in range(len(total)):  # count them on the grid itself
        data = np.zeros(link.grid.slots(150 + b.length[row]) * link.grid.data_per_slot, np.complex64)
        data[: 150 + b.length[row]] = 1
        assert np.count_nonzero(link.passage.air.mapped(data.reshape(-1, link.grid.data_per_slot))) == total[row]
    assert (ledger["side_information"] == 16).all() and (ledger["crc_filler"] == 8).all()


def test_ledger_refuses_a_burst_that_hides_uses(link):
    b = burst()
    for ledger in ({"payload": b.length - 1}, {"gift": b.length}, {}):
        with pytest.raises(ValueError, match="ledger"):
            link.ledger(Burst(b.symbols, b.length, b.header, 0, ledger))


def test_nothing_beyond_length(link):
    b = burst()
    leaky = Burst(np.where(b.symbols == 0, 0.1, b.symbols), b.length, b.header, 0, b.ledger)
    for sent in (b, leaky):
        r = link.transmit(sent, 5.0, draw())
        assert r.symbols.shape == b.symbols.shape and r.symbols.dtype == np.complex64
        assert r.noise_variance.shape == b.symbols.shape and r.noise_variance.dtype == np.float32
        beyond = np.arange(b.symbols.shape[1]) >= b.length[:, None]
        assert not r.symbols[beyond].any() and not r.noise_variance[beyond].any()
        assert (r.noise_variance[~beyond] > 0).all() and r.header_ok.all()


def test_rows_do_not_depend_on_company(link):
    """To the bit: another order, one row alone, a longer N, other slots in the tile."""
    b, d = burst(), draw()
    whole = link.transmit(b, 8.0, d)
    for rows in ([5, 2, 0], [3]):
        part = link.transmit(b.rows(rows), 8.0, Draw(d.seed, d.picture[rows], d.realisation[rows]))
        np.testing.assert_array_equal(part.symbols, whole.symbols[rows])
        np.testing.assert_array_equal(part.noise_variance, whole.noise_variance[rows])
    wide = Burst(np.pad(b.symbols, ((0, 0), (0, 300))), b.length, b.header, 0, b.ledger)
    np.testing.assert_array_equal(link.transmit(wide, 8.0, d).symbols[:, :400], whole.symbols)


def test_same_gain_and_noise_for_every_scheme_and_snr(link):
    d = draw()
    gain = link.gain(d)
    for seed, snr in ((0, 0.0), (1, 0.0), (1, 17.0)):
        b = burst(seed=seed)
        r = link.transmit(b, snr, d)
        np.testing.assert_allclose(10 ** (-snr / 10) / r.noise_variance[:, 0], gain, rtol=1e-5)
    one, two = (link.transmit(burst(seed=s), 3.0, d).symbols - burst(seed=s).symbols for s in (0, 1))
    both = np.minimum(burst(seed=0).length, burst(seed=1).length)
    for row, n in enumerate(both):
        np.testing.assert_allclose(one[row, :n], two[row, :n], atol=2e-5)


def test_another_attempt_is_another_channel():
    link = Link(LinkConfig(channel={"model": "rayleigh"}, grid=GRID), tile=2)
    d = draw()
    assert not np.isclose(link.gain(d), link.gain(Draw(d.seed, d.picture, d.realisation, 1))).any()


class Selective(Channel):
    """Every resource element its own gain."""

    frequency_only = True

    def paths(self, draw, count, interval):
        pytest.fail("a channel drawn by resource element has no paths to ask for")

    def response(self, draw, count, interval, frequencies):
        return normal(draw, "gain", count * len(frequencies)).reshape(-1, 1, 1, count, len(frequencies))


def test_a_channel_may_vary_over_time_and_frequency():
    link = Link(LinkConfig(channel={"model": "awgn"}, grid=GRID), tile=2)
    link.channel = Selective(ChannelConfig(model="selective"))
    b, d, config = burst(), draw(), link.grid.config
    r = link.transmit(b, 20.0, d)
    slots = int(link.grid.slots(400))
    response = link.channel.response(d, slots * config.symbols_per_slot, config.symbol_seconds, config.frequencies)
    response = response.reshape(6, slots, config.symbols_per_slot, config.fft_size)
    gain = np.abs(response[:, :, *config.data].reshape(6, -1)[:, :400]) ** 2
    sent = np.arange(400) < b.length[:, None]
    np.testing.assert_allclose(r.noise_variance[sent], 0.01 / gain[sent], rtol=1e-4)
    normalised = np.abs(r.symbols - b.symbols)[sent] ** 2 / r.noise_variance[sent]
    assert np.mean(normalised) == pytest.approx(1, abs=5 / np.sqrt(normalised.size))


def test_gain_is_looked_at_a_few_rows_at_a_time(monkeypatch):
    link, d, rows = Link(LinkConfig(channel={"model": "rayleigh"}, grid=GRID), tile=1), draw(30), []
    expected, response = np.abs(link.channel.response(d, 1, 1.0, np.zeros(1)).ravel()) ** 2, link.channel.response
    monkeypatch.setattr(link.channel, "response", lambda d, *rest: rows.append(len(d.picture)) or response(d, *rest))
    np.testing.assert_allclose(link.gain(d), expected, rtol=1e-6)
    assert max(rows) <= link.slot_tile and sum(rows) == 30


def test_nothing_to_send(link):
    b = Burst(np.zeros((2, 5), np.complex64), np.zeros(2, np.int32), np.zeros((2, 0), np.uint8), 0, {})
    assert not link.transmit(b, 0.0, draw(2)).symbols.any()
    assert sum(link.ledger(b).values()).tolist() == [0, 0]


@pytest.mark.parametrize("change, message", [
    ({"symbols": burst().symbols * 2}, "power"), ({"symbols": burst().symbols * np.float32("nan")}, "power"),
    ({"length": burst().length + 400}, "length"),
    ({"symbols": burst().symbols[:0]}, "no rows"),
    ({"header": np.zeros((5, 0), np.uint8)}, "header"), ({"header_uses": 20}, "header")])
def test_broken_bursts_are_refused(link, change, message):
    with pytest.raises(ValueError, match=message):
        link.transmit(Burst(**{**vars(burst()), **change}), 0.0, draw())


def test_config_by_name_and_round_trip():
    config = LinkConfig(channel={"model": "rayleigh", "fading": "slow"}, grid={"fft_size": 64})
    assert config.channel.fading == "slow"
    assert LinkConfig(**config.model_dump(mode="json")) == config


@pytest.mark.parametrize("bad, message", [
    ({"channel": {"model": "raleigh"}}, "did you mean 'rayleigh'"),
    ({"channel": {"model": "rayleigh", "fading": "fsat"}}, "slow"),
    ({"channel": {}}, "unknown channel"), ({"channel": {"model": "awgn", "fading": "slow"}}, "fading"),
    ({"channel": {"model": "awgn"}, "csi": "estimated"}, "perfect"), ({}, "channel")])
def test_bad_config(bad, message):
    with pytest.raises(ValidationError, match=message):
        LinkConfig(**bad)


@pytest.mark.parametrize("antennas, fft_size, expected", [
    ((1, 1), 128, 64), ((1, 1), 512, 64), ((4, 2), 128, 8), ((1, 1), 2048, 16), ((16, 8), 4096, 1)])
def test_compiled_calls_shrink_as_slots_grow(antennas, fft_size, expected):
    config = LinkConfig(channel={"model": "rayleigh"}, grid={"fft_size": fft_size},
                        antennas=dict(zip(("receive", "transmit"), antennas, strict=True)))
    assert Link(config, tile=16).slot_tile == expected
