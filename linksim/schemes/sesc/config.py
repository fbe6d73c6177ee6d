"""What a scenario may say of SE-SC."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from linksim.schemes.base import SchemeConfig
from linksim.schemes.sesc.awareness.base import NAMES
from linksim.schemes.sesc.importance import Aim


class SescConfig(SchemeConfig):
    """weights: shipped name or path. mu: features of weight below it are not sent; 0 sends everything. uses: channel
    uses of a feature that is sent, context: of the others. auto: the rate policy chooses (`linksim.schemes.sesc.rate`)
    for a budget of channel uses per picture: `budget_as`, `budget`, or `slots` as a latency.
    awareness: what gives the weights; aim: for which task, where the weights' semantic-aware model was taught several.
    constellation: rounds symbols to the points of a square QAM of so many, for a modulator that knows no others; null
    sends them as they are, with power shared among them as the SNR wants it.
    tidy: how much a bit of the mask's code counts against doubts about a patch (`linksim.schemes.sesc.tidy`); above 0
    the header has room for nine of ten calibration masks, and the others are made simpler. header_rate: code rate of
    the header, for schemes whose headers should arrive equally well; null leaves it to the plan.
    adapts: to what encoder and power allocation are set: mean_snr, where the scenario's `knowledge` grants it, or
    realisation, the effective SNR of the channel that each burst is about to meet, over its budget or else a slot,
    which a transmitter knows only by feedback.
    """

    weights: str = "sesc-scenes"
    mu: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = 0.2
    uses: PositiveInt | Literal["auto"] = 32
    context: int = Field(0, ge=0)
    budget: int | None = Field(None, gt=0)
    slots: int | None = Field(None, gt=0)
    awareness: Literal[NAMES] = "task"
    aim: Aim | None = None
    constellation: Literal[16, 64, 256] | None = None
    tidy: float = Field(0.0, ge=0)
    header_rate: float | None = Field(None, ge=1 / 40, le=1 / 2)
    adapts: Literal["mean_snr", "realisation"] = "mean_snr"

    @model_validator(mode="after")
    def _policy(self):
        given = [key for key in ("budget", "slots", "budget_as") if getattr(self, key)]
        if len(given) > 1:
            raise ValueError(f"budget: only one of budget, slots and budget_as makes sense (found {', '.join(given)})")
        if "auto" in (self.mu, self.uses) and not given:
            raise ValueError("mu or uses auto need a budget to fill: budget, slots or budget_as")
        if self.uses != "auto" and self.context >= self.uses:
            raise ValueError(f"context: should be below uses (found {self.context} and {self.uses})")
        return self
