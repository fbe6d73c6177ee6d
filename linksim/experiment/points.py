"""One point: a scheme at one SNR, picture by picture over the air and before the judge."""

import numpy as np

from linksim.experiment.progress import Clock
from linksim.experiment.setup import ROWS, Setup


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
    """int64 [R] picture and realisation of every row, in picture order."""
    scenario = setup.scenario
    return (np.repeat(np.arange(scenario.pictures), scenario.realisations),
            np.tile(np.arange(scenario.realisations), scenario.pictures))


def measure(setup: Setup, name: str, snr_db: float, clock: Clock) -> list[dict]:
    """One row per (picture, realisation): gain, verdicts, uses by purpose, PSNR, what the task observed."""
    scheme, link = setup.schemes[name], setup.link
    picture, realisation = pairs(setup)
    label = f"{name} at {snr_db:g} dB"
    with clock.work(f"encode {name}", 1, f"encoding {label}"):
        sent = setup.burst(name, snr_db)
    rows: list[dict] = []
    for start in range(0, len(picture), ROWS):
        here = slice(start, start + ROWS)
        with clock.work(f"points of {name}", len(picture[here]), label):
            burst, draw = sent.rows(picture[here]), setup.draw(picture[here], realisation[here])
            reception = link.transmit(burst, snr_db, draw)
            images, ok = scheme.decode(reception)
            columns = {"picture": picture[here], "realisation": realisation[here],
                       "gain_db": decibel(link.gain(draw)),
                       "header_ok": reception.header_ok, "ok": np.asarray(ok, bool)}
            columns |= uses(link.ledger(burst))
            columns["psnr_db"] = psnr_db(images, setup.images[picture[here]])
            for i, seen in enumerate(setup.observe(images)):
                own = {key: column[i] for key, column in columns.items()}
                rows.append({"scheme": name, "snr_db": float(snr_db)} | own | seen)
    return rows


def uses(ledger: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of channel uses: the sum and its purposes, int32 [B]."""
    return {"uses": np.sum(list(ledger.values()), axis=0).astype(np.int32)} | {
        f"uses_{purpose}": np.asarray(spent, np.int32) for purpose, spent in ledger.items()}


def psnr_db(images: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """float32 [B], 10 log10(255^2 / MSE) over uint8 [B, H, W, 3]. Equal pictures count as
    one sample off by one level (101 dB at 256 x 256), so that means stay finite."""
    error = np.square(images.astype(np.float32) - sent).mean(axis=(1, 2, 3), dtype=np.float64)
    return (10 * np.log10(255**2 / np.maximum(error, 1 / images[0].size))).astype(np.float32)


def decibel(gain: np.ndarray) -> np.ndarray:
    """float32, 10 log10(gain)."""
    return (10 * np.log10(np.maximum(gain, 1e-30))).astype(np.float32)
