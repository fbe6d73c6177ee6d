"""The contract of a system under test: what learned and conventional systems have in common.

    analyse -> encode -> (the air) -> decode

A scheme is registered with `@register("scheme", name)`; its `Config` is what a scenario may say of it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from linksim.link.burst import Burst, Reception


class SchemeConfig(BaseModel):
    """Keys every scheme understands.

    name: how the scheme is called in tables and figures; type: its registered name.
    budget_as: name of another scheme of the scenario whose total channel uses per picture are this one's budget.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    type: str
    budget_as: str | None = None


@dataclass(frozen=True)
class Knowledge:
    """What the transmitter knows of the channel: its mean SNR in dB, or nothing (None)."""

    snr_db: float | None = None


@dataclass(frozen=True)
class Bench:
    """What a scheme is built with: the air (`linksim.link.Link`), the judge (`linksim.tasks` task), the
    picture's side in pixels, the number of rows of a compiled stage."""

    link: Any
    task: Any
    size: int
    tile: int = 16


@dataclass(frozen=True)
class Survey:
    """What the planning pass shows a scheme. Only `test_*` concern the test set, and only for budgets.

    snr_db: the scenario's SNR points. seed: for calibration draws (use Link.calibration_draws).
    images, truths: calibration pictures uint8 [C, H, W, 3] with labels; analysis: of them.
    test_analysis: of the test pictures (P rows); to meet a budget with, never to choose what serves the task best.
    budget, test_budget: int32 [C] and [P] total uses per picture, or None where the scheme has no budget_as.
    """

    snr_db: np.ndarray
    seed: int
    realisations: int
    images: np.ndarray
    truths: list
    analysis: Any
    test_analysis: Any
    budget: np.ndarray | None
    test_budget: np.ndarray | None


class Scheme(ABC):
    """One system under test. `decode` sees the reception and nothing else of what `encode` knew.

    A scheme may also define:

        analysis_key() -> hashable              schemes of equal key share one analysis
        choice(knowledge) -> str                what it chose, for the table (the name of an MCS)
        uses_over_mu(analysis, mus) -> (uses int [M, P], kept float [M, P])     for a scenario's symbols_vs_mu
        bounds(analysis, budget) -> iterator of candidates, each with curve, label (str), images uint8 [P, S, S, 3]
            and threshold_db float [P]: at every SNR the best one on the test pictures is drawn as a bound
    """

    Config: ClassVar[type[SchemeConfig]] = SchemeConfig
    follows_snr: ClassVar[bool] = False  # True where encode depends on Knowledge.snr_db

    def __init__(self, config: SchemeConfig, bench: Bench):
        self.config, self.bench, self.plan = config, bench, {}

    @abstractmethod
    def analyse(self, images: np.ndarray) -> Any:
        """Everything that doesn't depend on the channel, for pictures uint8 [B, H, W, 3].

        The result supports `len()` and `result[int array]` (its rows); it is computed once per picture."""

    def make_plan(self, survey: Survey) -> dict:
        """What this scheme fixes before the sweep, as plain JSON (numbers, strings, lists): header uses, MCS per
        SNR, quality... Chosen on calibration pictures and draws alone. The engine stores it in the resolved
        scenario and hands it to `adopt`."""
        return {}

    def adopt(self, plan: dict) -> None:
        """Take the plan made here or in another process; encode and decode work only afterwards."""
        self.plan = plan

    @abstractmethod
    def encode(self, analysis: Any, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
        """The burst for the analysed pictures. budget: int32 [B] total channel uses allowed per picture (header
        and pilots included) or None."""

    @abstractmethod
    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [B, H, W, 3] and ok bool [B]; where ok is False the declared failure policy applied."""

    def details(self, analysis: Any) -> dict[str, np.ndarray]:
        """Per-picture arrays for example figures, e.g. {"weights": float32 [B, h, w], "mask": bool [B, h, w]}."""
        return {}


def lost_picture(size: int) -> np.ndarray:
    """The picture shown for a lost one (failure policy `drop`): mid-grey uint8 [size, size, 3]."""
    return np.full((size, size, 3), 114, np.uint8)
