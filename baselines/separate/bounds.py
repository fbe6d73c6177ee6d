"""Upper bounds of a separate scheme, no systems.

Curve "envelope": the chain with the best MCS for the test pictures themselves and a header that never fails.
Curve "capacity bound": the codec behind a code of rate R that arrives wherever log2(1 + SNR) >= R, without header
and CRC; R on a ladder over fading, at exactly the capacity of each SNR point where nothing fades.
Both take a code's waterfall for a step.
"""

from collections.abc import Iterator

import numpy as np

from baselines.separate.pictures import Candidate, Pictures
from linksim.link.burst import Draw

CAPACITY_LADDER = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)  # bits per channel use


def bounds(scheme, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
    """The candidates of both curves for a planned scheme and the pictures and budget tested."""
    for index in scheme.tried:
        yield Candidate("envelope", scheme.mcs[index].name, *scheme.arriving(analysis, budget, index))
    if scheme.config.rate == "constant_quality":
        return  # its budget is a mean: pictures of given sizes wouldn't bound it
    uses = scheme.bench.link.capacity(scheme.budget(budget, len(analysis)))
    for rate in _capacities(scheme):
        sizes = (rate * uses / 8).astype(np.int64)
        images, ok = scheme.shown(scheme.codec.to_size(analysis.images, sizes, analysis.hints))
        threshold_db = np.where(ok, 10 * np.log10(2**rate - 1) - 1e-6, np.inf)  # rounding loses no picture
        yield Candidate("capacity bound", f"{rate:g} bit/use", images, threshold_db)


def _capacities(scheme) -> list[float]:
    """Rates of the capacity bound, bits per channel use."""
    gain = scheme.bench.link.gain(Draw(0, np.arange(8), np.zeros(8, np.int64)))
    if (gain != gain[0]).any():
        return list(CAPACITY_LADDER)
    return [float(np.log2(1 + gain[0] * 10 ** (snr / 10))) for snr in scheme.plan["snr_db"]]
