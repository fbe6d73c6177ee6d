"""What a scenario may say of a separate scheme."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from linksim.schemes.base import SchemeConfig


class Layer(BaseModel):
    """One of the transport blocks that a codestream is cut into. share: of the payload symbols. mcs: index into the
    link's MCS table."""

    model_config = ConfigDict(extra="forbid")
    share: Annotated[float, Field(gt=0, le=1)]
    mcs: NonNegativeInt


class Harq(BaseModel):
    """rounds: transmissions at most. combining: "chase" sends the same coded bits again, "incremental" others of the
    circular buffer (redundancy versions 0, 2, 3, 1)."""

    model_config = ConfigDict(extra="forbid")
    rounds: Annotated[int, Field(ge=1, le=4)] = 1
    combining: Literal["chase", "incremental"] = "incremental"


class SeparateConfig(SchemeConfig):
    """What each policy does: `baselines.separate.scheme`.

    rate: per_picture or constant_quality. mcs: best_per_snr, outage, oracle, or an index into the link's MCS table for
    all SNRs. outage: the target of that policy. failure: drop or prefix. layers: unequal protection, the number of
    transport blocks (2 or 3; their MCS chosen per SNR) or the blocks themselves. uses: total channel uses per picture,
    header and pilots included, where there is no budget_as. interleave: spread the symbols over the burst where the
    channel changes within it (see `baselines.separate.interleaver`). bounds: curves to draw, see
    `baselines.separate.bounds`.
    """

    rate: Literal["per_picture", "constant_quality"] = "per_picture"
    mcs: Literal["best_per_snr", "outage", "oracle"] | NonNegativeInt = "best_per_snr"
    outage: Annotated[float, Field(gt=0, lt=1)] = 0.1
    failure: Literal["drop", "prefix"] = "drop"
    layers: Annotated[int, Field(ge=2, le=3)] | Annotated[list[Layer], Field(min_length=2, max_length=3)] | None = None
    harq: Harq = Harq()
    uses: PositiveInt | None = None
    interleave: bool = True
    bounds: list[Literal["envelope", "capacity", "normal"]] = ["envelope", "capacity"]

    @model_validator(mode="after")
    def _consistent(self):
        if (self.budget_as is None) == (self.uses is None):
            raise ValueError("give either budget_as (a scheme whose uses it gets) or uses (a number)")
        if self.layers is not None and self.mcs != "best_per_snr":
            raise ValueError(f"layers have MCS of their own: leave out mcs (found {self.mcs})")
        if isinstance(self.layers, list) and abs((total := sum(layer.share for layer in self.layers)) - 1) > 1e-6:
            raise ValueError(f"the shares of the layers must sum to 1, got {total:g}")
        if self.layers is not None and self.rate == "constant_quality":
            raise ValueError("layers need rate: per_picture")
        if self.harq.rounds > 1 and (self.layers or self.mcs == "oracle" or self.rate == "constant_quality"):
            raise ValueError("harq of several rounds goes with rate: per_picture, without layers and without mcs: "
                             "oracle (who knows the realisation never needs a second round)")
        return self
