"""What a scenario may ask of the link, and what it is told where it can't be."""

import pytest
from pydantic import ValidationError

from linksim.errors import UserError
from linksim.link.link import Link, LinkConfig

RAYLEIGH, FAST = {"model": "rayleigh"}, {"model": "rayleigh", "fading": "fast"}
JAKES = {"model": "rayleigh", "fading": "jakes", "speed": 30}


def test_the_default_link_is_the_simplest():
    config = LinkConfig(channel=RAYLEIGH)
    assert (config.csi, config.equaliser, config.domain, config.transport.mcs_table) == (
        "perfect", "lmmse", "frequency", "ladder")
    assert (config.antennas.receive, config.antennas.transmit, config.impairments.asked()) == (1, 1, [])


def test_round_trip():
    config = LinkConfig(channel=JAKES, grid={"guards": [4, 3], "dc_null": True, "pilot_spacing": 2}, csi="ls",
                        interpolation="nearest", equaliser="zf", antennas={"receive": 4, "transmit": 2}, domain="time",
                        impairments={"cfo_hz": 50}, transport={"mcs_table": "table2"})
    assert LinkConfig(**config.model_dump(mode="json")) == config


@pytest.mark.parametrize("bad, words", [
    ({"impairments": {"cfo_hz": 10}}, ["cfo_hz=10", "domain: time"]),
    ({"csi": "ls", "grid": {"pilot_symbols": []}}, ["csi ls", "pilots"]),
    ({"csi": "lmmse", "grid": {"pilot_spacing": 100}, "antennas": {"receive": 4, "transmit": 3}}, ["streams"]),
    ({"csi": "lmmse", "channel": FAST}, ["csi lmmse", "perfect"]),
    ({"domain": "time", "channel": FAST}, ["waveform", "domain: frequency"]),
    ({"domain": "time", "channel": {"model": "tdl-c", "delay_spread": 1e-5}, "grid": {"subcarrier_spacing": 6e4}},
     ["delays", "OFDM symbol"]),
    ({"csi": "ls", "channel": {**JAKES, "speed": 600}}, ["too few pilots", "Doppler", "speed"]),
    ({"csi": "ls", "channel": {**JAKES, "speed": 300}, "grid": {"pilot_symbols": [0]}}, ["too few pilots", "2 f_D dt"]),
    ({"csi": "ls", "domain": "time", "impairments": {"cfo_hz": -900}}, ["too few pilots", "frequency offset"]),
    ({"csi": "ls", "channel": {**JAKES, "speed": 120}, "grid": {"pilot_symbols": [0]}}, ["too few pilots", "1.86 ms"]),
    ({"csi": "lmmse", "channel": {"model": "tdl-c", "delay_spread": 1e-7}, "grid": {"pilot_spacing": 70}},
     ["too few pilots", "1710 kHz"]),
    ({"csi": "lmmse", "channel": {"model": "tdl-c", "delay_spread": 1e-6}, "grid": {"pilot_spacing": 12}},
     ["too few pilots", "kHz", "delay spread"]),
    ({"antennas": {"receive": 1, "transmit": 2}}, ["receive"]), ({"antennas": {"receive": 0}}, ["receive"]),
    ({"csi": "estimated"}, ["perfect", "lmmse"]), ({"equaliser": "mmse"}, ["kbest"]),
    ({"transport": {"mcs_table": "table3"}}, ["table2"]), ({"interpolation": "cubic"}, ["nearest"]),
])
def test_contradictions_are_named(bad, words):
    with pytest.raises((ValidationError, UserError)) as error:
        LinkConfig(**{"channel": RAYLEIGH, **bad})
    for word in words:
        assert word in str(error.value), str(error.value)


@pytest.mark.parametrize("good", [
    {"csi": "ls", "channel": {**JAKES, "speed": 120}}, {"csi": "lmmse", "grid": {"pilot_spacing": 12}},
    {"csi": "lmmse", "channel": {"model": "tdl-a", "speed": 30}}, {"channel": FAST, "antennas": {"receive": 2}}])
def test_what_works_is_let_through(good):
    LinkConfig(**{"channel": RAYLEIGH, **good})


def test_kbest_is_refused_for_analog_symbols_alone():
    config = LinkConfig(channel=RAYLEIGH, equaliser="kbest")
    assert "constellation" in config.refusal(analog=True) and config.refusal(analog=False) is None
    assert LinkConfig(channel=RAYLEIGH).refusal(analog=True) is None


def test_declared_says_what_a_figure_must():
    told = Link(LinkConfig(channel=JAKES, csi="ls", antennas={"receive": 2}, domain="time", equaliser="zf",
                           impairments={"adc_bits": 6}, transport={"rule": "minsum", "mcs_table": "table1"})).declared()
    assert "speed 30" in told["channel"] and "jakes" in told["channel"]
    assert told["csi"] == "ls, linear" and told["equaliser"] == "zf" and told["antennas"] == "1 transmit, 2 receive"
    assert told["domain"] == "time, adc_bits=6" and told["decoder"] == "minsum, 20 iterations"
    assert told["mcs_table"] == "table1"


def test_what_the_frequency_domain_leaves_out_is_said():
    late = {"channel": {"model": "tdl-c", "delay_spread": 3e-6, "speed": 3}}
    fast = {"channel": {**JAKES, "speed": 200}}
    (prefix,), (doppler,) = LinkConfig(**late).warnings(), LinkConfig(**fast).warnings()
    assert "cyclic prefix" in prefix and "Doppler" in doppler and "domain: time" in prefix
    for quiet in ({**late, "domain": "time"}, {"channel": RAYLEIGH}, {"channel": FAST}, {"channel": JAKES}):
        assert LinkConfig(**quiet).warnings() == []
