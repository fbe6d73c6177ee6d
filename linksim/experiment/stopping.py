"""Sampling stopped by confidence: a point is done when its 95 % intervals are as narrow as the scenario asks.

    stop: {metric: 0.02, lost: 0.03, paired: 0.02, least: 64}

Half the width of each interval is asked for: of the task's metric (percentile bootstrap over pictures, each with all
its realisations), of the share of lost pictures (Wilson's score interval, JASA 22, 1927), and of the difference in the
metric to the scheme `against` on the same draws (the same bootstrap, both schemes resampled alike). Stopping at a width
and not at a result leaves the interval's level as it is, asymptotically (Chow and Robbins, Annals of Mathematical
Statistics 36, 1965).

A point is looked at only at milestones that the scenario fixes: `least` rows, and then half as many again each time, in
whole parts, up to `most`.
"""

from collections.abc import Sequence

import numpy as np

from linksim.errors import UserError
from linksim.experiment.parts import Part
from linksim.scenario import Scenario

GROWTH, Z = 1.5, 1.959964


def milestones(scenario: Scenario, parts: list[Part]) -> list[int]:
    """How many parts a point has at each milestone, increasing; the last is the most it can have."""
    stop, rows = scenario.stop, np.cumsum([len(part) for part in parts])
    if not stop:
        return [len(parts)]
    most, wanted, found = min(stop.most or rows[-1], rows[-1]), stop.least, []
    while not found or rows[found[-1] - 1] < most:
        found.append(int(np.searchsorted(rows, min(wanted, most))) + 1)
        wanted = int(rows[found[-1] - 1] * GROWTH)
    return found


def unsettled(sweep, points: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Those of the points (scheme, SNR) of a `Sweep` that need more rows. The scheme that the others are compared with
    goes on as long as a comparison needs it."""
    stop, against = sweep.setup.scenario.stop, sweep.setup.scenario.compared
    wide = {at for at in points if _wide(sweep, *at, stop)}
    if stop.paired:
        for name, snr_db in points:
            if name != against and _half(*paired(sweep, name, snr_db)[1:3]) > stop.paired:
                wide |= {(name, snr_db), (against, snr_db)} & set(points)
    return [at for at in points if at in wide]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of `hits` in `of`."""
    share, weight = hits / of, Z**2 / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * np.sqrt(share * (1 - share) / of + weight / of / 4)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def paired(sweep, name: str, snr_db: float) -> tuple[float, float, float, float]:
    """The metric of a scheme less that of the scheme `against` over the draws that both have at an SNR; its 95 %
    interval; and the two-sided p-value of no difference, from the same resamples."""
    setup, against = sweep.setup, sweep.setup.scenario.compared
    common = min(sweep.taken[name, snr_db], sweep.taken[against, snr_db])
    both = []
    for one in (name, against):
        both.append(setup.task.score(*observed(setup, sweep.point(one, snr_db, common)), **setup.bootstrap))
    keys = setup.task.metric, f"{setup.task.metric}_resampled"
    if keys[1] not in both[0]:
        raise UserError(f"stop.paired: the task {type(setup.task).type_name} doesn't say how its metric falls out over "
                        "resamples; leave it out")
    difference, drawn = (both[0][key] - both[1][key] for key in keys)
    p = 2 * (1 + min((drawn <= 0).sum(), (drawn >= 0).sum())) / (1 + len(drawn))
    return float(difference), *np.percentile(drawn, (2.5, 97.5)).tolist(), float(min(p, 1.0))


def columns(sweep, rows: Sequence[dict]) -> dict[str, float]:
    """What the line of a point's rows has besides, where sampling stops by confidence: `lost_lo`, `lost_hi`; with
    `paired` the difference in the metric, `diff` with `diff_lo`, `diff_hi`, `diff_p`, but for the scheme `against`."""
    scenario, name = sweep.setup.scenario, rows[0]["scheme"]
    if not scenario.stop:
        return {}
    found = dict(zip(("lost_lo", "lost_hi"), _lost(rows), strict=True))
    if scenario.stop.paired and name != scenario.compared:
        found |= zip(("diff", "diff_lo", "diff_hi", "diff_p"), paired(sweep, name, rows[0]["snr_db"]), strict=True)
    return found


def observed(setup, rows: Sequence[dict]) -> tuple[Sequence[dict], list, np.ndarray]:
    """Of a point's rows what the main task observed, the truths, and the pictures int [R]."""
    from linksim.experiment.table import seen

    picture = np.array([row["picture"] for row in rows])
    return seen(setup, rows), [setup.truths[p] for p in picture], picture


def _wide(sweep, name: str, snr_db: float, stop) -> bool:
    rows, metric = sweep.point(name, snr_db), sweep.setup.task.metric
    if stop.lost and _half(*_lost(rows)) > stop.lost:
        return True
    if not stop.metric:
        return False
    score = sweep.setup.task.score(*observed(sweep.setup, rows), **sweep.setup.bootstrap)
    return _half(score[f"{metric}_lo"], score[f"{metric}_hi"]) > stop.metric


def _lost(rows: Sequence[dict]) -> tuple[float, float]:
    return wilson(sum(not row["ok"] for row in rows), len(rows))


def _half(low: float, high: float) -> float:
    return (high - low) / 2
