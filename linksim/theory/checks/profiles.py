"""38.901 TDL and CDL: mean power of every tap and RMS delay spread against the standard's tables."""

from functools import cache

import numpy as np

from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Mean
from linksim.theory.published import table

NAMES = tuple(f"{kind}-{letter}" for kind in ("tdl", "cdl") for letter in "abcde")
SPREAD = 300e-9  # seconds
SPEED, CARRIER = 40_000.0, 100e9  # km/h, Hz: phases turn millions of times between the instants
INSTANTS, APART = 128, 1.0  # instants that a draw is seen at; seconds between them
RMS = "RMS delay spread"


@cache
def standard(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Delays (in units of the delay spread, increasing) and powers (sum 1); taps of one delay are one here."""
    rows = [row for row in table("profiles_38901") if row["profile"] == name]
    delays, which = np.unique([float(row["delay"]) for row in rows], return_inverse=True)
    powers = np.bincount(which, [10 ** (float(row["power_db"]) / 10) for row in rows])
    return delays, powers / powers.sum()


def powers_of_taps(name: str, rows: int, seed: int) -> np.ndarray:
    """float64 [rows, taps], |gain|^2 by delay, the mean over INSTANTS of independent draws."""
    channel = simulate.link({"model": name, "delay_spread": SPREAD, "speed": SPEED, "carrier": CARRIER}).channel
    paths = channel.paths(simulate.draw(seed, rows, NAMES.index(name)), INSTANTS, APART)
    gains, delays = paths.gains[:, 0, 0].astype(np.complex128), paths.delays[0].astype(np.float64) / SPREAD
    at = np.abs(delays[:, None] - standard(name)[0]).argmin(axis=1)
    assert np.allclose(delays, standard(name)[0][at], atol=2e-3), f"{name} has delays that 38.901 hasn't"
    out = np.zeros((rows, len(standard(name)[0]), gains.shape[-1]), np.complex128)
    for path, tap in enumerate(at):
        out[:, tap] += gains[:, path]
    return np.mean(np.abs(out) ** 2, axis=-1)


def build(effort: Effort) -> list[Task]:
    rows, tasks = effort.of(8, 3), []
    measured = cache(powers_of_taps)
    for name in NAMES:
        delays, powers = standard(name)
        for tap, (delay, power) in enumerate(zip(delays, powers, strict=True)):
            def one(seed, name=name, tap=tap, power=power):
                return Mean.of(power, measured(name, rows, seed)[:, tap])
            tasks.append(Task(f"profile {name[-1].upper()}", name[:3].upper(), float(delay), one,
                              (name, tap) == ("tdl-a", 1)))
        expected = closed_forms.rms_delay_spread(powers, delays)

        def spread(seed, name=name, delays=delays, expected=expected):
            # of the mean profile, linearised around the standard's: the mean of one number per draw
            share = measured(name, rows, seed)
            mean = standard(name)[1] @ delays
            influence = (delays - mean) ** 2 - expected**2
            return Mean.of(expected, expected + share @ influence / (2 * expected), tolerance=0.02 * expected)
        tasks.append(Task(RMS, name[:3].upper(), "abcde".index(name[-1]), spread))
    return tasks


def lines() -> list[Line]:
    found = [Line(f"profile {name[-1].upper()}", name[:3].upper(), *standard(name), stems=True) for name in NAMES]
    for kind in ("tdl", "cdl"):
        values = [closed_forms.rms_delay_spread(*standard(f"{kind}-{c}")[::-1]) for c in "abcde"]
        found.append(Line(RMS, kind.upper(), np.arange(5), np.array(values)))
    return found


CHECK = Check(
    "profiles", "38.901 delay profiles",
    "|gain|^2 of every tap (TDL) or cluster (CDL, rays and line of sight of one delay together), averaged over draws, "
    "against tables 7.7.1-1 to 7.7.2-5 of TR 38.901 normalised to power 1; RMS delay spread within 2 %.",
    (*(Panel(f"profile {letter}", "delay over the RMS delay spread", "mean power") for letter in "ABCDE"),
     Panel(RMS, "profile", "RMS delay spread over its nominal value", log=False, ticks=tuple("ABCDE"))), build, lines)
