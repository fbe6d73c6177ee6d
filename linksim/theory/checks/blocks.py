"""Code blocks against published counts, which were simulated themselves: what the coded checks share."""

from itertools import groupby

import numpy as np

from linksim.theory import simulate
from linksim.theory.check import Effort, Line, Task
from linksim.theory.evidence import TwoCounts

BITS = 12_000  # information bits decoded per point and seed at scale 1
SURE = 0.25  # share of them where the reference lost all or hardly any block: few are enough to see that
LEAST = 15  # blocks per seed on the slope of a curve: fewer can't fail among thousands of tests


def least(reference: float) -> int:
    """Blocks per seed that a point needs."""
    return LEAST if 0.1 <= reference <= 0.9 else 3


def count(effort: Effort, block: int, reference: float) -> int:
    """Blocks per seed for a point."""
    share = 1.0 if 0.01 < reference < 0.99 else SURE
    return int(np.clip(effort.of(BITS * share / block), least(reference), 4000 * max(1.0, effort.scale / 4)))


def rate_line(panel: str, curve: str, points: list[tuple[float, int, int]]) -> Line:
    """A published curve of (x, errors, blocks) with its own 95 % intervals."""
    from scipy.stats import binomtest

    points = sorted(points)
    x, rate = np.array([p[0] for p in points]), np.array([e / n for _, e, n in points])
    ends = [binomtest(e, n).proportion_ci(0.95, "wilson") for _, e, n in points]
    return Line(panel, curve, x, np.where(rate > 0, rate, np.nan), np.array([i.low for i in ends]),
                np.array([i.high for i in ends]))


def task(panel: str, curve: str, x: float, snr_db: float, shape: tuple[int, int, int], link, reference: tuple[int, int],
         blocks: int, point: int, sentinel: bool = False, interleaved: bool = True, worse: bool = False) -> Task:
    """shape: K', E and bits per symbol. link: () -> Link. reference: errors, blocks. worse: only more errors than the
    reference's speak against the point."""
    def run(seed):
        lost = simulate.block_errors(link(), *shape, snr_db, blocks, seed, point, interleaved)
        return TwoCounts(lost, blocks, *reference, worse)

    return Task(panel, curve, x, run, sentinel)


def curves(rows, *keys: str):
    """(values of the keys, rows) of each curve of a table, numbers in their order."""
    def key(row):
        return tuple(int(row[k]) if row[k].isdecimal() else row[k] for k in keys)

    for values, several in groupby(sorted(rows, key=key), key):
        yield values, list(several)
