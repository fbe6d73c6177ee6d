"""The masked CNN codec, 5G NR LDPC and QAM: SE-SC's mask and a learned codec, as bits on a standard modulator.

The transmitter weighs every 16 x 16 patch of the picture as SE-SC does and codes the latents of those of weight `mu` or
more (`linksim.schemes.sesc_cnn`): quantised, the finer the more channel uses there are, and entropy-coded together with
the mask and the quantiser's step, so that these are paid for. The bytes go through the chain of
`baselines.separate.scheme`, with all its policies; that is why this stands here and not in `linksim.schemes`.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from baselines.codecs.masked_cnn import MaskedCnn
from baselines.separate.config import SeparateConfig
from baselines.separate.pictures import Pictures
from baselines.separate.scheme import SeparateScheme
from linksim.errors import UserError
from linksim.registry import register
from linksim.schemes.sesc.awareness import NAMES, build
from linksim.schemes.sesc.importance import Aim
from linksim.schemes.sesc_cnn.stream import MOST_CONTEXT
from linksim.tiles import compiled, in_tiles


@register("scheme", "sesc_cnn")
class SescCnn(SeparateScheme):
    """Scalable semantic codec in bits: masked CNN features, quantised and range-coded, + 5G LDPC + QAM."""

    class Config(SeparateConfig):
        """weights: shipped name or path. mu: features of less weight aren't sent; 0 sends everything. context: leading
        channels of a latent that are sent of every feature. awareness: the semantic-aware model. aim: for which task
        it was taught, where the weights hold several."""

        weights: str = "sesc-cnn-scenes"
        mu: float = Field(0.3, ge=0, le=1)
        context: int = Field(0, ge=0, le=MOST_CONTEXT)
        awareness: Literal[NAMES] = "task"
        aim: Aim | None = None

    def make_codec(self) -> MaskedCnn:
        from linksim import weights
        from linksim.schemes.sesc_cnn import networks

        size, tile, config = self.bench.size, self.bench.tile, self.config
        if size % 16:
            raise UserError(f"scheme {config.name!r}: picture size must be a multiple of 16, got {size}")
        arrays, card = weights.load(config.weights, "sesc_cnn")
        parts = {}
        for build_part in (networks.build_encoder, networks.build_decoder):
            part = build_part(size, int(card["config"]["channels"]))
            weights.assign_part(part, arrays)
            parts[part.name] = compiled(part)
        self._latents, self._card = parts["encoder"], card
        self._awareness = build(config.awareness, arrays=arrays, card=card, task=self.bench.task, grid=size // 16,
                                tile=tile, aim=config.aim, features=self._features)
        model = weights.part(arrays, "statistics")
        return MaskedCnn(model, parts["decoder"], size // 16, tile, config.mu, config.context)

    def analysis_key(self):
        """Schemes of equal key share an analysis: thresholds are no part of it."""
        return "sesc_cnn", self._card["sha256"], self._awareness.key()

    def hints(self, images: np.ndarray) -> np.ndarray:
        """float32 [B, h, w, 1 + C]: weights and latents."""
        weights = self._awareness.weigh(images)
        return np.concatenate([weights[..., None], self._features(images).reshape(*weights.shape, -1)], axis=-1)

    def details(self, analysis: Pictures) -> dict[str, np.ndarray]:
        weights = analysis.hints[..., 0]
        return {"weights": weights, "mask": np.stack([next(self.codec.masks(one)) for one in weights])}

    def _features(self, images: np.ndarray) -> np.ndarray:
        """Latents float32 [B, h * w, C]."""
        latents = in_tiles(lambda part: self._latents(part.astype(np.float32) / 255), self.bench.tile, images)
        return latents.reshape(len(images), -1, latents.shape[-1])
