"""The parts of a scenario that have keys of their own."""

import math
from typing import Literal

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, SerializeAsAny, field_validator

from linksim.errors import UserError
from linksim.scenario.checking import Strict, by_type

MOST_SNRS, FARTHEST_DB = 1000, 200.0  # beyond, a run never ends and float32 overflows


class SnrRange(Strict):
    """start, stop, step in dB; both ends belong to the range."""

    start: float
    stop: float
    step: float = Field(gt=0)

    def points(self) -> list[float]:
        if self.stop < self.start:
            found = f"found start {self.start:g}, stop {self.stop:g}"
            raise UserError(f"snr_db: stop must not be below start ({found})")
        count = math.floor((self.stop - self.start) / self.step + 1e-9) + 1
        if count > MOST_SNRS:
            raise UserError(f"snr_db: at most {MOST_SNRS} points (found {count}); take a larger step")
        return [round(self.start + i * self.step, 9) for i in range(count)]


class Calibration(Strict):
    """What a scheme chooses its parameters on: pictures and draws that aren't tested on."""

    pictures: PositiveInt = 48
    realisations: PositiveInt = 8


class KnowledgeConfig(Strict):
    """What each side knows of the channel. transmitter: the mean SNR, the realisation of every burst (an upper
    bound, no system), or nothing. receiver: left out, it is what `link.csi` says."""

    transmitter: Literal["mean_snr", "none", "realisation"] = "mean_snr"
    receiver: Literal["perfect", "estimated"] | None = None


class SymbolsVsMu(Strict):
    """Channel uses over the threshold: which scheme, which thresholds."""

    scheme: str
    mu: list[float] = Field(min_length=1)


class Feasibility(Strict):
    """How many features a picture needs (see `linksim.experiment.feasibility`): the scheme, how many of the heaviest
    features to send, at which SNR, judged by which task; tolerance: how far below the plateau, relative, still counts
    as reaching it."""

    scheme: str
    features: list[PositiveInt] = Field(min_length=2)
    snr_db: float = Field(15.0, ge=-FARTHEST_DB, le=FARTHEST_DB)
    similarity: SerializeAsAny[BaseModel] = Field({"type": "similarity"}, validate_default=True)
    tolerance: float = Field(0.01, gt=0, lt=1)

    @field_validator("similarity", mode="before")
    @classmethod
    def _typed(cls, value):
        return by_type("task", value, "feasibility.similarity")

    @field_validator("features")
    @classmethod
    def _once(cls, value):
        return sorted(set(value))


class Stop(Strict):
    """Sampling stops by confidence (`linksim.experiment.stopping`): half the width of the 95 % intervals asked for, of
    the task's metric, of the share of lost pictures, of the difference to the scheme `against`. least, most: rows of a
    point, at most all pictures in all realisations."""

    metric: float | None = Field(None, gt=0)
    lost: float | None = Field(None, gt=0, lt=0.5)
    paired: float | None = Field(None, gt=0)
    least: PositiveInt = 64
    most: PositiveInt | None = None


class Examples(Strict):
    """Which pictures `examples.png` shows, at the SNR point nearest to `snr_db`."""

    snr_db: float = 15.0
    pictures: list[NonNegativeInt] = [0, 1, 2]
