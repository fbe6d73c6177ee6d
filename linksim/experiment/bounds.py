"""The curves of a scheme's `bounds`: at every SNR the candidate that is best on the test pictures.

A picture arrives where the effective SNR of its row (`Link.effective_snr_db`) reaches the candidate's threshold; else
the lost picture counts. Judging a candidate takes minutes where pictures are many: what was seen in each block of them
is kept beside the rows until the curves are there, for a run that goes on.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from linksim.experiment.blocks import BLOCK, KEPT
from linksim.experiment.points import pairs
from linksim.experiment.progress import Clock
from linksim.experiment.rows import Rows, View, read, write
from linksim.experiment.setup import ROWS, Setup
from linksim.experiment.store import unless_full
from linksim.experiment.table import further_scores, scores, truths_of
from linksim.schemes.base import lost_picture


def lines(setup: Setup, name: str, clock: Clock, folder: Path | None = None) -> list[dict]:
    """Lines of a scheme's curves, for each task of its own; `choice` and `lost` are those of the main task's.

    folder: where what is seen in the pictures is kept, of this scheme and scenario alone, to go on with; who keeps the
    lines removes it. Left out, nothing is kept."""
    if folder is None:
        with TemporaryDirectory() as scratch:
            return _lines(setup, name, clock, Path(scratch))
    folder.mkdir(parents=True, exist_ok=True)
    return _lines(setup, name, clock, folder)


def _lines(setup: Setup, name: str, clock: Clock, folder: Path) -> list[dict]:
    picture, _ = pairs(setup)
    every = np.arange(len(setup.images))
    grey = np.broadcast_to(lost_picture(setup.scenario.source.size), setup.images.shape)
    tasks = {None: setup.task} | setup.also
    lost = {label: setup.observe(grey, every, label) for label in tasks}
    best: dict[tuple[str | None, str, float], tuple] = {}
    candidates = enumerate(setup.schemes[name].bounds(setup.analysis(name), setup.budgets[name]))
    effective_db = _Effective(setup, name)
    while True:
        with clock.work(f"bounds of {name}", 1, f"bounds of {name}"):
            number, candidate = next(candidates, (0, None))
            if candidate is None:
                break
            needed_db = np.asarray(candidate.threshold_db)[picture]
            arrived = {snr_db: effective_db(candidate, snr_db) >= needed_db for snr_db in setup.scenario.snr_db}
            shown = np.unique(picture[np.any(list(arrived.values()), axis=0)])  # somewhere: others needn't be judged
            for i, (label, task) in enumerate(tasks.items()):
                seen = _observed(setup, candidate.images, shown, lost[label], label, folder / f"{number}_{i}")
                for snr_db, here in arrived.items():
                    rows = View(range(len(picture)), partial(_either, seen, lost[label], picture, here))
                    value = task.score(rows, truths_of(setup, picture), picture)[task.metric]
                    at = label, candidate.curve, snr_db
                    if at not in best or value > best[at][0]:
                        best[at] = value, candidate.label, rows, 1 - float(here.mean())
        clock.say(f"bounds of {name}: {candidate.curve}, {candidate.label}")
    curves = sorted(at[1:] for at in best if at[0] is None)
    return [{"scheme": f"{name}: {curve}", "kind": "bound", "snr_db": snr_db, "rows": len(picture)}
            | scores(setup, best[None, curve, snr_db][2], picture)
            | further_scores(setup, {label: best[label, curve, snr_db][2] for label in setup.also}, picture)
            | {"lost": best[None, curve, snr_db][3], "choice": best[None, curve, snr_db][1]}
            for curve, snr_db in curves]


def _observed(setup: Setup, images, shown: np.ndarray, lost: list[dict], label: str | None, path: Path) -> Rows:
    """What a task finds in a picture for every test picture: in those of `shown`, int [N] rising, as it is in `images`,
    for others what `lost` has. It lies in files that begin with `path`, in memory too where it is little."""
    blocks = [np.arange(start, min(start + BLOCK, len(images))) for start in range(0, len(images), BLOCK)]
    reads = []
    for i, block in enumerate(blocks):
        file = path.with_name(f"{path.name}_{i}.parquet")
        seen = _kept(file, partial(_block, setup, images, block, shown, lost, label))
        reads.append(partial(read, file) if len(blocks) > KEPT else partial(list, seen))
    return Rows(reads, list(map(len, blocks)))


def _block(setup: Setup, images, block: np.ndarray, shown: np.ndarray, lost: list[dict],
           label: str | None) -> list[dict]:
    seen, here = [lost[row] for row in block], shown[(shown >= block[0]) & (shown <= block[-1])]
    for row, found in zip(here, setup.observe(images[here], here, label), strict=True):
        seen[row - block[0]] = found
    return seen


def _kept(file: Path, make: Callable[[], list[dict]]) -> list[dict]:
    """The rows that an earlier session left in a file, sound, or else made and left there."""
    try:
        return read(file)
    except (ValueError, FileNotFoundError):
        rows, aside = make(), file.with_name(file.name + ".part")
        unless_full(file.parent, lambda: write(aside, rows))
        aside.replace(file)
        return rows


def _either(seen: Rows, lost: list[dict], picture: np.ndarray, arrived: np.ndarray, row: int) -> dict:
    return seen[picture[row]] if arrived[row] else lost[picture[row]]


class _Effective:
    """Effective SNR in dB of every row for a candidate of `bounds`, float64 [R]; equal questions asked once."""

    def __init__(self, setup: Setup, name: str):
        self._setup, self._known, self._usual = setup, {}, setup.symbols(name)

    def __call__(self, candidate, snr_db: float) -> np.ndarray:
        bits, symbols = (getattr(candidate, key, None) for key in ("bits_per_symbol", "symbols"))
        symbols = np.maximum(self._usual if symbols is None else np.asarray(symbols), 1)
        key = bits, snr_db, symbols.tobytes()
        if key not in self._known:
            picture, realisation = pairs(self._setup)
            parts = [slice(start, start + ROWS) for start in range(0, len(picture), ROWS)]
            self._known[key] = np.concatenate([self._setup.link.effective_snr_db(
                self._setup.draw(picture[few], realisation[few]), snr_db, symbols[picture[few]], bits)
                for few in parts])
        return self._known[key]
