"""Semantic-aware models: from a picture to the weight of each of its features.

    task      a network on the detector's feature maps; `aim` takes one taught for another task
    finds     the detector's own finds, where the transmitter runs the whole of it (`aim` likewise)
    entropy   what a feature tells in bits; informative is important
    random    no model at all, the same for the same picture
    oracle    what `task` learns to predict, by the detector's own finds on the clean picture (`aim` likewise)
    all       every feature is of full weight
"""

from linksim.schemes.sesc.awareness.base import NAMES, Awareness, build
from linksim.schemes.sesc.awareness.entropy import fit_entropy

__all__ = ["NAMES", "Awareness", "build", "fit_entropy"]
