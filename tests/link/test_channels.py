"""What every registered channel must do, in one short matrix; and what it says where it is asked for nonsense."""

from importlib.util import find_spec

import numpy as np
import pytest
from pydantic import ValidationError

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.channels.base import frequency_response
from linksim.registry import lookup, names

FREQUENCIES = (np.arange(24) - 12) * 15e3
SYMBOL = 1 / 14e3
SLOW = {"tdl-b", "tdl-c", "tdl-e", "cdl-b", "cdl-c", "cdl-d", "cdl-e", "uma", "rma"}  # each compiles for seconds
VARIANTS = [
    ("rayleigh", {"fading": "fast"}), ("rayleigh", {"fading": "jakes", "speed": 500}),
    ("rician", {"fading": "fast"}), ("rician", {"fading": "jakes", "speed": 30, "k_db": 0}),
    ("shadowed-rician", {"fading": "jakes", "speed": 50, "shadowing": "light"}),
    ("tdl-a", {"speed": 0}), ("tdl-c", {"speed": 500}), ("cdl-c", {"speed": 500}),
    ("rma", {"los": True, "indoor": 0, "distance": 800})]


def draws(rows, seed=3):
    return Draw(seed, np.arange(rows), np.arange(rows) % 2)


def make(name, receive=1, transmit=1, **keys):
    model = lookup("channel", name)
    return model(model.Config(model=name, **keys), receive, transmit)


def streams(name):
    return 1 if name == "awgn" else 2


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    random = np.random.default_rng(0)
    gains = random.normal(size=(50, 3, 2, 4, 2)) @ [1, 1j]
    path = tmp_path_factory.mktemp("cir") / "street.npz"
    np.savez(path, gains=gains * [1, 0.5, 0.2, 0.1], delays=[3e-7, 4e-7, 9e-7, 2e-6])
    return path


@pytest.fixture(params=[
    pytest.param(asked, marks=pytest.mark.slow if asked[0] in SLOW else ())
    for asked in [(name, {}) for name in names("channel")] + VARIANTS], ids=str)
def asked(request, recording):
    name, keys = request.param
    if name == "ray-traced" and not find_spec("sionna.rt"):
        pytest.skip("sionna-rt is not installed")
    return name, keys | ({"path": recording} if name == "cir" else {})


def response(channel, draw, count):
    full = channel.response(draw, count, SYMBOL, FREQUENCIES)
    assert full.dtype == np.complex64 and full.ndim == 5
    assert np.isfinite(full).all()
    return np.broadcast_to(full, (len(draw.picture), channel.receive, channel.transmit, count, len(FREQUENCIES)))


def test_a_row_follows_from_its_draw_alone(asked):
    """Bit for bit, in any batch and order; more instants begin with fewer."""
    channel, many = make(asked[0], 2, streams(asked[0]), **asked[1]), draws(21)
    few = Draw(3, many.picture[[17, 4, 0]], many.realisation[[17, 4, 0]])
    longer, shorter = response(channel, many, 40), response(channel, few, 13)
    np.testing.assert_array_equal(shorter, longer[[17, 4, 0], :, :, :13])
    if asked[0] != "awgn":
        assert len(np.unique(longer[:, 0, 0, 0, 0])) == 21 or asked[0] == "cir"  # which has 50 responses
        assert not np.array_equal(longer, response(channel, draws(21, seed=4), 40))


def test_paths_and_response_tell_the_same(asked):
    """delays begin at 0; response = sum of gains turned by exp(-2 pi i f tau); antennas differ; declared motion."""
    channel, draw = make(asked[0], 2, streams(asked[0]), **asked[1]), draws(5)
    if channel.frequency_only:
        with pytest.raises(UserError, match="domain: frequency"):
            channel.paths(draw, 3, SYMBOL)
        assert channel.doppler_hz == 0
        return
    paths = channel.paths(draw, 6, SYMBOL)
    gains, delays = paths.gains, paths.delays
    assert gains.dtype == np.complex64 and delays.dtype == np.float32
    assert delays.shape == (5, gains.shape[3]) and gains.shape[:3] == (5, 2, streams(asked[0]))
    assert (delays.min(axis=1) == 0).all() and delays.max() < 1e-4
    assert gains.shape[4] == (6 if channel.doppler_hz else 1)
    turns = np.exp(-2j * np.pi * delays[:, :, None] * FREQUENCIES)
    expected = np.einsum("brtpn,bpf->brtnf", gains, turns)
    seen = channel.response(draw, 6, SYMBOL, FREQUENCIES)
    np.testing.assert_allclose(np.broadcast_to(seen, expected.shape), expected, atol=1e-4)
    np.testing.assert_array_equal(frequency_response(paths, FREQUENCIES[3:5]).shape, (*gains.shape[:3],
                                                                                      gains.shape[4], 2))
    if asked[0] != "awgn":
        assert not np.allclose(gains[:, 0], gains[:, 1])
    assert channel.spread_s == 0 if gains.shape[3] == 1 else 0 < channel.spread_s < 1e-4
    if channel.doppler_hz:
        """Within a 50th of a Doppler period the gains hardly change, within several they do."""
        near = channel.paths(draw, 2, 0.02 / channel.doppler_hz).gains
        far = channel.paths(draw, 2, 7.3 / channel.doppler_hz).gains
        change = [np.sum(np.abs(g[..., 1] - g[..., 0]) ** 2) / np.sum(np.abs(g) ** 2) for g in (near, far)]
        assert change[0] < 0.01 < change[1]


def test_unit_mean_gain_over_fading(asked):
    """E|h|^2 = 1 per antenna pair, within 5 standard errors (false alarm below 1e-6 each)."""
    channel = make(asked[0], 2, streams(asked[0]), **asked[1])
    gain = np.mean(np.abs(response(channel, draws(480), 1)) ** 2, axis=(3, 4))
    error = 5 * np.std(gain, axis=0) / np.sqrt(len(gain)) + 1e-5
    assert (np.abs(gain.mean(axis=0) - 1) < error).all()
    assert asked[0] == "awgn" or (error < 0.5).all()


@pytest.mark.parametrize("name", ["rayleigh", "tdl-a", "cdl-a"])
def test_motion_is_one_function_of_time(name):
    """Symbols and samples are instants of the same process: interpolating costs less than -100 dB."""
    keys = {"fading": "jakes"} if name == "rayleigh" else {}
    channel, draw = make(name, speed=3000, carrier=6e9, **keys), draws(4)
    symbols = channel.paths(draw, 14, SYMBOL).gains
    samples = channel.paths(draw, 14 * 137, SYMBOL / 137).gains
    error = samples[..., ::137] - symbols
    assert np.sum(np.abs(error) ** 2) < 1e-10 * np.sum(np.abs(symbols) ** 2)


def test_described(asked):
    assert lookup("channel", asked[0]).__doc__.strip().endswith(".")


@pytest.mark.parametrize(("name", "key", "value"), [
    ("rayleigh", "speed", -1), ("tdl-a", "speed", -0.1), ("umi", "speed", -3), ("rayleigh", "fading", "medium"),
    ("rician", "k_db", 900), ("rician", "k_db", float("nan")), ("tdl-b", "delay_spread", 0), ("cdl-a", "carrier", 1),
    ("umi", "indoor", 1.5), ("uma", "distance", 1), ("shadowed-rician", "shadowing", "none"), ("tdl-a", "profile", "a"),
    ("rayleigh", "speed", 30), ("shadowed-rician", "b", 0.1)])
def test_nonsense_is_refused_by_key(name, key, value):
    with pytest.raises(ValidationError) as caught:
        lookup("channel", name).Config(model=name, **{key: value})
    assert len(caught.value.errors()) == 1 and key in str(caught.value)


def test_unknown_profiles_name_the_nearest():
    with pytest.raises(UserError, match="tdl-"):
        lookup("channel", "tdl-f")


def test_awgn_carries_one_stream():
    with pytest.raises(UserError, match="antennas.transmit"):
        make("awgn", 2, 2)


def test_another_attempt_is_another_channel():
    first, second = Draw(3, np.arange(3), np.zeros(3, int)), Draw(3, np.arange(3), np.zeros(3, int), 1)
    for name in ("rayleigh", "tdl-a"):
        a, b = (make(name).paths(draw, 1, 1.0).gains for draw in (first, second))
        assert not np.isclose(a, b).any()


@pytest.mark.skipif(bool(find_spec("sionna.rt")), reason="Sionna RT is installed")
def test_ray_tracing_names_its_extra():
    with pytest.raises(UserError, match="linksim.rt."):
        make("ray-traced")
