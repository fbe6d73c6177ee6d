"""Scheme `sesc`: scalable extraction based semantic communication.

The transmitter weighs the patches of a picture by what the receiver's detector will need, keeps those above the
threshold mu, and sends their features as analog symbols of unit mean power; the mask goes ahead in the header. The
receiver puts the learned shared feature in the place of the others and decodes the picture.
"""

from dataclasses import dataclass

import numpy as np

from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.headercode import CRC_BITS, header_uses
from linksim.registry import register
from linksim.schemes.base import Bench, Knowledge, Scheme, Survey, lost_picture
from linksim.schemes.sesc import header, mask_code, mask_header, packing, planning, rate
from linksim.schemes.sesc.config import SescConfig
from linksim.schemes.sesc.gains import UNKNOWN_DB, UNTOLD
from linksim.schemes.sesc.stored import compiled_networks
from linksim.tiles import in_tiles


@dataclass(frozen=True)
class Analysis:
    """images uint8 [B, S, S, 3]; weights float32 [B, h, w], importance of every feature in [0, 1]."""

    images: np.ndarray
    weights: np.ndarray

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        return Analysis(self.images[rows], self.weights[rows])


@register("scheme", "sesc")
class Sesc(Scheme):
    """Scalable semantic codec: masked transformer features, kept by a task-driven weight, analog symbols."""

    Config = SescConfig
    follows_snr = True

    def __init__(self, config: SescConfig, bench: Bench):
        super().__init__(config, bench)
        from linksim import weights
        from linksim.schemes.sesc import awareness

        if bench.size % 16:
            raise UserError(f"scheme {config.name!r}: picture size must be a multiple of 16, got {bench.size}")
        arrays, card = weights.load(config.weights, "sesc")
        if "gains/variance" not in arrays:
            raise UserError(f"weights {config.weights}: made by an older recipe; train them again")
        self.grid = bench.size // 16
        self.mu = None if config.mu == "auto" else config.mu
        self.uses = None if config.uses == "auto" else config.uses
        with weights.fitting(config.weights):
            self.most, self.variance = int(card["config"]["uses"]), arrays["gains/variance"]
            self.conditioned = card["config"].get("conditioned", True)
            if self.uses and self.uses > self.most:
                raise UserError(f"scheme {config.name!r}: uses should be at most {self.most}, what the weights "
                                f"{config.weights!r} have (found {self.uses})")
            self._encode, self._decode = compiled_networks(config.weights, card["sha256"], bench.size)
        self.awareness = awareness.build(config.awareness, arrays=arrays, card=card, task=bench.task, grid=self.grid,
                                         tile=bench.tile, aim=config.aim, features=self._features)
        self.levels = packing.Levels(self.variance, config.constellation) if config.constellation else None
        self.follows_channel = config.adapts == "realisation"
        self.budgeted = config.budget
        if config.slots:
            grid = bench.link.grid
            self.budgeted = config.slots * (grid.data_per_slot + grid.pilots_per_slot)

    @classmethod
    def refusal(cls, config: SescConfig, scenario) -> str | None:
        granted = scenario.knowledge.transmitter
        if config.adapts == "realisation" != granted:
            return (f"adapts: realisation is each burst's channel, and knowledge.transmitter grants {granted!r}; set "
                    "knowledge.transmitter to realisation, or adapts to mean_snr")
        if config.adapts == "realisation" and config.constellation:
            return (f"adapts: realisation shares power anew for each burst, and {config.constellation} points have one "
                    "power; set adapts to mean_snr, or leave constellation out")
        return None

    def analyse(self, images) -> Analysis:
        images = np.asarray(images)
        return Analysis(images, self.awareness.weigh(images))

    def analysis_key(self):
        """Schemes of equal key share an analysis: thresholds are no part of it."""
        return "sesc", self.awareness.key()

    def masks(self, analysis: Analysis, mu: float | None = None) -> np.ndarray:
        """Features of interest, bool [B, h, w], budgets and tidying aside: weight >= mu; at least the heaviest one."""
        weights = analysis.weights.reshape(len(analysis), -1)
        return rate.allot(weights, self.mu if mu is None else mu, 1)[0].reshape(analysis.weights.shape)

    def allot(self, analysis: Analysis, room) -> tuple[np.ndarray, np.ndarray]:
        """Masks bool [B, h, w] and uses of a kept feature int [B] for so many symbols."""
        weights = analysis.weights.reshape(len(analysis), -1)
        room = None if room is None else np.broadcast_to(room, len(analysis))
        mask, uses = rate.allot(weights, self.mu, self.uses, self.config.context, room, self.most)
        return mask.reshape(analysis.weights.shape), uses

    def make_plan(self, survey: Survey) -> dict:
        return planning.make_plan(self, survey)

    def header_bits(self, plan: dict) -> int:
        """Bits of a header that tells masks as this plan does."""
        return header.bits(self.uses is None) + plan["mask_bits"]

    def plan_with_room(self, masks: np.ndarray) -> dict:
        """The plan adopted, with a header that any of these masks, bool [B, h, w], fits in."""
        return mask_header.roomy(self.plan, masks, header.bits(self.uses is None) + CRC_BITS)

    def encode(self, analysis: Analysis, budget, knowledge: Knowledge) -> Burst:
        budget = self.budgeted if budget is None else budget
        room = None
        if budget is not None:
            room = np.broadcast_to(self.bench.link.capacity(budget) - self.plan["header_uses"], len(analysis))
        masks, uses = self.allot(analysis, room)
        masks, codes = mask_header.tell(masks, analysis.weights, self.plan, self.config.tidy, grow=room is None)
        if self.uses is None:
            uses = rate.fill(room, masks.sum((1, 2)), self.grid**2, self.config.context, self.most)
        return self._burst(analysis.images, masks, codes, uses, self._counted_on(knowledge, len(analysis)))

    def burst(self, analysis: Analysis, counts: np.ndarray, knowledge: Knowledge) -> Burst:
        """The burst that sends counts int [B, h, w] uses of every feature, whatever the weights: in each picture one
        number for some features and `context` for the others."""
        uses = counts.reshape(len(counts), -1).max(1)
        masks = counts == uses[:, None, None]
        if not (masks | (counts == self.config.context)).all():
            raise ValueError("counts: one number of uses and the context's in each picture")
        codes = [mask_header.pad(mask_code.encode(mask, self.plan["mask_model"]), self.plan) for mask in masks]
        return self._burst(analysis.images, masks, np.stack(codes), uses, self._counted_on(knowledge, len(masks)))

    def decode(self, reception: Reception):
        ok = np.asarray(reception.header_ok, bool)
        images = np.repeat(lost_picture(self.bench.size)[None], len(ok), 0)
        rows = np.flatnonzero(ok)
        if len(rows) == 0:
            return images, ok
        power, snr_db, uses, at = header.read(reception.header[rows], self.uses)
        code, shape, model = reception.header[rows][:, at:], (self.grid, self.grid), self.plan["mask_model"]
        counts = np.stack([np.where(mask_code.decode(bits, shape, model), each, self.config.context)
                           for bits, each in zip(code, uses, strict=True)])
        features, noise = packing.unpack(reception.symbols[rows], reception.noise_variance[rows], counts, power,
                                         self._gains(uses, snr_db), self.levels)
        if not self.conditioned:
            noise[:] = UNTOLD
        decoded = in_tiles(self._decode, self.bench.tile, features, noise, counts.astype(np.float32))
        images[rows] = np.clip(np.rint(decoded * 255), 0, 255).astype(np.uint8)
        return images, ok

    def uses_over_mu(self, analysis: Analysis, mus, uses: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Total channel uses int [M, P] and kept fraction float [M, P] of the pictures over thresholds `mus`, with
        `uses` of each feature kept (where left out, the scheme's own). At its own threshold the scheme sends what it
        planned; at others masks and their code are those that these pictures would give, and the header is what
        `header_rate` makes of it, or else as long as planned (it may be half or twice that)."""
        each, code_rate, kept = np.full(len(analysis), uses or self.uses or self.most), self.config.header_rate, []
        symbols = np.empty((len(mus), len(analysis)), np.int64)
        for i, mu in enumerate(mus):
            masks, bits = self._told(analysis, mu)
            symbols[i] = packing.symbols(masks, each, self.config.context)
            symbols[i] += header_uses(bits, code_rate) if code_rate else self.plan["header_uses"]
            kept.append(masks.mean((1, 2)))
        return self.bench.link.uses(symbols), np.stack(kept)

    def details(self, analysis: Analysis) -> dict[str, np.ndarray]:
        return {"weights": analysis.weights, "mask": self._told(analysis, self.mu)[0]}

    def declared(self) -> str:
        said = [] if self.config.awareness == "task" else [f"weights by {self.config.awareness}"]
        said += [f"{self.config.constellation}-QAM points"] if self.config.constellation else []
        said += ["mu raised until the burst fits"] if self.mu is None else []
        said += ["masks simplified"] if self.config.tidy else []
        said += [f"header of rate {self.config.header_rate:g} by the scenario"] if self.config.header_rate else []
        said += ["encoder and power set for each burst's channel"] if self.follows_channel else []
        return ", ".join(said)

    def _counted_on(self, knowledge: Knowledge, rows: int) -> np.ndarray:
        """float64 [rows], the SNR that encoder and power are set for; the mean one where a burst's own isn't known."""
        own = knowledge.effective_snr_db if self.follows_channel else None
        return header.counted_on(knowledge.snr_db if own is None else own, rows)

    def _told(self, analysis: Analysis, mu: float | None) -> tuple[np.ndarray, int]:
        """Masks bool [B, h, w] as they are sent without a budget, and the bits of a header for them."""
        masks, strength, plan = self.masks(analysis, mu), self.config.tidy, self.plan
        if mu != self.mu:
            learned = mask_header.learn(masks, analysis.weights, strength, grow=True)
            plan = mask_header.plan_for(*learned, strength, whole=True)
        return mask_header.tell(masks, analysis.weights, plan, strength, grow=True)[0], self.header_bits(plan)

    def _burst(self, images, masks: np.ndarray, codes: np.ndarray, uses: np.ndarray, snr: np.ndarray) -> Burst:
        counts = np.where(masks, uses[:, None, None], self.config.context)
        told = snr if self.conditioned else np.full(len(images), UNKNOWN_DB)
        features = in_tiles(self._encode, self.bench.tile, images.astype(np.float32) / 255, counts.astype(np.float32),
                            told.astype(np.float32))  # (B, T, V)
        symbols, length, power = packing.pack(features, counts, self._gains(uses, snr), self.levels)
        fields = header.write(power, snr, uses if self.uses is None else None)
        bits = np.concatenate([fields, codes], axis=1)
        return Burst(symbols, length, bits, self.plan["header_uses"], {"payload": length})

    def _features(self, images) -> np.ndarray:
        """All features float32 [B, T, V] of pictures uint8 [B, S, S, 3]."""
        counts = np.full((len(images), self.grid, self.grid), self.most, np.float32)
        snr = np.full(len(images), UNKNOWN_DB, np.float32)
        return in_tiles(self._encode, self.bench.tile, np.asarray(images, np.float32) / 255, counts, snr)

    def _gains(self, uses: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
        """Factors float32 [B, V] on features before they are sent."""
        if self.levels:
            return np.tile(self.levels.gain, (len(uses), 1))
        if not self.conditioned:
            return np.ones((len(uses), len(self.variance)), np.float32)
        return packing.gains(self.variance, uses, snr_db)
