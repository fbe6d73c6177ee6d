"""Which MCS for which SNR: the one whose calibration pictures, over calibration draws, serve the task best.

A picture arrives where its channel's gain lifts the SNR to the 50 % point of its transport block on AWGN.
Over slow fading this is the outage that transmitting would show, at the price of one decode and one judgement
per picture and MCS instead of one per picture, MCS, draw and SNR.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from linksim.schemes.base import lost_picture
from linksim.tasks.base import Task


def expected_scores(task: Task, truths: Sequence, candidates: Iterable[tuple[np.ndarray, np.ndarray]],
                    gain_db: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """The task's metric, float64 [M, P], for M candidates (one per MCS) at P SNRs.

    truths: of C pictures. candidates: pictures as received, uint8 [C, S, S, 3], and the Es/N0 in dB that each
    needs, float [C] (inf: never arrives). gain_db: float [C, R], of R draws per picture. snr_db: float [P].
    """
    pictures, draws = gain_db.shape
    if (gain_db == gain_db[0, 0]).all():
        gain_db, draws = gain_db[:, :1], 1  # without fading every draw tells the same
    row_picture = np.repeat(np.arange(pictures), draws)
    row_truths = [truths[c] for c in row_picture]
    lost, scores, known = None, [], {}
    for m, (images, threshold_db) in enumerate(candidates):
        if lost is None:
            lost = task.observe(lost_picture(images.shape[1])[None])[0]
        seen, row = task.observe(images), []
        for snr in snr_db:
            arrived = (gain_db + snr >= threshold_db[:, None]).ravel()
            key = (m if arrived.any() else -1), arrived.tobytes()
            if key not in known:
                rows = [seen[c] if here else lost for c, here in zip(row_picture, arrived, strict=True)]
                known[key] = task.score(rows, row_truths, row_picture)[task.metric]
            row.append(known[key])
        scores.append(row)
    return np.array(scores)
