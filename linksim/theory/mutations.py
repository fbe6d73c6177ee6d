"""Wrong on purpose: mistakes made in the real modules, each of which some check must catch.

A mistake replaces a function or a method while it is in force; the sentinels of every check (`Task.sentinel`) are then
simulated again and judged together as the page's points are. A mistake that the link's own check of the transmit power
refuses is caught too.
"""

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
from rich.console import Console

from linksim.theory import simulate
from linksim.theory.check import Effort

POWER = "mean power"  # what the link's refusal of a wrong transmit power speaks of


@dataclass(frozen=True)
class Mistake:
    """name, about: for the page. replaced: () -> {"module.attribute": what stands in its place}. surest: the check
    that is expected to catch it, if any does."""

    name: str
    about: str
    replaced: Callable[[], dict]
    surest: str


@dataclass
class Caught:
    """What became of a mistake. by: titles of the checks that fail, or the link's own refusal. The link without a
    mistake is `caught` where nothing fails."""

    name: str
    about: str
    caught: bool
    by: list[str] = field(default_factory=list)


@contextmanager
def made(mistake: Mistake | None):
    """The modules with the mistake in them; links are built anew inside and afterwards."""
    from linksim.theory.checks import slow_fading

    def fresh():
        simulate.forget()
        slow_fading.threshold.cache_clear()

    fresh()
    try:
        with ExitStack() as stack:
            for place, value in (mistake.replaced() if mistake else {}).items():
                stack.enter_context(mock.patch(place, value))
            yield
    finally:
        fresh()


def judge(mistake: Mistake | None, checks=None, console: Console | None = None) -> Caught:
    """Simulates the sentinels of the checks (all by default) with the mistake, or without any."""
    from linksim.theory import calibrate
    from linksim.theory.checks import CHECKS

    by = []
    with made(mistake):
        try:
            results = calibrate.simulate(checks or CHECKS, Effort(), console or Console(quiet=True), sentinels=True)
        except ValueError as refusal:
            if POWER not in str(refusal):
                raise  # an accident, not the link's own check
            by = [f"refused by the link: {refusal}"]
        else:
            by = list(dict.fromkeys(r.check.title for r in results if not r.passed))
    if mistake is None:
        return Caught("none", "the link as it is", not by, by)
    return Caught(mistake.name, mistake.about, bool(by), by)


def try_all(console: Console) -> list[Caught]:
    """The link without a mistake, then with each."""
    return [judge(mistake, console=console) for mistake in (None, *MISTAKES)]


def _noise_variance_before_the_equaliser():
    from linksim.link import air, equaliser

    def combine(received, response, n0):
        symbols, variance = equaliser.combine(received, response, n0)
        return symbols, n0 + 0 * variance

    return {f"{air.__name__}.combine": combine}


def _normalised_per_example():
    from linksim.link.channels.base import Channel
    from linksim.link.channels.flat import FlatChannel

    def normalised(original):
        def response(self, *arguments):
            h = original(self, *arguments)
            power = np.mean(np.abs(h) ** 2, axis=tuple(range(1, h.ndim)), keepdims=True)
            return (h / np.sqrt(power)).astype(np.complex64)
        return response

    return {f"{owner.__module__}.{owner.__name__}.response": normalised(owner.response)
            for owner in (Channel, FlatChannel)}


def _scaled_noise(factor: float):
    from linksim.link import passage

    def normal(draw, purpose, count, original=passage.normal):
        drawn = original(draw, purpose, count)
        return drawn * np.float32(factor) if purpose.startswith("noise") else drawn

    return {f"{passage.__name__}.normal": normal}


def _full_power_per_part():
    from linksim.link import qam

    return {f"{qam.__name__}.amplitudes": lambda bits, original=qam.amplitudes: original(bits) * np.float32(np.sqrt(2))}


def _transmit_power_of_two():
    from linksim.link.air import Air

    original = Air._mapped
    # the receiver knows of it: its channel is the gain times sqrt(2), as if the transmitter had been allowed that

    def mapped(self, symbols):
        return original(self, symbols) * 2**0.5

    from linksim.link import air

    def combine(received, response, n0, original=air.combine):
        return original(received, response * 2**0.5, n0)

    return {f"{air.__name__}.Air._mapped": mapped, f"{air.__name__}.combine": combine}


def _minsum():
    from linksim.link import ldpc

    return {f"{ldpc.__name__}._boxplus_phi": ldpc._minsum}


def _natural_labels():
    from linksim.link import qam

    def amplitudes(bits, original=qam.amplitudes):
        return -np.sort(-original(bits))  # labels count from the largest amplitude down: binary, not Gray

    return {f"{qam.__name__}.amplitudes": amplitudes}


def _doppler_in_km_per_hour():
    from linksim.link.channels.base import SPEED_OF_LIGHT, MovingConfig

    doppler = property(lambda self: self.speed * self.carrier / SPEED_OF_LIGHT)
    return {f"{MovingConfig.__module__}.MovingConfig.largest_doppler": doppler}


def _k_factor_of_amplitudes():
    from linksim.link.channels import rician

    original = rician.Rician.mix

    def mix(self, draw, scattered, times):
        config = self.config.model_copy(update={"k_db": 2 * self.config.k_db})  # 20 log10 in the place of 10 log10
        with mock.patch.object(self, "config", config):
            return original(self, draw, scattered, times)

    return {f"{rician.__name__}.Rician.mix": mix}


def _no_interleaver():
    from linksim.link import codeblocks, ratematch

    def select(word, code, block, sent, bits_per_symbol, rv=0):
        return ratematch.select(word, code, block, sent, 1, rv)

    def combine(llr, code, block, bits_per_symbol, rv=0):
        return ratematch.combine(llr, code, block, 1, rv)

    stand_in = mock.Mock(wraps=ratematch, select=select, combine=combine)
    return {f"{codeblocks.__name__}.ratematch": stand_in}


def _biased_lmmse():
    from linksim.link import air, equaliser

    def separate(received, response, n0, zero_forcing=False):
        symbols, variance = equaliser.separate(received, response, n0, zero_forcing)
        return symbols, variance / (1 + variance)  # the error before the bias is taken out

    return {f"{air.__name__}.separate": separate}


def _first_antenna():
    from linksim.link import air, equaliser

    def combine(received, response, n0):
        return equaliser.combine(received[:, :1], response[:, :1], n0)

    return {f"{air.__name__}.combine": combine}


def _nearest_pilot():
    from linksim.link import estimation

    def weights(at, known, rule, original=estimation.interpolation):
        return original(at, known, "nearest")

    return {f"{estimation.__name__}.interpolation": weights}


def _taps_weakened():
    from linksim.link.channels.tdl import Tdl

    original = Tdl.paths

    def paths(self, draw, count, interval):
        found = original(self, draw, count, interval)
        gains = found.gains.copy()
        gains[:, :, :, 1:] *= np.float32(np.sqrt(0.5))  # powers in dB of amplitudes: 3 dB off all but the first
        return type(found)(gains, found.delays)

    return {f"{Tdl.__module__}.Tdl.paths": paths}


def _last_round_alone():
    from linksim.link.transport import Transport

    original = Transport.receive

    def receive(self, receptions, length, mcs, rvs):
        return original(self, receptions[-1:], length, mcs, rvs[-1:])

    return {f"{Transport.__module__}.Transport.receive": receive}


MISTAKES = (
    Mistake("N0 for the effective noise variance",
            "The demapper gets the noise variance before the equaliser, no, and not no_eff = no / |h|^2.",
            _noise_variance_before_the_equaliser, "ldpc-measured"),
    Mistake("channel normalised per example",
            "Every realisation is scaled to mean power 1, so that slow fading becomes AWGN.",
            _normalised_per_example, "fading"),
    Mistake("3 dB more power: twice the transmit power", "Resource elements of power 2, known to the receiver.",
            _transmit_power_of_two, "uncoded"),
    Mistake("3 dB less noise", "Noise of N0/2 in both real dimensions together, where each should have that.",
            lambda: _scaled_noise(np.sqrt(0.5)), "uncoded"),
    Mistake("noise per real dimension", "Real and imaginary part get N0 each.",
            lambda: _scaled_noise(np.sqrt(2)), "uncoded"),
    Mistake("real and imaginary part at full power", "Each part of a symbol has unit power.",
            _full_power_per_part, "uncoded"),
    Mistake("min-sum under the name of boxplus-phi", "The decoder's check nodes take the least magnitude.",
            _minsum, "ldpc-measured"),
    Mistake("labels not Gray", "Amplitudes are labelled by counting, in modulator and demapper alike.",
            _natural_labels, "uncoded"),
    Mistake("no bit interleaver", "Coded bits go on the symbols in the order of selection, at both ends.",
            _no_interleaver, "ldpc-measured"),
    Mistake("Doppler from km/h taken for m/s", "Fading 3.6 times too fast.", _doppler_in_km_per_hour, "fading"),
    Mistake("K-factor by 20 log10", "The line of sight is K dB above the scatter in amplitude, not in power.",
            _k_factor_of_amplitudes, "fading"),
    Mistake("tap powers 3 dB off", "All taps of a TDL but the first have half their power.",
            _taps_weakened, "profiles"),
    Mistake("only one receive antenna is listened to", "No combining.", _first_antenna, "antennas"),
    Mistake("LMMSE's bias left in the noise variance", "The declared variance is that of the biased estimate.",
            _biased_lmmse, "antennas"),
    Mistake("LS interpolates to the nearest pilot", "In the place of linearly.", _nearest_pilot, "estimation"),
    Mistake("HARQ forgets the first round", "Only the last reception is decoded.", _last_round_alone, "harq"),
)
