"""Several antennas: maximum ratio combining, and two streams after zero forcing and LMMSE."""

import numpy as np

from linksim.link import qam
from linksim.theory import closed_forms, simulate
from linksim.theory.check import Check, Effort, Line, Panel, Task
from linksim.theory.evidence import Count, Mean, Sample, Total

FAST = {"model": "rayleigh", "fading": "fast"}
BRANCHES, SNR_DB = (1, 2, 4), tuple(range(-4, 17, 4))
ZF_SNR_DB, SINR_SNR_DB, SINR = tuple(range(0, 25, 6)), (5.0, 15.0), (0.3, 1.0, 3.0, 10.0, 30.0)
MRC, ZF, LMMSE = "MRC, QPSK", "2 x 2 zero forcing, QPSK", "2 x 2 LMMSE"


def build(effort: Effort) -> list[Task]:
    rows, tasks = effort.of(256), []
    for branches in BRANCHES:
        for at, snr_db in enumerate(SNR_DB):
            def combined(seed, branches=branches, at=at, snr_db=snr_db):
                link = simulate.link(FAST, antennas={"receive": branches})
                wrong = simulate.bit_errors(link, 2, snr_db, rows, 64, seed, 10 * branches + at)
                law = closed_forms.bit_error_cumulants(2, 10 ** (snr_db / 10), 64, "fast", branches)
                return Total.of(wrong, 128, law)
            tasks.append(Task(MRC, f"{branches} receive", snr_db, combined, (branches, snr_db) == (2, 4)))
    for at, snr_db in enumerate(ZF_SNR_DB):
        def forced(seed, at=at, snr_db=snr_db):
            link = simulate.link(FAST, equaliser="zf", antennas={"receive": 2, "transmit": 2})
            wrong = simulate.bit_errors(link, 2, snr_db, rows, 128, seed, 100 + at)
            return Mean.of(float(closed_forms.ber_rayleigh(2, 10 ** (snr_db / 10) / 2)), wrong / 256)
        tasks.append(Task(ZF, "both streams", snr_db, forced, snr_db == 12))
    for snr_db in SINR_SNR_DB:
        n0 = 10 ** (-snr_db / 10)

        def whole(seed, snr_db=snr_db, n0=n0):
            return Sample(_streams(snr_db, 8, seed, 200 + int(snr_db))[1][:, ::2].ravel(),
                          lambda x: closed_forms.lmmse_sinr_cdf(x, n0))

        def truth(seed, snr_db=snr_db):
            error, sinr = _streams(snr_db, rows, seed, 300 + int(snr_db))
            return Mean.of(1.0, np.mean(error * sinr, axis=1))
        tasks += [Task(LMMSE, f"SNR {snr_db:g} dB, KS", None, whole),
                  Task(LMMSE, f"SNR {snr_db:g} dB, |error|^2 over declared", None, truth, snr_db == 15.0)]
        for at, level in enumerate(SINR):
            def below(seed, snr_db=snr_db, n0=n0, level=level, at=at):
                sinr = _streams(snr_db, 16, seed, 400 + 10 * int(snr_db) + at)[1][:, ::2]  # one stream: independent
                return Count(float(closed_forms.lmmse_sinr_cdf(level, n0)), int((sinr <= level).sum()), sinr.size)
            tasks.append(Task(LMMSE, f"SNR {snr_db:g} dB", 10 * np.log10(level), below, (snr_db, level) == (15.0, 10)))
    return tasks


def _streams(snr_db: float, rows: int, seed: int, point: int):
    """Squared error of the equalised symbols and declared SINR 1 / no_eff, float64 [rows, 128] each; the uses of the
    two streams alternate."""
    rng = np.random.default_rng([seed, point])
    symbols = qam.modulate(rng.integers(0, 2, (rows, 256), dtype=np.uint8), 2)
    link = simulate.link(FAST, antennas={"receive": 2, "transmit": 2})
    reception = simulate.transmit(link, symbols, 2, snr_db, simulate.draw(seed, rows, point))
    return np.abs(reception.symbols - symbols).astype(np.float64) ** 2, 1 / reception.noise_variance.astype(np.float64)


def lines() -> list[Line]:
    snr_db, zf = np.linspace(SNR_DB[0], SNR_DB[-1], 101), np.linspace(0, ZF_SNR_DB[-1], 101)
    level = np.linspace(-10, 20, 121)
    return [*(Line(MRC, f"{n} receive", snr_db, closed_forms.ber_mrc_qpsk(n, 10 ** (snr_db / 10))) for n in BRANCHES),
            Line(ZF, "both streams", zf, closed_forms.ber_rayleigh(2, 10 ** (zf / 10) / 2)),
            *(Line(LMMSE, f"SNR {snr:g} dB", level, closed_forms.lmmse_sinr_cdf(10 ** (level / 10), 10 ** (-snr / 10)))
              for snr in SINR_SNR_DB)]


CHECK = Check(
    "antennas", "Several antennas, fast Rayleigh",
    "Maximum ratio combining: QPSK falls as SNR^-(receive antennas) (Proakis 14.4-15). 2 x 2 zero forcing: each stream "
    "is one Rayleigh branch of half the power. 2 x 2 LMMSE: the SINR it declares against its distribution (Gao, Smith "
    "and Clark 1998), and the error it makes against the one it declares.",
    (Panel(MRC, "Es/N0 per receive antenna (dB)", "bit-error rate"),
     Panel(ZF, "Es/N0 per receive antenna (dB)", "bit-error rate"),
     Panel(LMMSE, "SINR of a stream (dB)", "P(SINR at most this)", log=False)), build, lines)
