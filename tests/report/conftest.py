"""Synthetic run folders with the shape of real ones: rising curves, intervals, uses, example pictures."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from linksim.report import draw

# name, channel uses, AP50 it tends to, SNR where it rises, whose budget
SCHEMES = [
    ("SE-SC", 5200, 0.80, 2.0, None),
    ("full", 6900, 0.81, 2.5, None),
    ("linear", 5200, 0.35, 12.0, "SE-SC"),
    ("JPEG2000 + LDPC, each picture", 5200, 0.62, 9.0, "SE-SC"),
    ("JPEG2000 + LDPC, same mean", 5200, 0.66, 8.5, "SE-SC"),
    ("SE-SC, no shared feature", 5200, 0.72, 3.5, None),
    ("a very long name of a scheme that nobody should choose", 5200, 0.5, 6.0, None),
]
BOUNDS = [f"JPEG2000 + LDPC, each picture: {curve}" for curve in ("envelope", "at capacity")] + ["no channel"]


@pytest.fixture
def make_run(tmp_path):
    """make_run(schemes=4, snrs=..., mu=True, examples=True, warnings=()) -> folder of a finished run."""
    return lambda **kwargs: write_run(tmp_path / "run", **kwargs)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run folder with a warning, drawn once and only read: (folder, names before, files written)."""
    path = tmp_path_factory.mktemp("drawn") / "run"
    folder = write_run(path, warnings=["trained on <voc> & not on [scenes]"])
    before = {path.name for path in folder.iterdir()}
    return folder, before, draw(folder)


def write_run(folder, schemes=4, snrs=tuple(range(0, 21, 2)), mu=True, examples=True, warnings=()):
    folder.mkdir(parents=True, exist_ok=True)
    chosen = SCHEMES[:schemes]
    scenario = {"name": "rayleigh_slow", "seed": 1, "source": {"type": "scenes", "size": 256},
                "pictures": 128, "realisations": 1, "calibration": {"pictures": 48, "realisations": 8},
                "task": {"type": "detection", "judge": "yolov5", "weights": "yolov5n-scenes",
                         "protocol": "coco"},
                "link": {"channel": {"model": "rayleigh", "fading": "slow"}, "csi": "perfect"},
                "snr_db": [float(snr) for snr in snrs],
                "knowledge": {"transmitter": "mean_snr", "receiver": "perfect"}, "bootstrap": 500,
                "schemes": [_scheme(name, owner) for name, *_, owner in chosen],
                "examples": {"snr_db": 15, "pictures": [0, 1, 2]}}
    (folder / "scenario.yaml").write_text(yaml.safe_dump(scenario, sort_keys=False))
    record = {"warnings": list(warnings), "command": "linksim run scenarios/rayleigh_slow.yaml"}
    (folder / "provenance.json").write_text(json.dumps(record))
    pq.write_table(pa.Table.from_pylist(_table(chosen, snrs)), folder / "table.parquet")
    if mu:
        _write_mu(folder / "symbols_vs_mu.csv")
    if examples:
        np.savez(folder / "examples.npz", **_examples([name for name, *_ in chosen]))
    return folder


def _scheme(name, owner):
    rate = "constant_quality" if "mean" in name else "per_picture"
    coded = {"mcs": "best_per_snr", "rate": rate} if "JPEG" in name else {}
    return {"name": name, "type": "any", "budget_as": owner} | coded


def _table(chosen, snrs):
    rows = []
    for name, uses, top, knee, _ in chosen:
        for snr in map(float, snrs):
            arrived = float(np.exp(-(10 ** ((knee - 6 - snr) / 10))))
            ap, coded = top * arrived, "JPEG" in name
            half = 0.05 * np.sqrt(ap * (1 - ap)) + 0.012
            split = {"side_information": 60, "crc_filler": 48 if coded else 16, "pilots": 0.07 * uses,
                     "coding": uses * (0.04 if not coded else 0.55 if snr < 8 else 0.42 if snr < 15 else 0.2)}
            split["payload"] = uses - sum(split.values())
            rows.append({"scheme": name, "kind": "scheme", "snr_db": snr, "rows": 128, "ap50": ap,
                         "ap50_lo": max(ap - half, 0), "ap50_hi": ap + 0.9 * half, "uses": float(uses),
                         **{f"uses_{purpose}": float(value) for purpose, value in split.items()},
                         "header_lost": 0.02, "lost": 1 - arrived, "psnr_db": 24.0,
                         "choice": "QPSK 1/3" if coded else ""})
    for i, name in enumerate(BOUNDS):
        rows += [{"scheme": name, "kind": "bound", "snr_db": float(snr), "rows": 128, "choice": "",
                  "ap50": 0.9 if name == "no channel" else
                  (0.64 + 0.03 * i) * float(np.exp(-(10 ** ((2.5 - 2 * i - snr) / 10))))} for snr in snrs]
    return rows


def _write_mu(path):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["scheme", "mu", "uses", "uses_lo", "uses_hi", "kept", "ap50"])
        for value in np.arange(0, 0.95, 0.05):
            kept = 1 - value**0.6
            uses = 500 + 6400 * kept
            half = 400 * np.sqrt(kept * value)
            ap50 = 0.8 * min(1, 1.6 * kept) if round(value * 100) % 20 == 0 else ""
            writer.writerow(["SE-SC", f"{value:.2f}", uses, uses - half, uses + half, kept, ap50])


def _examples(names, side=256, cells=16):
    rng, data = np.random.default_rng(3), {}
    y, x = np.mgrid[:side, :side] / side
    sent = np.zeros((3, side, side, 3), np.uint8)
    weights = np.zeros((3, cells, cells), np.float32)
    data["classes"] = np.array(["car", "lantern", "kite"])
    for i in range(3):
        left, right = [30 + 20 * i, 40, 120 + 10 * i, 150], [150, 2 + 40 * i, 250, 110 + 30 * i]
        boxes = np.array([left, right], np.float32)
        picture = 110 + 60 * np.stack([np.sin(5 * x + i), np.cos(4 * y), np.sin(7 * x * y)], -1)
        picture += rng.normal(0, 14, picture.shape)
        for k, (x0, y0, x1, y1) in enumerate(boxes):
            across, down = (x * side - (x0 + x1) / 2) / (x1 - x0), (y * side - (y0 + y1) / 2) / (y1 - y0)
            inside = across**2 + down**2 < 0.25
            picture[inside] = (220, 60, 60) if k else (60, 200, 230)
            weights[i] = np.maximum(weights[i], inside.reshape(cells, side // cells, cells, -1).mean((1, 3)))
        sent[i] = np.clip(picture, 0, 255)
        data[f"boxes/truth/{i}"], data[f"labels/truth/{i}"] = boxes, np.array(["car", "lantern"])
    weights = np.clip(0.75 * weights + rng.uniform(0, 0.25, weights.shape), 0, 1).astype(np.float32)
    for j, name in enumerate(names):
        noisy = np.clip(sent + rng.normal(0, 12 + 10 * j, sent.shape), 0, 255).astype(np.uint8)
        for i in range(3):
            if (i, j) == (2, 3):
                noisy[i] = 114
            boxes = np.concatenate([data[f"boxes/truth/{i}"] + 3 * j, [[60, 180, 110, 230]]])
            data[f"boxes/{name}/{i}"] = boxes.astype(np.float32)
            data[f"scores/{name}/{i}"] = np.array([0.91 - 0.08 * j, 0.66 - 0.12 * j, 0.31], np.float32)
            data[f"labels/{name}/{i}"] = np.array([0, 1, 2], np.int32)
        data[f"received/{name}"] = noisy
    data |= {f"uses/{name}": np.full(3, 5200 + j) for j, name in enumerate(names)}
    return data | {"sent": sent, "snr_db": 16.0, f"weights/{names[0]}": weights, f"mask/{names[0]}": weights > 0.2}
