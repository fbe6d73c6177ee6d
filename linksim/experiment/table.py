"""From rows to lines: one line of the table per point and of the pictures as sent, channel uses over the threshold."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from linksim.experiment.blocks import BLOCK
from linksim.experiment.points import deliver
from linksim.experiment.rows import Rows, View
from linksim.experiment.setup import Setup

_SOMETIMES = ("rounds", "papr_db")  # columns that some schemes or links have
_NOT_SEEN = {"scheme", "snr_db", "picture", "realisation", "gain_db", "header_ok", "ok", "psnr_db", *_SOMETIMES}


def line(setup: Setup, rows: Sequence[dict]) -> dict:
    """A point's line: the task's scores with their 95 % interval (those of `also` as `<label>.<key>`), means over rows
    of everything else.

    header_lost, lost: shares of rows whose header, or picture, was lost. rounds: transmissions, where there may be
    several. papr_db: peak to average power ratio, in the time domain. choice: the scheme's at this SNR."""
    name, snr_db, spent = rows[0]["scheme"], rows[0]["snr_db"], _spent(setup, rows[0])
    plain = [key for key in ("picture", "header_ok", "ok", "psnr_db", *spent, *_SOMETIMES) if key in rows[0]]
    plain = dict(zip(plain, zip(*([row[key] for key in plain] for row in rows), strict=True), strict=True))
    picture, further = np.array(plain["picture"]), {label: View(rows, partial(_of, label)) for label in setup.also}
    choice = getattr(setup.schemes[name], "choice", None)
    return ({"scheme": name, "kind": "scheme", "snr_db": snr_db, "rows": len(rows)}
            | scores(setup, seen(setup, rows), picture) | further_scores(setup, further, picture)
            | {key: float(np.mean(plain[key])) for key in (*spent, *_SOMETIMES) if key in plain}
            | {"header_lost": float(np.mean(np.logical_not(plain["header_ok"]))),
               "lost": float(np.mean(np.logical_not(plain["ok"]))), "psnr_db": float(np.mean(plain["psnr_db"])),
               "choice": choice(setup.knowledge(snr_db)) if choice else ""})


def seen(setup: Setup, rows: Sequence[dict]) -> Sequence[dict]:
    """What the main task observed in every row."""
    foreign = {key for key in rows[0] if key.partition(".")[0] in setup.also}
    foreign |= _NOT_SEEN | set(_spent(setup, rows[0]))
    return View(rows, lambda row: {key: row[key] for key in row if key not in foreign})


def _of(label: str, row: dict) -> dict:
    """What a further task observed in a row."""
    return {key.removeprefix(f"{label}."): value for key, value in row.items() if key.startswith(f"{label}.")}


def _spent(setup: Setup, row: dict) -> list[str]:
    """Columns of channel uses."""
    return [key for key in row if key.partition(".")[0] not in setup.also
            and (key == "uses" or key.startswith("uses_"))]


def clean(setup: Setup) -> list[dict]:
    """What the task scores on the pictures as sent, no channel: the ceiling, the same at every SNR. None where the task
    compares with the pictures sent: of those themselves it has nothing to say."""
    if setup.task.compares:
        return []
    every = np.arange(len(setup.images))
    blocks = [every[start : start + BLOCK] for start in range(0, len(every), BLOCK)]
    seen = {label: Rows([partial(_sent, setup, block, label) for block in blocks], list(map(len, blocks)))
            for label, task in ({None: setup.task} | setup.also).items() if not task.compares}
    score = scores(setup, seen.pop(None), every)
    score |= further_scores(setup, seen, every)
    return [{"scheme": "no channel", "kind": "bound", "snr_db": snr_db, "rows": len(setup.images)} | score
            | {"choice": ""} for snr_db in setup.scenario.snr_db]


def _sent(setup: Setup, block: np.ndarray, label: str | None) -> list[dict]:
    return setup.observe(setup.images[block], block, label)


def symbols_vs_mu(setup: Setup, lines: list[dict]) -> list[dict]:
    """Total uses per picture (mean and its 95 % interval over pictures) and share of features kept, over μ.

    The metric, with its interval, stands beside a μ that a scheme of the scenario, otherwise the same, was measured
    with: at the example's SNR."""
    asked = setup.scenario.symbols_vs_mu
    mus = np.asarray(asked.mu, np.float64)
    total, kept = setup.schemes[asked.scheme].uses_over_mu(setup.analysis(asked.scheme), mus)
    total, kept = np.asarray(total, np.float64), np.asarray(kept, np.float64)  # [M, P]
    half = 1.96 * total.std(axis=1, ddof=min(1, total.shape[1] - 1)) / np.sqrt(total.shape[1])
    metric, snr_db = setup.task.metric, example_snr(setup)
    own = setup.scenario.scheme(asked.scheme).model_dump(exclude={"name", "mu"})
    same = {scheme.mu: scheme.name for scheme in setup.scenario.schemes
            if scheme.model_dump(exclude={"name", "mu"}) == own}
    measured = {at["scheme"]: at for at in lines if at["snr_db"] == snr_db}
    scores = [{key: measured.get(same.get(mu), {}).get(key, "") for key in (metric, f"{metric}_lo", f"{metric}_hi")}
              for mu in mus.tolist()]
    return [{"scheme": asked.scheme, "mu": mu, "uses": mean, "uses_lo": mean - h, "uses_hi": mean + h,
             "kept": share, "snr_db": snr_db} | score
            for mu, mean, h, share, score in zip(mus.tolist(), total.mean(axis=1).tolist(), half.tolist(),
                                                 kept.mean(axis=1).tolist(), scores, strict=True)]


def examples(setup: Setup) -> dict[str, np.ndarray]:
    """Arrays for the example figure: what was sent, what each scheme received, what was found in it."""
    chosen, snr_db = np.array(setup.scenario.examples.pictures), example_snr(setup)
    draw = setup.draw(chosen, np.zeros_like(chosen))
    out = {"sent": setup.images[chosen], "pictures": chosen, "snr_db": np.float64(snr_db),
           "classes": np.array(setup.task.classes)}
    seen = {"sent": setup.observe(setup.images[chosen], chosen)}
    for name, scheme in setup.schemes.items():
        got = deliver(setup, name, snr_db, draw)
        out[f"received/{name}"], seen[name] = got.images, got.observations(setup, chosen)
        out[f"uses/{name}"] = np.sum(list(got.ledger.values()), axis=0)
        shown = scheme.details(setup.analysis(name)[chosen])
        if hasattr(scheme.config, "budget") and (setup.budgets[name] is not None or scheme.config.budget
                                                 or getattr(scheme.config, "slots", None)):
            shown.pop("mask", None)  # details know of no budget, to fit which less may have been sent
        out |= {f"{key}/{name}": value for key, value in shown.items()}
    for name, observations in seen.items():
        for i, found in enumerate(observations):
            out |= {f"{key}/{name}/{i}": value for key, value in found.items()}
    for i, truth in enumerate(setup.truths[p] for p in chosen):
        if truth is not None:
            out |= {f"boxes/truth/{i}": truth.boxes, f"labels/truth/{i}": np.array(truth.labels, str)}
    return out


def example_snr(setup: Setup) -> float:
    """The SNR point nearest to the one that the scenario's examples ask for."""
    return min(setup.scenario.snr_db, key=lambda snr: abs(snr - setup.scenario.examples.snr_db))


def take_resampled(lines: list[dict]) -> dict[str, np.ndarray]:
    """Take the resamples' scores out of the lines: "<kind>/<SNR>/<key>/<scheme>" -> float64 [bootstrap]."""
    return {f"{line['kind']}/{line['snr_db']:g}/{key.removesuffix('_resampled')}/{line['scheme']}": line.pop(key)
            for line in lines for key in list(line) if key.endswith("_resampled")}


def scores(setup: Setup, seen: list[dict], picture: np.ndarray, label: str | None = None) -> dict[str, float]:
    return setup.also.get(label, setup.task).score(seen, truths_of(setup, picture), picture, **setup.bootstrap)


def further_scores(setup: Setup, seen: dict[str, list[dict]], picture: np.ndarray) -> dict[str, float]:
    """Scores of the tasks of `also`, as `<label>.<key>`."""
    return {f"{label}.{key}": value for label, rows in seen.items()
            for key, value in scores(setup, rows, picture, label).items()}


def truths_of(setup: Setup, picture: np.ndarray) -> list:
    """The truth of every row."""
    return [setup.truths[p] for p in picture]
