"""A guess at what hundreds of modes are worth, before pictures are coded and judged for a few of them.

The task's metric over a picture's bytes, g(n), is measured once on calibration pictures; a mode is guessed to be worth
the mean of g over what arrives.
"""

import numpy as np

from baselines.separate.mcs_choice import Judge

RUNGS = 9  # of the curve g


def guesses(scheme, survey, judge: Judge, received: list[list[np.ndarray]]) -> np.ndarray:
    """float64 [M, P] for M modes at P SNRs. received[m][p]: bytes int [C, R] that arrive."""
    worth = _curve(scheme, survey.analysis, judge, max(int(bytes_.max()) for row in received for bytes_ in row))
    return np.array([[worth(bytes_).mean() for bytes_ in row] for row in received])


def _curve(scheme, pictures, judge: Judge, most: int):
    """g: bytes (any shape) -> the metric, a straight line over log bytes between RUNGS sizes up to `most`."""
    scores = [judge.clean(None)]
    sizes = np.unique(np.geomspace(min(100, max(most, 2)), max(most, 2), RUNGS).astype(np.int64))
    for size in sizes:
        codestreams = scheme.codec.to_size(pictures.images, np.full(len(pictures), size), pictures.hints)
        scores.append(judge.clean(scheme.shown(codestreams)[0]))
    return lambda received: np.interp(np.log(np.maximum(received, 1)), np.log([1, *sizes]), scores)
