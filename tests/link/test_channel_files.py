"""Impulse responses from a user's file."""

import h5py
import numpy as np
import pytest

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.channels.cir import Cir

DRAW = Draw(1, np.arange(400), np.zeros(400, int))


def cir(path, receive=1, transmit=1):
    return Cir(Cir.Config(model="cir", path=path), receive, transmit)


@pytest.fixture
def save(tmp_path):
    def write(name="a.npz", **arrays):
        path = tmp_path / name
        if path.suffix == ".npz":
            np.savez(path, **arrays)
        else:
            with h5py.File(path, "w") as file:
                for key, value in arrays.items():
                    file[key] = value
        return path

    return write


@pytest.mark.parametrize("name", ["a.npz", "a.h5", "a.hdf5"])
def test_responses_are_chosen_by_draw_and_share_one_constant(save, name):
    """Two responses, one twice as strong: both come, in about equal shares, and stay 6 dB apart."""
    path = save(name, gains=np.array([[2, 2j], [1, 1j]]), delays=np.array([[5e-7, 2e-7], [1e-6, 1e-6]]))
    paths = cir(path).paths(DRAW, 4, 1e-4)
    power = np.sum(np.abs(paths.gains) ** 2, axis=(1, 2, 3, 4))
    np.testing.assert_allclose(np.unique(np.round(power, 4)), [0.4, 1.6])
    assert 0.4 < np.mean(power > 1) < 0.6
    np.testing.assert_allclose(paths.delays[power > 1][0], [3e-7, 0], atol=1e-12)
    np.testing.assert_allclose(paths.delays[power < 1][0], [0, 0], atol=1e-12)
    assert cir(path).spread_s == pytest.approx(3e-7)


def test_recorded_motion_is_played_back_and_forth(save):
    """A tone of 50 Hz recorded every millisecond for 10 ms."""
    times = np.arange(11) * 1e-3
    gains = np.exp(2j * np.pi * 50 * times)[None, None, None, None]
    channel = cir(save(gains=gains, delays=[0.0], interval=1e-3))
    played = channel.paths(Draw(1, np.zeros(1, int), np.zeros(1, int)), 200, 1e-4).gains[0, 0, 0, 0]
    expected = np.exp(2j * np.pi * 50 * np.minimum(np.arange(200) * 1e-4, 20e-3 - np.arange(200) * 1e-4))
    np.testing.assert_allclose(played, expected, atol=0.02)
    assert channel.doppler_hz == pytest.approx(50 * np.sqrt(2), rel=0.05)


def test_antennas_and_absent_paths(save):
    gains = np.ones((3, 2, 4, 2), complex) * [1, 0]
    path = save(gains=gains, delays=[1e-6, 0.0])
    paths = cir(path, 2, 3).paths(DRAW, 1, 1.0)
    assert paths.gains.shape == (400, 2, 3, 2, 1) and (paths.delays == 0).all()
    with pytest.raises(UserError, match="2 receive and 4 transmit"):
        cir(path, 3, 1)


@pytest.mark.parametrize(("arrays", "message"), [
    ({"gains": np.ones((2, 3))}, "no delays"),
    ({"gains": np.ones((2, 3)), "delays": np.ones(2)}, r"\[3\] or \[2, 3\]"),
    ({"gains": np.ones(3), "delays": np.ones(3)}, r"\[M, P\]"),
    ({"gains": np.full((2, 3), np.nan), "delays": np.zeros(3)}, "finite"),
    ({"gains": np.zeros((2, 3)), "delays": np.zeros(3)}, "zero"),
    ({"gains": np.ones((2, 1, 1, 3, 5)), "delays": np.zeros(3)}, "interval"),
    ({"gains": np.ones((2, 1, 1, 3, 5)), "delays": np.zeros(3), "interval": np.array("1 ms")}, "interval"),
    ({"gains": np.ones((2, 1, 1, 3, 5)), "delays": np.zeros(3), "interval": 1j}, "interval"),
    ({"gains": np.array([["a"]]), "delays": np.zeros(1)}, "complex")])
def test_what_is_wrong_with_a_file(save, arrays, message):
    with pytest.raises(UserError, match=message):
        cir(save(**arrays))


def test_no_file(tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    (tmp_path / "a.csv").write_text("1")
    for path, message in {"missing.npz": "no such file", "broken.npz": "can't be read", "broken.h5": "can't be read",
                          "a.csv": "should end in"}.items():
        with pytest.raises(UserError, match=message):
            cir(tmp_path / path)
    with pytest.raises(UserError, match="link.channel.path"):
        cir(None)


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", gains=np.array([{}], object), delays=np.zeros(1))
    with pytest.raises(UserError, match="can't be read"):
        cir(tmp_path / "a.npz")
