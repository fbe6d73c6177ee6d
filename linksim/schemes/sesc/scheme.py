"""Scheme `sesc`: scalable extraction based semantic communication.

The transmitter weighs the patches of a picture by what the receiver's detector will need, keeps those above the
threshold mu, and sends their features as analog symbols of unit mean power; the mask goes ahead in the header. The
receiver puts the learned shared feature in the place of the others and decodes the picture.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.draws import calibration_draw
from linksim.registry import register
from linksim.schemes.base import Bench, Knowledge, Scheme, SchemeConfig, Survey, lost_picture
from linksim.schemes.header import LEVELS, choose_header_uses, from_bits, level_of, power_of, to_bits
from linksim.schemes.sesc import mask_code
from linksim.tiles import in_tiles


class SescConfig(SchemeConfig):
    """weights: shipped name or path. mu: features of weight below it are not sent; 0 sends everything."""

    weights: str = "sesc-scenes"
    mu: float = Field(0.2, ge=0, le=1)


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

    def __init__(self, config: SescConfig, bench: Bench):
        super().__init__(config, bench)
        from linksim import weights
        from linksim.schemes.sesc import networks

        arrays, card = weights.load(config.weights, "sesc")
        self.uses, self.grid = int(card["config"]["uses"]), bench.size // 16
        if bench.size % 16:
            raise UserError(f"scheme {config.name!r}: picture size must be a multiple of 16, got {bench.size}")
        self.encoder = networks.build_encoder(bench.size, self.uses)
        self.decoder = networks.build_decoder(bench.size, self.uses)
        self.channels = arrays[next(k for k in arrays if k.startswith("awareness/") and arrays[k].ndim == 4)].shape[2]
        self.awareness = networks.build_awareness((self.channels,), self.grid)
        for part in (self.encoder, self.decoder, self.awareness):
            assign_part(arrays, part)
        self._encode, self._decode = _compiled(self.encoder), _compiled(self.decoder)

    def analyse(self, images) -> Analysis:
        from linksim.schemes.sesc.importance import to_grid

        if not hasattr(self.bench.task, "features"):
            raise UserError(f"scheme {self.config.name!r} weighs features by the detector's feature maps, "
                            f"but the task {type(self.bench.task).__name__} has none; use task.judge: yolov5")
        images = np.asarray(images)
        parts = [images[i : i + 64] for i in range(0, len(images), 64)]
        weights = []
        for part in parts:
            maps = to_grid(self.bench.task.features(part), self.grid)
            if maps.shape[-1] != self.channels:
                raise UserError(f"scheme {self.config.name!r}: its weights {self.config.weights!r} read "
                                f"{self.channels} feature maps, the task's detector has {maps.shape[-1]}; use the "
                                "detector they were trained with (their card names it)")
            weights.append(in_tiles(lambda m: np.asarray(self.awareness(m)), self.bench.tile, maps))
        return Analysis(images, np.concatenate(weights))

    def analysis_key(self):
        """Schemes of equal key share an analysis: thresholds are no part of it."""
        return "sesc", self.config.weights

    def masks(self, analysis: Analysis, mu: float | None = None) -> np.ndarray:
        """Features of interest, bool [B, h, w]: weight >= mu; at least the heaviest one."""
        weights = analysis.weights
        heaviest = weights.reshape(len(weights), -1).max(1)[:, None, None]
        return weights >= np.minimum(self.config.mu if mu is None else mu, heaviest)

    def make_plan(self, survey: Survey) -> dict:
        masks = self.masks(survey.analysis)
        model = mask_code.learn(masks)
        single = np.eye(self.grid**2, dtype=bool).reshape(-1, self.grid, self.grid)
        whole = len(mask_code.encode(np.ones_like(single[0]), model))
        last_resort = min(whole, max(len(mask_code.encode(mask, model)) for mask in single))
        longest = max(last_resort, *(len(mask_code.encode(mask, model)) for mask in masks))
        bits = LEVELS + -(-longest // 8) * 8
        payload = masks.sum((1, 2)) * self.uses
        draw = calibration_draw(survey.seed, len(survey.images), survey.realisations)
        return {"mask_model": model, "mask_bits": bits - LEVELS,
                "header_uses": choose_header_uses(bits, payload, self.bench.link, survey.snr_db, draw)}

    def encode(self, analysis: Analysis, budget, knowledge: Knowledge) -> Burst:
        coded = [self._code(*pair) for pair in zip(self.masks(analysis), analysis.weights, strict=True)]
        masks = np.stack([mask for mask, _ in coded])
        pictures = analysis.images.astype(np.float32) / 255
        features = in_tiles(self._encode, self.bench.tile, pictures, masks.astype(np.float32))  # (B, T, 2u)
        values = features[..., : self.uses] + 1j * features[..., self.uses :]
        symbols = np.zeros((len(masks), values.shape[1] * self.uses), np.complex64)
        length = (masks.sum((1, 2)) * self.uses).astype(np.int32)
        power = np.empty(len(masks))
        for b, mask in enumerate(masks):
            sent = values[b][mask.ravel()].ravel()
            power[b] = np.mean(np.abs(sent) ** 2)
            symbols[b, : len(sent)] = sent / np.sqrt(power[b])
        header = np.concatenate([to_bits(level_of(power), LEVELS), np.stack([bits for _, bits in coded])], axis=1)
        return Burst(symbols, length, header, self.plan["header_uses"], {"payload": length})

    def decode(self, reception: Reception):
        ok = np.asarray(reception.header_ok, bool)
        images = np.repeat(lost_picture(self.bench.size)[None], len(ok), 0)
        rows = np.flatnonzero(ok)
        if len(rows) == 0:
            return images, ok
        tokens, uses = self.grid**2, self.uses
        keep = np.zeros((len(rows), tokens), bool)
        received = np.zeros((len(rows), tokens, 2 * uses), np.float32)
        noise = np.zeros((len(rows), tokens, 2 * uses), np.float32)
        for r, b in enumerate(rows):
            header = reception.header[b]
            mask = mask_code.decode(header[LEVELS:], (self.grid, self.grid), self.plan["mask_model"]).ravel()
            count, power = int(mask.sum()), float(power_of(from_bits(header[None, :LEVELS]))[0])
            symbols = reception.symbols[b, : count * uses].reshape(count, uses) * np.sqrt(power)
            variance = reception.noise_variance[b, : count * uses].reshape(count, uses) * power / 2
            keep[r] = mask
            received[r, mask] = np.concatenate([symbols.real, symbols.imag], -1)
            noise[r, mask] = np.concatenate([variance, variance], -1)
        decoded = in_tiles(self._decode, self.bench.tile, received, noise,
                           keep.reshape(-1, self.grid, self.grid).astype(np.float32))
        images[rows] = np.clip(np.rint(decoded * 255), 0, 255).astype(np.uint8)
        return images, ok

    def uses_over_mu(self, analysis: Analysis, mus) -> tuple[np.ndarray, np.ndarray]:
        """Total channel uses int [M, P] and kept fraction float [M, P] of the pictures over thresholds `mus`, with the
        header of this scheme's plan (its size at other thresholds would differ a little) and whatever the mask."""
        kept = np.stack([self.masks(analysis, mu).mean((1, 2)) for mu in mus])
        symbols = np.rint(kept * self.grid**2).astype(np.int64) * self.uses + self.plan["header_uses"]
        return self.bench.link.uses(symbols), kept

    def details(self, analysis: Analysis) -> dict[str, np.ndarray]:
        masks = [self._code(m, w)[0] for m, w in zip(self.masks(analysis), analysis.weights, strict=True)]
        return {"weights": analysis.weights, "mask": np.stack(masks)}

    def _code(self, mask: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mask as sent and its code, uint8 [mask_bits]. A mask whose code is longer than the header, which its size
        on calibration pictures makes rare, is raised in mu until it fits, or else sent whole."""
        room, model = self.plan["mask_bits"], self.plan["mask_model"]
        code = mask_code.encode(mask, model)
        for level in np.unique(weights[mask]):
            if len(code) <= room:
                break
            raised = weights > level
            mask = raised if raised.any() else np.ones_like(mask)
            code = mask_code.encode(mask, model)
        return mask, np.frombuffer(code.ljust(room, "0").encode(), np.uint8) - ord("0")


def _compiled(model):
    """The network as one graph per shape: NumPy in, NumPy out."""
    import tensorflow as tf

    call = tf.function(lambda *inputs: model(list(inputs), training=False))
    return lambda *inputs: call(*(tf.constant(i) for i in inputs)).numpy()


def assign_part(arrays: dict, part) -> None:
    """Set the network `part` from the arrays of a weights file whose names start with the part's name."""
    from linksim import weights

    prefix = part.name + "/"
    weights.assign(part, {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)})
