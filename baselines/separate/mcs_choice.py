"""Which mode for which SNR: the one whose calibration pictures, over calibration draws, serve the task best.

Over slow fading this is the outage that transmitting would show, at the price of one decode and one judgement
per picture and mode instead of one per picture, mode, draw and SNR.
"""

from collections.abc import Sequence

import numpy as np

from linksim.schemes.base import lost_picture
from linksim.tasks.base import Task


class Judge:
    """Scores calibration pictures as they would arrive."""

    def __init__(self, task: Task, truths: Sequence, images: np.ndarray):
        """truths, images: of C pictures uint8 [C, S, S, 3], as they were sent."""
        self._task, self._truths, self._sent = task, truths, images
        lost = lost_picture(images.shape[1])[None]
        self._lost = (task.compare(lost.repeat(len(images), 0), images) if task.compares
                      else task.observe(lost) * len(images))

    def scores(self, outcomes: Sequence[np.ndarray], parts: Sequence[np.ndarray]) -> list[float]:
        """The task's metric for one mode at every SNR.

        outcomes: pictures uint8 [C, S, S, 3] as they look when 1, 2, ... transport blocks have arrived. parts: for
        every SNR int [C, R], how many have."""
        seen, known, scores = [self._task.compare(images, self._sent) for images in outcomes], {}, []
        for arrived in parts:
            key = arrived.tobytes()
            if key not in known:
                pictures = np.repeat(np.arange(len(arrived)), arrived.shape[1])
                rows = [seen[n - 1][c] if n else self._lost[c] for c, n in zip(pictures, arrived.ravel(), strict=True)]
                known[key] = self._score(rows, pictures)
            scores.append(known[key])
        return scores

    def clean(self, images: np.ndarray | None) -> float:
        """The metric where all pictures look like these, uint8 [C, S, S, 3]; None: where all are lost."""
        pictures = np.arange(len(self._truths))
        return self._score(self._lost if images is None else self._task.compare(images, self._sent), pictures)

    def _score(self, rows: list, pictures: np.ndarray) -> float:
        return self._task.score(rows, [self._truths[c] for c in pictures], pictures)[self._task.metric]
