"""Means over rows with their bootstrap interval: the score of every task whose metric is an average over pictures."""

import numpy as np


def mean_score(values: dict[str, np.ndarray], pictures: np.ndarray, bootstrap: int = 0,
               seed: int = 0) -> dict[str, float]:
    """Mean of float [R] per key; with bootstrap > 0 also `<key>_lo`, `<key>_hi`, its 95 % percentile interval, and
    `<key>_resampled`, the means it was taken of.

    pictures: int [R], the picture a row shows. Pictures are drawn with replacement, each with all of its rows."""
    names, picture = np.unique(pictures, return_inverse=True)
    found = {key: float(np.mean(rows, dtype=np.float64)) for key, rows in values.items()}
    if bootstrap:
        draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), bootstrap)
        rows = draws @ np.bincount(picture)  # of every resample
        for key, value in values.items():
            means = draws @ np.bincount(picture, np.asarray(value, np.float64)) / rows
            found[f"{key}_lo"], found[f"{key}_hi"] = np.percentile(means, (2.5, 97.5)).tolist()
            found[f"{key}_resampled"] = means
    return found
