"""Feasibility study: how many features must be sent until the received picture means the same?

For every number L of features, the L heaviest of each picture are sent and the others are not, over the same channel
draws, and the picture received is compared with the one sent by semantic similarity (task `similarity`, its network
named there). Over L the mean similarity s(L) grows feature by feature, the semantic-parsing region, until it has
reached its plateau, the semantic-explicit region, where further features add nothing to the meaning. Declared here:

    plateau   the largest mean similarity of all L measured
    L_opt     the smallest L with s(L) >= (1 - tolerance) plateau, s being interpolated linearly

Intervals are 95 % percentile bootstraps over pictures; for L_opt, curve and plateau are taken anew in each resample.
"""

from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.experiment.progress import Clock
from linksim.experiment.setup import ROWS, Setup
from linksim.experiment.store import Store
from linksim.registry import lookup

DEFINITION = "smallest L whose mean similarity is at least {share:g} % of the largest"


def answer(setup: Setup, store: Store, clock: Clock) -> None:
    """Measure what isn't in the store yet; write feasibility.csv (a line per L) and feasibility.json (L_opt)."""
    asked, path = setup.scenario.feasibility, rows(store)
    task = lookup("task", asked.similarity.type)(asked.similarity, setup.task.classes)
    if not store.done(path) or store.read_rows(path) is None:
        store.write_rows(path, measure(setup, task, clock))
    lines, found = study(store.read_rows(path), task.metric, asked.tolerance, **setup.bootstrap)
    store.write_csv("feasibility.csv", lines)
    store.write_json("feasibility.json", found | {
        "scheme": asked.scheme, "snr_db": asked.snr_db, "metric": task.metric, "metric_label": task.metric_label,
        "definition": DEFINITION.format(share=100 * (1 - asked.tolerance))})


def rows(store: Store) -> Path:
    """Where a run keeps what was measured."""
    return store.folder / "rows" / "feasibility.parquet"


def measure(setup: Setup, task, clock: Clock) -> list[dict]:
    """One row per (number of features, picture, realisation): total channel uses, whether the header arrived, and what
    the task says of the received picture beside the one sent."""
    asked, scenario, link = setup.scenario.feasibility, setup.scenario, setup.link
    scheme, every = setup.schemes[asked.scheme], np.arange(setup.scenario.pictures)
    out, own = [], scheme.plan
    weights = setup.analysis(asked.scheme).weights  # a header chosen for one threshold hasn't room for every mask
    scheme.adopt(scheme.plan_with_room(np.concatenate([heaviest(weights, count) for count in asked.features]) > 0))
    for start in range(0, len(every), ROWS):
        few = every[start : start + ROWS]
        analysis, images = setup.analysis(asked.scheme)[few], setup.images[few]
        for features in asked.features:
            with clock.work("feasibility", len(few), f"feasibility with {features} features"):
                counts = heaviest(analysis.weights, features) * scheme.config.uses
                burst = scheme.burst(analysis, counts, setup.knowledge(asked.snr_db))
                spent = np.sum(list(link.ledger(burst).values()), axis=0)
                for realisation in range(scenario.realisations):
                    draw = setup.draw(few, np.full(len(few), realisation))
                    received, ok = scheme.decode(link.transmit(burst, asked.snr_db, draw))
                    seen = [float(one[task.metric]) for one in task.compare(received, images)]
                    out += [{"features": features, "picture": int(picture), "realisation": realisation,
                             "uses": int(uses), "ok": bool(here), task.metric: similarity}
                            for picture, uses, here, similarity in zip(few, spent, ok, seen, strict=True)]
    scheme.adopt(own)
    return out


def heaviest(weights: np.ndarray, features: int) -> np.ndarray:
    """int [B, h, w], 1 at the `features` heaviest of weights float [B, h, w] (of equals the first), else 0."""
    flat = weights.reshape(len(weights), -1)
    if features > flat.shape[1]:
        raise UserError(f"feasibility.features: should be at most {flat.shape[1]}, as many as a picture has (found "
                        f"{features})")
    chosen = np.zeros(flat.shape, np.int32)
    np.put_along_axis(chosen, np.argsort(-flat, axis=1, kind="stable")[:, :features], 1, axis=1)
    return chosen.reshape(weights.shape)


def study(rows: list[dict], metric: str, tolerance: float, bootstrap: int = 0, seed: int = 0):
    """(lines, found). lines: per L its mean channel uses and mean similarity with interval. found: plateau, L_opt (key
    `optimum`) with interval, the channel uses there, the tolerance."""
    counts, features = np.unique([row["features"] for row in rows], return_inverse=True)
    pictures, picture = np.unique([row["picture"] for row in rows], return_inverse=True)
    size, at = (len(counts), len(pictures)), (features, picture)
    times, similarity, uses = np.zeros(size), np.zeros(size), np.zeros(size)
    np.add.at(times, at, 1)
    np.add.at(similarity, at, [row[metric] for row in rows])
    np.add.at(uses, at, [row["uses"] for row in rows])
    similarity, uses = similarity / times, uses / times  # (L, P), mean over realisations

    draws = np.random.default_rng(seed).multinomial(len(pictures), np.full(len(pictures), 1 / len(pictures)), bootstrap)
    curve, curves = similarity.mean(1), draws @ similarity.T / len(pictures)  # (L), (W, L)
    lines = [{"features": int(count), "uses": float(spent), metric: float(mean)}
             for count, spent, mean in zip(counts, uses.mean(1), curve, strict=True)]
    found = {"plateau": float(curve.max()), "optimum": optimum(counts, curve, tolerance), "tolerance": tolerance}
    found["uses"] = float(np.interp(found["optimum"], counts, uses.mean(1)))
    if bootstrap:
        for line, low, high in zip(lines, *np.percentile(curves, (2.5, 97.5), axis=0), strict=True):
            line |= {f"{metric}_lo": float(low), f"{metric}_hi": float(high)}
        optima = [optimum(counts, one, tolerance) for one in curves]
        found["optimum_lo"], found["optimum_hi"] = np.percentile(optima, (2.5, 97.5)).tolist()
    return lines, found


def optimum(counts: np.ndarray, curve: np.ndarray, tolerance: float) -> float:
    """L_opt of a mean similarity float [L] measured with `counts` features, increasing."""
    wanted = (1 - tolerance) * curve.max()
    first = int(np.argmax(curve >= wanted))
    if first == 0:
        return float(counts[0])
    low, high = counts[first - 1 : first + 1]
    below, above = curve[first - 1 : first + 1]
    return float(low + (high - low) * (wanted - below) / (above - below))
