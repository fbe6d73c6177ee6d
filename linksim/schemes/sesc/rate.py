"""The rate policy: which features are sent, and with how many channel uses each.

As the paper tells it: begin with a low threshold mu and raise it until the burst fits its budget. Here a feature of
interest has a number of uses too, and both may be given or left to the policy ("auto"):

    mu given, uses given    mu is raised where the burst doesn't fit
    mu given, uses auto     the most uses that fit; mu is raised where the fewest don't
    mu auto, uses given     from mu = LOWEST up
    mu auto, uses auto      mu is raised until PREFERRED uses fit, then uses fill what is left

The other features get `context` uses each, none as in the paper by default.
"""

import numpy as np

LOWEST = 0.05  # mu to begin with
PREFERRED = 40  # uses per feature of which more features are worth more than more uses, on scenes from 0 to 20 dB
LADDER = (4, 8, 12, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 144, 160, 192)  # uses per feature that auto chooses from


def allot(weights: np.ndarray, mu: float | None, uses: int | None, context: int = 0, room: np.ndarray | None = None,
          most: int = LADDER[-1]) -> tuple[np.ndarray, np.ndarray]:
    """Features of interest bool [B, T] and the uses of each of them int [B].

    weights: float [B, T]. mu, uses: None for auto. room: int [B], symbols that a burst may have, or None. most: uses
    per feature where they are free. At least the heaviest feature is sent; where none weighs anything, one.
    """
    heaviest, lowest = weights.max(1, keepdims=True), LOWEST if mu is None else mu
    mask = weights >= np.minimum(lowest, heaviest)
    if lowest > 0:
        mask[heaviest[:, 0] <= 0] = np.arange(weights.shape[1]) == 0
    if room is None:
        return mask, np.full(len(weights), PREFERRED if uses is None else uses)
    left = np.asarray(room, np.int64) - weights.shape[1] * context  # for what features of interest have more
    first = uses if uses is not None else _steps(context, most)[0] if mu is not None else PREFERRED
    fit = np.maximum(left // (first - context), 1)
    rank = np.empty(weights.shape, np.int64)  # of equal weights the first goes
    np.put_along_axis(rank, np.argsort(-weights, axis=1, kind="stable"), np.arange(weights.shape[1])[None], axis=1)
    mask &= rank < fit[:, None]
    if uses is not None:
        return mask, np.full(len(weights), uses)
    return mask, fill(room, mask.sum(1), weights.shape[1], context, most)


def fill(room: np.ndarray, kept: np.ndarray, tokens: int, context: int, most: int) -> np.ndarray:
    """The most uses of a kept feature, int [B], that `room` int [B] symbols have for `kept` int [B] of the tokens."""
    steps = _steps(context, most)
    each = (np.asarray(room, np.int64) - tokens * context) // kept + context
    return steps[np.maximum(np.searchsorted(steps, each, "right") - 1, 0)]


def smallest(tokens: int, kept: int, uses: int | None, context: int) -> int:
    """Symbols of the smallest burst that sends `kept` features of interest."""
    return tokens * context + kept * ((_steps(context, LADDER[-1])[0] if uses is None else uses) - context)


def _steps(context: int, most: int) -> np.ndarray:
    return np.array([step for step in LADDER if context < step <= most])
