"""Upper bounds of a separate scheme, no systems.

Curve "envelope": the chain with the best MCS for the test pictures themselves and a header that never fails; it takes
a code's waterfall for a step. Curves "capacity bound" and "normal approximation": the codec behind the codes of
`baselines.bounds`, without header and CRC; rates on a ladder over fading, where nothing fades at the capacity of each
SNR point or a little below. The config's `bounds` says which are drawn.

A scheme that shows parts of a codestream, sends again, or knows the channel isn't bounded by these, and has none.
"""

from collections.abc import Iterator

import numpy as np

from baselines.bounds import ERRORS, capacity_bound, carried_bits, normal_bound
from baselines.separate.pictures import Candidate, Pictures
from linksim.link.burst import Draw

CAPACITY_LADDER = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)  # bits per channel use


def bounds(scheme, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
    """The candidates of all curves for a planned scheme and the pictures and budget tested."""
    if scheme.layered or scheme.rounds > 1 or scheme.follows_channel:
        return
    for mode in scheme.modes.tried if "envelope" in scheme.config.bounds else ():
        yield Candidate("envelope", mode.name, *scheme.arriving(analysis, budget, mode), mode.bits_per_symbol)
    if scheme.config.rate == "constant_quality":
        return  # its budget is a mean: pictures of given sizes wouldn't bound it
    uses = scheme.bench.link.capacity(scheme.budget(budget, len(analysis)))

    def pictures(sizes):
        return scheme.shown(scheme.codec.to_size(analysis.images, sizes, analysis.hints))

    fades, snr = _fades(scheme)
    if "capacity" in scheme.config.bounds:
        rates = CAPACITY_LADDER if fades else [float(np.log2(1 + one)) for one in snr]
        for point in capacity_bound(pictures, uses, rates):
            yield Candidate("capacity bound", *point)
    if "normal" in scheme.config.bounds:
        middle = max(float(np.median(uses)), 1.0)
        carried = [float(carried_bits(one, middle, error) / middle) for one in snr for error in ERRORS]
        for point in normal_bound(pictures, uses, CAPACITY_LADDER if fades else [rate for rate in carried if rate]):
            yield Candidate("normal approximation", *point)


def _fades(scheme) -> tuple[bool, np.ndarray]:
    """Whether gains differ between draws, and the SNR points, linear, where they don't."""
    gain = scheme.bench.link.gain(Draw(0, np.arange(8), np.zeros(8, np.int64)))
    return bool((gain != gain[0]).any()), gain[0] * 10 ** (np.array(scheme.plan["snr_db"]) / 10)
