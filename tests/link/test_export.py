"""The air that training is shown is the link's own."""

import numpy as np
import pytest

from linksim.link.burst import Burst, Draw
from linksim.link.config import LinkConfig
from linksim.link.export import _TRAINING, export_air, export_mixture
from linksim.link.link import Link

LS = {"channel": {"model": "tdl-a", "speed": 100}, "csi": "ls"}


@pytest.mark.parametrize("link, snr_db", [({"channel": {"model": "rayleigh"}}, [10.0]), (LS, [0.0, 16.0])])
def test_rows_are_what_transmit_declares(link, snr_db):
    """Noise that is sent through the link on silence has the variance v N0 that was exported, row by row."""
    config, symbols, rows = LinkConfig(**link), 1700, 4  # into the second slot
    air = export_air(config, snr_db, rows, symbols, seed=3)
    assert air["noise"].shape == (rows, symbols) and air["noise"].dtype == np.float16
    for row in range(rows):
        snr = snr_db[row % len(snr_db)]
        burst = Burst(np.zeros((1, symbols), np.complex64), np.array([symbols]), np.zeros((1, 0), np.uint8), 0)
        received = Link(config).transmit(burst, snr, Draw(3 + _TRAINING, np.array([row]), np.array([0])))
        v = air["noise"][row].astype(float)
        np.testing.assert_allclose(np.minimum(received.noise_variance[0] * 10 ** (snr / 10), 6e4), v, rtol=1e-3)
        assert np.isnan(air["snr_db"][row]) if config.csi == "perfect" else air["snr_db"][row] == snr
        # Silence comes back as noise alone: its power over v N0 has mean 1 (1,700 exponentials, 5 sigma each way).
        if config.csi == "perfect":
            ratio = np.abs(received.symbols[0]) ** 2 / (v * 10 ** (-snr / 10))
            assert abs(ratio.mean() - 1) < 5 / np.sqrt(symbols)


def test_more_rows_begin_with_fewer():
    config = LinkConfig(channel={"model": "rayleigh", "fading": "fast"})
    few, many = (export_air(config, 10.0, rows, 64, 1)["noise"] for rows in (3, 20))
    assert (many[:3] == few).all()


def test_mixture_holds_every_kind_with_unit_mean_gain():
    air = export_mixture(64, seed=1, share=0.02)
    assert air["kind"].dtype == "<U16" and len(air["kind"]) == len(air["noise"]) == len(air["snr_db"])
    assert set(air["kind"]) == {"awgn", "rayleigh slow", "rayleigh fast", "tdl-a 30", "tdl-a 100", "tdl-c 30",
                                "tdl-c 100"}
    assert (air["noise"][air["kind"] == "awgn"] == 1).all()
    assert np.isnan(air["snr_db"][air["kind"] == "rayleigh slow"]).all()
    assert set(air["snr_db"][air["kind"] == "tdl-c 30"]) == {0, 8, 16}
    slow = air["noise"][air["kind"] == "rayleigh slow"].astype(float)
    assert np.allclose(slow, slow[:, :1], rtol=1e-3) and len(np.unique(slow[:, 0])) > 15
