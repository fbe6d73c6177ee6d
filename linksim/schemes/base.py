"""The contract of a system under test: what learned and conventional systems have in common.

    analyse -> encode -> (the air) -> decode

A scheme is registered with `@register("scheme", name)`; its `Config` is what a scenario may say of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from linksim.link.burst import Burst, Reception


class SchemeConfig(BaseModel):
    """Keys every scheme understands.

    name: how the scheme is called in tables and figures; type: its registered name.
    budget_as: name of another scheme of the scenario whose total channel uses per picture are this one's budget.
    series: the curve over channel uses that it is a point of; schemes of one series differ in what they spend.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    type: str
    budget_as: str | None = None
    series: str | None = None


@dataclass(frozen=True)
class Knowledge:
    """What the transmitter knows of the channel: nothing, its mean SNR, or the realisations to come.

    snr_db: mean SNR in dB, or None. effective_snr_db: float64 [B], the AWGN SNR in dB as good as the channel that each
    row is about to meet (`Link.effective_snr_db`, Gaussian symbols), or None; effective_by_bits: the same for QAM of
    2, 4, 6 and 8 bits per symbol.
    """

    snr_db: float | None = None
    effective_snr_db: np.ndarray | None = None
    effective_by_bits: Mapping[int, np.ndarray] = field(default_factory=dict)

    def effective_db(self, bits_per_symbol: int | None = None) -> np.ndarray:
        """float64 [B] for a constellation, or for Gaussian symbols where it isn't known for that one."""
        if self.effective_snr_db is None:
            raise ValueError("this transmitter doesn't know the channel's realisation")
        return self.effective_by_bits.get(bits_per_symbol, self.effective_snr_db)


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

    A scheme of several rounds (HARQ) sends again what its receiver doesn't acknowledge:

        encode -> (the air) -> acknowledge -> retransmit -> (the air) -> acknowledge -> ... -> decode

    The way back carries one bit per round, free of charge and of errors; every round is billed like the first, and
    meets a channel and a noise of its own (`Draw.attempt`). The receiver keeps what it got in earlier rounds.

    Such a scheme also defines:

        acknowledge(reception) -> bool [B]      what needs no further round, by the receiver's own verdict on
            `reception` and the rounds in `reception.earlier`
        retransmit(analysis, budget, knowledge, attempt) -> Burst       what round `attempt` (from 1) sends for every
            picture of the analysis, should it be sent; otherwise as `encode`

    A scheme may also define:

        analysis_key() -> hashable              schemes of equal key share one analysis
        choice(knowledge) -> str                what it chose, for the table (the name of an MCS)
        observe(reception) -> list of dicts     what the task's `observe` would give, where the answer was sent and no
            picture; the task then scores these, and `decode`'s pictures are only looked at
        uses_over_mu(analysis, mus, uses=None) -> (uses int [M, P], kept float [M, P])     for a scenario's
            symbols_vs_mu; `uses` for each feature in the place of its own, for benchmarks/mu_for_saving.py
        burst(analysis, counts, knowledge) -> Burst, plan_with_room(masks) -> dict     for a feasibility study:
            counts int [B, h, w] uses of every feature, and a plan in which bursts of masks bool [B, h, w] fit
        bounds(analysis, budget) -> iterator of candidates, each with curve, label (str), images uint8 [P, S, S, 3]
            and threshold_db float [P]: at every SNR the best one on the test pictures is drawn as a bound. May have
            bits_per_symbol and symbols int [P], for `Link.effective_snr_db`
    """

    Config: ClassVar[type[SchemeConfig]] = SchemeConfig
    follows_snr: ClassVar[bool] = False  # True where encode depends on Knowledge.snr_db
    uses_follow_snr: ClassVar[bool] = False  # True where that may change how many uses a burst has
    analog: ClassVar[bool] = True  # False where every burst is of one constellation and says so (bits_per_symbol)
    follows_channel: bool = False  # True where encode depends on Knowledge.effective_snr_db; may differ by instance
    budgeted: int | None = None  # total channel uses that a burst may have, where the config says so
    rounds: int = 1  # transmissions of a picture at most; may differ by instance

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

    @classmethod
    def refusal(cls, config: SchemeConfig, scenario: Any) -> str | None:
        """Why this scenario can't have a scheme of this config, for example because its policy knows more of the
        channel than `scenario.knowledge` grants: the key, the value found, what is allowed. None where it can."""
        return None

    def declared(self) -> str:
        """What a figure must say of this scheme's policies, a few words; empty where there is nothing to say."""
        return ""

    @abstractmethod
    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [B, H, W, 3] and ok bool [B]; where ok is False nothing was received that could be shown,
        and the lost picture stands for it."""

    def details(self, analysis: Any) -> dict[str, np.ndarray]:
        """Per-picture arrays for example figures, e.g. {"weights": float32 [B, h, w], "mask": bool [B, h, w]}."""
        return {}


def lost_picture(size: int) -> np.ndarray:
    """The picture shown for a lost one (failure policy `drop`): mid-grey uint8 [size, size, 3]."""
    return np.full((size, size, 3), 114, np.uint8)


def rows_of(reception: Reception, rows: np.ndarray) -> Reception:
    """The reception of some of its rows (bool [B] or integers), earlier rounds included."""
    own = {field.name: getattr(reception, field.name) for field in fields(reception) if field.name != "earlier"}
    own = {name: None if value is None else value[rows] for name, value in own.items()}
    return Reception(**own, earlier=tuple(rows_of(part, rows) for part in reception.earlier))
