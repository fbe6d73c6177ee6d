"""JPEG2000 with a region of interest, 5G NR LDPC and QAM: SE-SC's weights, deployed coding.

The transmitter weighs every 16 x 16 patch of the picture as SE-SC does, by the same network on the task's feature
maps, and flattens what weighs less than `mu` (`baselines.codecs.roi`) before the chain of
`baselines.separate.scheme` codes and sends it. The receiver is that of `jpeg2000_ldpc`, and is told nothing more.
"""

import numpy as np
from pydantic import Field

from baselines.codecs.roi import flatten
from baselines.jpeg2000_ldpc import Jpeg2000Ldpc
from baselines.separate.config import SeparateConfig
from baselines.separate.pictures import Pictures
from linksim.registry import lookup, register

LEVELS = 5  # wavelet levels of the encoder


@register("scheme", "jpeg2000_roi")
class Jpeg2000Roi(Jpeg2000Ldpc):
    """JPEG2000 that spends its bytes where SE-SC's weights are large, + 5G LDPC + QAM."""

    weights_kind = "sesc"

    class Config(SeparateConfig):
        """weights: of SE-SC, shipped name or path. mu: patches of less weight are flattened; 0 flattens nothing."""

        weights: str = "sesc-scenes"
        mu: float = Field(0.5, ge=0, le=1)

    def __init__(self, config, bench):
        super().__init__(config, bench)
        sesc = lookup("scheme", "sesc")
        self._sesc = sesc(sesc.Config(name=config.name, type="sesc", weights=config.weights, mu=config.mu), bench)

    def analyse(self, images: np.ndarray) -> Pictures:
        """The pictures as they are coded. UserError where the task has no feature maps."""
        masks = self._sesc.masks(self._sesc.analyse(images))
        levels = min(LEVELS, (images.shape[1] & -images.shape[1]).bit_length() - 1)  # as often as it halves evenly
        return Pictures(flatten(images, masks, levels))
