"""Scheme `linear`: principal components of patches as analog symbols.

Nothing is trained; it is the floor a learned codec must beat.
"""

import numpy as np
from pydantic import PositiveInt, model_validator

from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.draws import calibration_draw
from linksim.registry import register
from linksim.schemes.base import Bench, Knowledge, Scheme, SchemeConfig, Survey, lost_picture
from linksim.schemes.header import LEVELS, choose_header_uses, from_bits, level_of, power_of, to_bits
from linksim.schemes.linear_code import LinearCode, cut, paste

COUNT_BITS = 9  # channel uses per patch, 0 to 384


class LinearConfig(SchemeConfig):
    """weights: the principal components. uses: channel uses per patch. budget: total channel uses per picture, header
    and pilots included; it, or budget_as, takes the place of `uses`."""

    weights: str = "linear-scenes"
    uses: int = 25
    budget: PositiveInt | None = None

    @model_validator(mode="after")
    def _one_budget(self):
        if self.budget and self.budget_as:
            raise ValueError(f"give either budget or budget_as (found {self.budget} and {self.budget_as!r})")
        return self


@register("scheme", "linear")
class Linear(Scheme):
    """Linear code (principal components of patches), analog symbols: the untrained floor."""

    Config = LinearConfig

    def __init__(self, config: LinearConfig, bench: Bench):
        super().__init__(config, bench)
        from linksim import weights

        if bench.size % 16:
            raise UserError(f"scheme {config.name!r}: picture size must be a multiple of 16, got {bench.size}")
        arrays, _ = weights.load(config.weights, "linear")
        with weights.fitting(config.weights):
            self.code = LinearCode(*(arrays[key].astype(np.float32) for key in ("mean", "basis", "deviation")))
        self.budgeted, self.patches = config.budget, (bench.size // 16) ** 2
        self.most = self.code.basis.shape[1] // 2
        if not 1 <= config.uses <= self.most:
            raise UserError(f"scheme {config.name!r}: uses must be 1 to {self.most} per patch, got {config.uses}")

    def analyse(self, images):
        return np.asarray(images)

    def make_plan(self, survey: Survey) -> dict:
        draw = calibration_draw(survey.seed, len(survey.images), survey.realisations)
        bits = COUNT_BITS + LEVELS
        given = self._given(survey.budget, len(survey.images))
        payload = np.full(len(survey.images), self.config.uses * self.patches) if given is None else given
        return {"header_uses": choose_header_uses(bits, payload, self.bench.link, survey.snr_db, draw)}

    def encode(self, analysis, budget, knowledge: Knowledge) -> Burst:
        header_uses = self.plan["header_uses"]
        if (given := self._given(budget, len(analysis))) is None:
            count = np.full(len(analysis), self.config.uses)
        else:
            count = np.clip((given - header_uses) // self.patches, 0, self.most)
        symbols = np.zeros((len(analysis), self.most * self.patches), np.complex64)
        power = np.ones(len(analysis))
        for c in np.unique(count[count > 0]):  # pictures of one size together
            rows = np.flatnonzero(count == c)
            values = self.code.encode(cut(analysis[rows]), 2 * c)  # (R, T, 2c)
            sent = (values[..., :c] + 1j * values[..., c:]).reshape(len(rows), -1)
            power[rows] = np.maximum((np.abs(sent) ** 2).mean(1), 1e-9)
            symbols[rows, : c * self.patches] = sent / np.sqrt(power[rows, None])
        length = (count * self.patches).astype(np.int32)
        header = np.concatenate([to_bits(count, COUNT_BITS), to_bits(level_of(power), LEVELS)], axis=1)
        return Burst(symbols, length, header, header_uses, {"payload": length})

    def decode(self, reception: Reception):
        count = from_bits(reception.header[:, :COUNT_BITS])
        power = power_of(from_bits(reception.header[:, COUNT_BITS:]))
        ok = reception.header_ok & (count > 0) & (count <= self.most)
        images = np.repeat(lost_picture(self.bench.size)[None], len(ok), 0)
        for c in np.unique(count[ok]):
            rows = np.flatnonzero(ok & (count == c))
            shape = (len(rows), self.patches, c)
            scale = power[rows, None, None]
            symbols = reception.symbols[rows, : c * self.patches].reshape(shape) * np.sqrt(scale)
            noise = reception.noise_variance[rows, : c * self.patches].reshape(shape) * scale / 2
            values = np.concatenate([symbols.real, symbols.imag], -1).astype(np.float32)
            patches = self.code.decode(values, np.concatenate([noise, noise], -1).astype(np.float32))
            images[rows] = paste(patches, self.bench.size)
        return images, ok

    def _given(self, budget: np.ndarray | None, pictures: int) -> np.ndarray | None:
        """Symbols that each picture's budget has room for, header included; None where it has none."""
        if budget is None and self.config.budget is not None:
            budget = np.full(pictures, self.config.budget)
        return None if budget is None else self.bench.link.capacity(np.asarray(budget))
