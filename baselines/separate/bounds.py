"""Upper bounds of a separate scheme, no systems.

Curve "envelope", an estimate of one: the chain with the best MCS for the test pictures themselves and a header that
never fails, where a code's waterfall counts as a step at its 50 % point: below that a real code still gets some
pictures through. Curves "capacity bound" and "normal approximation": the codec behind the codes of
`baselines.bounds`, without header and CRC; rates on a ladder over fading, where nothing fades at the capacity of each
SNR point or a little below. The config's `bounds` says which are drawn.

A scheme that shows parts of a codestream, sends again, or knows the channel isn't bounded by these, and has none; nor
has one behind a K-best detector, whose effective SNR is that of LMMSE, below which it never is.
"""

from collections.abc import Iterator

import numpy as np

from baselines.bounds import ERRORS, capacity_bound, carried_bits, normal_bound
from baselines.separate.pictures import Candidate, Pictures, Shown, few
from linksim.link.burst import Draw

CAPACITY_LADDER = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)  # bits per channel use
FASTER = (6.0, 7.0, 8.0)  # for MCS tables of more than 5


def bounds(scheme, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
    """The candidates of all curves for a planned scheme and the pictures and budget tested."""
    link = scheme.bench.link
    if scheme.layered or scheme.rounds > 1 or scheme.follows_channel or link.passage.searches:
        return
    for mode in scheme.modes.tried if "envelope" in scheme.config.bounds else ():
        yield Candidate("envelope", mode.name, *scheme.arriving(analysis, budget, mode), mode.bits_per_symbol)
    if scheme.config.rate == "constant_quality":
        return  # its budget is a mean: pictures of given sizes wouldn't bound it
    uses = link.capacity(scheme.budget(budget, len(analysis)))

    def pictures(sizes):
        codestreams = []
        for rows in few(len(analysis)):
            some = analysis[rows]
            codestreams += scheme.codec.to_size(some.images, sizes[rows], some.hints)
        shown = Shown(scheme, codestreams)
        return shown, shown.ok

    ladder = CAPACITY_LADDER + (FASTER if link.config.transport.mcs_table != "ladder" else ())
    snr = _steady_snr(scheme, uses)
    if "capacity" in scheme.config.bounds:
        rates = ladder if snr is None else [float(np.log2(1 + one)) for one in snr]
        for point in capacity_bound(pictures, uses, rates):
            yield Candidate("capacity bound", *point)
    if "normal" in scheme.config.bounds:
        middle = max(float(np.median(uses)), 1.0)
        rates = ladder if snr is None else filter(None, (
            float(carried_bits(one, middle, error) / middle) for one in snr for error in ERRORS))
        for point in normal_bound(pictures, uses, rates):
            yield Candidate("normal approximation", *point)


def _steady_snr(scheme, uses: np.ndarray) -> np.ndarray | None:
    """The effective SNR of each SNR point, linear, the least over bursts of few and many of `uses`; None where gains
    differ between draws."""
    link, zeros = scheme.bench.link, np.zeros(8, np.int64)
    gain, few = link.gain(Draw(0, np.arange(8), zeros)), np.quantile(uses, (0, 0.5, 1))
    if (gain != gain[0]).any():
        return None
    draw = Draw(0, zeros[: len(few)], zeros[: len(few)])
    snr_db = np.array([link.effective_snr_db(draw, snr, few).min() for snr in scheme.plan["snr_db"]])
    return 10 ** (snr_db / 10)
