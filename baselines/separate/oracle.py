"""The oracle: it knows the channel that every burst is about to meet. An upper bound of choosing an MCS, no system."""

import numpy as np

from baselines.separate.pictures import Pictures
from linksim.link.burst import Burst
from linksim.schemes.base import Knowledge


def burst(scheme, analysis: Pictures, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
    """Every row in the mode of the highest rate that arrives over its channel, or in the most robust one."""
    tried = sorted(scheme.modes.tried, key=lambda mode: mode.efficiency)
    best = np.zeros(len(analysis), int)
    for m, mode in enumerate(tried):
        symbols = (scheme.given(budget, len(analysis)) if scheme.config.rate == "per_picture"
                   else scheme.codestreams(analysis, budget, mode)[1])
        best[knowledge.effective_db(mode.bits_per_symbol) >= scheme.thresholds(symbols, mode)[:, 0]] = m
    groups = [np.flatnonzero(best == m) for m in np.unique(best)]
    parts = []
    for rows in groups:
        mode = tried[best[rows[0]]]
        few = scheme.codestreams(analysis[rows], None if budget is None else budget[rows], mode)
        parts.append(scheme.burst(*few, mode))
    back = np.argsort(np.concatenate(groups))
    symbols, length, header = (np.concatenate([getattr(part, field) for part in parts])[back]
                               for field in ("symbols", "length", "header"))
    ledger = {use: np.concatenate([part.ledger[use] for part in parts])[back] for use in parts[0].ledger}
    bits = {part.bits_per_symbol for part in parts}
    return Burst(symbols, length, header, parts[0].header_uses, ledger, bits.pop() if len(bits) == 1 else None)
