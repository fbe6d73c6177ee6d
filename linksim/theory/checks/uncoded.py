"""Uncoded Gray QAM over AWGN, fast and slow Rayleigh against the exact bit-error rate."""

import numpy as np

from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Total

NAMES = {2: "QPSK", 4: "16-QAM", 6: "64-QAM", 8: "256-QAM"}
EBNO_DB = tuple(range(0, 21, 2))
CHANNELS = {"AWGN": ({"model": "awgn"}, "none"), "fast Rayleigh": ({"model": "rayleigh", "fading": "fast"}, "fast"),
            "slow Rayleigh": ({"model": "rayleigh", "fading": "slow"}, "slow")}
SLOW_USES = 4  # symbols that share a gain: few, since only other gains tell more
SENTINELS = {("AWGN", 2, 6), ("AWGN", 4, 10), ("fast Rayleigh", 4, 10), ("slow Rayleigh", 2, 8), ("AWGN", 6, 12)}


def build(effort: Effort) -> list[Task]:
    tasks = []
    for name, (channel, fading) in CHANNELS.items():
        for bits in NAMES:
            for at, ebno_db in enumerate(EBNO_DB):
                def count(seed, name=name, channel=channel, fading=fading, bits=bits, at=at, ebno_db=ebno_db):
                    snr_db = ebno_db + 10 * np.log10(bits)
                    slow = fading == "slow"
                    link = simulate.link(channel, simulate.SHORT if slow else simulate.BARE, 1024 if slow else 256)
                    uses, rows = (SLOW_USES, effort.of(2500)) if slow else (64, effort.of(768))
                    wrong = simulate.bit_errors(link, bits, snr_db, rows, uses, seed, 100 * bits + at)
                    moments = closed_forms.bit_error_cumulants(bits, 10 ** (snr_db / 10), uses, fading)
                    return Total.of(wrong, uses * bits, moments)
                tasks.append(Task(name, NAMES[bits], ebno_db, count, (name, bits, ebno_db) in SENTINELS))
    return tasks


def lines() -> list[Line]:
    ebno_db = np.linspace(EBNO_DB[0], EBNO_DB[-1], 161)
    forms = {"AWGN": closed_forms.ber_awgn, "fast Rayleigh": closed_forms.ber_rayleigh,
             "slow Rayleigh": closed_forms.ber_rayleigh}
    return [Line(name, NAMES[bits], ebno_db, form(bits, bits * 10 ** (ebno_db / 10)))
            for name, form in forms.items() for bits in NAMES]


CHECK = Check(
    "uncoded", "Uncoded Gray QAM",
    "Bit-error rate of QPSK to 256-QAM with perfect CSI, deciding for the nearest point, against the exact forms (Cho "
    "and Yoon 2002; its mean over Rayleigh fading). Fast: a gain per symbol; slow: one for a burst of four symbols.",
    tuple(Panel(name, "Eb/N0 (dB)", "bit-error rate") for name in CHANNELS), build, lines)
