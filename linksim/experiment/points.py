"""One point: a scheme at one SNR, picture by picture over the air and before the judge."""

from dataclasses import dataclass, field, replace

import numpy as np

from linksim.experiment.memory import give_back
from linksim.experiment.parts import Part, parts
from linksim.experiment.progress import Clock
from linksim.experiment.setup import ROWS, Setup
from linksim.link.burst import Draw
from linksim.schemes.base import rows_of
from linksim.tasks.fidelity import psnr_db


@dataclass
class Delivery:
    """What came of B rows. images: uint8 [B, S, S, 3]. ok: bool [B]. header_ok: bool [B], in any round. ledger: purpose
    -> int32 [B], over all rounds. rounds: int [B], transmissions. papr_db: float32 [B], the waveform's peak over its
    mean power, in the time domain. seen: row -> observation, where the scheme delivers observations and not pictures
    for the task to look at."""

    images: np.ndarray
    ok: np.ndarray
    header_ok: np.ndarray
    ledger: dict[str, np.ndarray]
    rounds: np.ndarray
    papr_db: np.ndarray
    seen: dict[int, dict] = field(default_factory=dict)

    def observations(self, setup: Setup, picture: np.ndarray, label: str | None = None) -> list[dict]:
        """What the receiver's task (or the one of `also` called `label`) has of every row; picture: int [B], the test
        picture it shows. What a scheme delivers instead of pictures serves every task of the main one's type."""
        if self.seen and type(setup.also.get(label, setup.task)) is type(setup.task):
            return [self.seen[i] for i in range(len(self.ok))]
        return setup.observe(self.images, picture, label)

    def found(self, setup: Setup, picture: np.ndarray) -> list[dict]:
        """Of every row what all tasks have, those of `also` under `<label>.<key>`."""
        rows = self.observations(setup, picture)
        for label in setup.also:
            further = self.observations(setup, picture, label)
            rows = [row | {f"{label}.{key}": value for key, value in seen.items()}
                    for row, seen in zip(rows, further, strict=True)]
        return rows


def order(snr_db: list[float]) -> list[float]:
    """SNR points coarse to fine (ends, middle, quarters...): a stopped run leaves a curve, not a stump."""
    last, step = len(snr_db) - 1, 1
    while step < last:
        step *= 2
    found = [0, last]
    while step:
        found += range(0, last + 1, step)
        step //= 2
    return [snr_db[i] for i in dict.fromkeys(found)]


def pairs(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """int64 [R] picture and realisation of every row, in the order of the parts."""
    every = parts(setup.scenario)
    return np.concatenate([part.picture for part in every]), np.concatenate([part.realisation for part in every])


def deliver(setup: Setup, name: str, snr_db: float, draw: Draw) -> Delivery:
    """Send the rows of a draw of attempt 0, and again what isn't acknowledged, and decode what was received.

    A round sends, and bills, only rows that the rounds before have left open."""
    scheme, link, count = setup.schemes[name], setup.link, len(draw.picture)
    out = Delivery(np.zeros((count, *setup.images.shape[1:]), np.uint8), *np.zeros((2, count), bool), {},
                   np.zeros(count, int), np.zeros(count, np.float32))
    rows, earlier = np.arange(count), ()
    for attempt in range(scheme.rounds):
        here = replace(draw, picture=draw.picture[rows], realisation=draw.realisation[rows], attempt=attempt)
        burst = setup.sent(name, snr_db, here)
        reception = replace(link.transmit(burst, snr_db, here), earlier=earlier)
        for purpose, spent in link.ledger(burst).items():
            np.add.at(out.ledger.setdefault(purpose, np.zeros(count, np.int32)), rows, spent)
        if link.config.domain == "time":
            out.papr_db[rows] = np.maximum(out.papr_db[rows], link.papr_db(burst))
        out.rounds[rows] += 1
        out.header_ok[rows] |= reception.header_ok
        last = attempt + 1 == scheme.rounds
        done = np.ones(len(rows), bool) if last else scheme.acknowledge(reception)
        if done.any():
            received = rows_of(reception, done)
            out.images[rows[done]], out.ok[rows[done]] = scheme.decode(received)
            if hasattr(scheme, "observe"):
                out.seen |= zip(rows[done].tolist(), scheme.observe(received), strict=True)
        if done.all():
            break
        earlier = tuple(rows_of(part, ~done) for part in (*earlier, replace(reception, earlier=())))
        rows = rows[~done]
    return out


def measure(setup: Setup, name: str, snr_db: float, clock: Clock, part: Part | None = None) -> list[dict]:
    """One row per (picture, realisation) of a point, or of a part of it: gain (of the first round), verdicts, uses by
    purpose, PSNR, what the task observed; rounds where the scheme may have several."""
    if part is None:
        return [row for one in parts(setup.scenario) for row in measure(setup, name, snr_db, clock, one)]
    scheme, link, picture, realisation = setup.schemes[name], setup.link, part.picture, part.realisation
    label = f"{name} at {snr_db:g} dB"
    if not scheme.follows_channel:
        with clock.work(f"encode {name}", 1, f"encoding {label}"):
            setup.block(name, snr_db, part.block)
    rows: list[dict] = []
    for start in range(0, len(picture), ROWS):
        here = slice(start, start + ROWS)
        with clock.work(f"points of {name}", len(picture[here]), label):
            draw = setup.draw(picture[here], realisation[here])
            got = deliver(setup, name, snr_db, draw)
            columns = {"picture": picture[here], "realisation": realisation[here],
                       "gain_db": decibel(link.gain(draw)), "header_ok": got.header_ok, "ok": got.ok}
            columns |= ({"rounds": got.rounds} if scheme.rounds > 1 else {}) | uses(got.ledger)
            columns |= {"papr_db": got.papr_db} if link.config.domain == "time" else {}
            columns["psnr_db"] = psnr_db(got.images, setup.images[picture[here]])
            for i, seen in enumerate(got.found(setup, picture[here])):
                own = {key: column[i] for key, column in columns.items()}
                rows.append({"scheme": name, "snr_db": float(snr_db)} | own | seen)
    give_back()
    return rows


def uses(ledger: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of channel uses: the sum and its purposes, int32 [B]."""
    return {"uses": np.sum(list(ledger.values()), axis=0).astype(np.int32)} | {
        f"uses_{purpose}": np.asarray(spent, np.int32) for purpose, spent in ledger.items()}


def decibel(gain: np.ndarray) -> np.ndarray:
    """float32, 10 log10(gain)."""
    return (10 * np.log10(np.maximum(gain, 1e-30))).astype(np.float32)
