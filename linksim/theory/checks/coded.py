"""The LDPC code and QAM against the block-error rates of `published/ldpc_awgn.csv` and `ldpc_measured.csv`."""

import numpy as np

from linksim.theory import simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.checks import blocks
from linksim.theory.published import table

BOXPLUS, MIXED, MINSUM = "QPSK, rate 1/2, boxplus", "QPSK 40 it., 16-QAM", "16-QAM, minsum"
CHANNELS = {"awgn": {"model": "awgn"}, "rayleigh_slow": {"model": "rayleigh", "fading": "slow"},
            "rayleigh_fast": {"model": "rayleigh", "fading": "fast"}}
NAMES = {"awgn": "AWGN", "rayleigh_slow": "slow Rayleigh", "rayleigh_fast": "fast Rayleigh"}
SENTINELS = {("awgn", 512, 2, 1.5): 40, ("awgn", 1024, 4, 6.5): 100, ("rayleigh_fast", 512, 2, 3.5): 40}  # blocks
DECODERS = {"layered": "layered", "sionna": "Sionna's, stopped early"}  # link.transport.decoder -> panel
DECODED = "(512, 1024) QPSK"
QAM = {2: "QPSK", 4: "16-QAM", 6: "64-QAM", 8: "256-QAM"}


def _link(channel: str, rule: str, iterations: int, decoder: str = "flooding"):
    return simulate.link(CHANNELS[channel], transport={"rule": rule, "iterations": iterations, "decoder": decoder})


def _published():
    """(panel, curve, rows) of ldpc_awgn.csv."""
    for (k, n, q, iterations, rule), rows in blocks.curves(
            table("ldpc_awgn"), "k", "n", "bits_per_symbol", "iterations", "rule"):
        if rule == "minsum":
            yield MINSUM, f"({k}, {n})", rows
        elif (q, iterations) == (2, 20):
            yield BOXPLUS, f"({k}, {n})", rows
        else:
            yield MIXED, f"({k}, {n}) {QAM[q]}, {iterations} it.", rows


def build_published(effort: Effort) -> list[Task]:
    tasks, point = [], 0
    for panel, curve, rows in _published():
        for row in rows:
            k, n, q, iterations, errors, total = (int(row[c]) for c in (
                "k", "n", "bits_per_symbol", "iterations", "block_errors", "blocks"))
            ebno_db = float(row["ebno_db"])
            tasks.append(blocks.task(
                panel, curve, ebno_db, ebno_db + 10 * np.log10(q * k / n), (k, n, q),
                lambda rule=row["rule"], iterations=iterations: _link("awgn", rule, iterations), (errors, total),
                blocks.count(effort, k, errors / total), point, interleaved=row["interleaved"] == "yes"))
            point += 1
    return tasks


def lines_published() -> list[Line]:
    return [blocks.rate_line(panel, curve, [(float(r["ebno_db"]), int(r["block_errors"]), int(r["blocks"]))
                                            for r in rows]) for panel, curve, rows in _published()]


def _measured():
    for (channel, k, n, q), rows in blocks.curves(table("ldpc_measured"), "channel", "k", "n", "bits_per_symbol"):
        yield channel, f"({k}, {n}) {QAM[q]}", rows


def build_measured(effort: Effort) -> list[Task]:
    tasks, point = [], 1000
    for channel, curve, rows in _measured():
        for row in rows:
            k, n, q, errors, total = (int(row[c]) for c in ("k", "n", "bits_per_symbol", "block_errors", "blocks"))
            snr_db = float(row["snr_db"])
            sentinel = SENTINELS.get((channel, k, q, snr_db), 0)
            tasks.append(blocks.task(NAMES[channel], curve, snr_db, snr_db, (k, n, q),
                                     lambda channel=channel: _link(channel, "boxplus-phi", 20), (errors, total),
                                     max(sentinel, blocks.count(effort, k, errors / total)), point, sentinel > 0))
            point += 1
    return tasks


def lines_measured() -> list[Line]:
    return [blocks.rate_line(NAMES[channel], curve, [(float(r["snr_db"]), int(r["block_errors"]), int(r["blocks"]))
                                                     for r in rows]) for channel, curve, rows in _measured()]


def _decoded():
    """(decoder, curve, rows) of the AWGN curve that every decoder is held to."""
    for channel, curve, rows in _measured():
        if channel == "awgn" and curve == DECODED:
            yield from ((decoder, curve, rows) for decoder in DECODERS)


def build_decoders(effort: Effort) -> list[Task]:
    tasks, point = [], 2000
    for decoder, curve, rows in _decoded():
        for row in rows:
            k, n, q, errors, total = (int(row[c]) for c in ("k", "n", "bits_per_symbol", "block_errors", "blocks"))
            snr_db = float(row["snr_db"])
            sentinel = SENTINELS.get(("awgn", k, q, snr_db), 0) if decoder == "layered" else 0
            tasks.append(blocks.task(DECODERS[decoder], curve, snr_db, snr_db, (k, n, q),
                                     lambda decoder=decoder: _link("awgn", "boxplus-phi", 20, decoder), (errors, total),
                                     max(sentinel, blocks.count(effort, k, errors / total)), point, sentinel > 0,
                                     worse=decoder == "layered"))
            point += 1
    return tasks


def lines_decoders() -> list[Line]:
    return [blocks.rate_line(DECODERS[decoder], curve, [(float(r["snr_db"]), int(r["block_errors"]), int(r["blocks"]))
                                                        for r in rows]) for decoder, curve, rows in _decoded()]


PUBLISHED = Check(
    "ldpc-published", "5G LDPC on AWGN, published",
    "Block-error rates of one code block without CRC against the counts in Sionna 1.2.1's notebooks (files and cells "
    "in published/ldpc_awgn.csv; their 16-QAM has no bit interleaver, so ours hasn't here). Shaded: the counts' own "
    "95 % interval.",
    tuple(Panel(name, "Eb/N0 (dB)", "block-error rate") for name in (BOXPLUS, MIXED, MINSUM)),
    build_published, lines_published)
MEASURED = Check(
    "ldpc-measured", "5G LDPC on AWGN and Rayleigh, measured",
    "Block-error rates with perfect CSI, 20 iterations of boxplus-phi and the bit interleaver, against counts of "
    "Sionna's LDPC5GEncoder and LDPC5GDecoder (published/ldpc_measured.csv). The demapper gets N0/|h|^2.",
    tuple(Panel(name, "Es/N0 (dB)", "block-error rate") for name in NAMES.values()),
    build_measured, lines_measured)
OTHER_DECODERS = Check(
    "ldpc-decoders", "5G LDPC, other decoders",
    "Block-error rates on AWGN with 20 iterations of boxplus-phi, for every link.transport.decoder beside flooding, "
    "against counts of Sionna's flooding decoder (published/ldpc_measured.csv). Layered decoding finds more in as many "
    "iterations, so only more errors than the counts speak against it.",
    tuple(Panel(name, "Es/N0 (dB)", "block-error rate") for name in DECODERS.values()), build_decoders, lines_decoders)
