"""What a scenario may say of a separate scheme."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt, model_validator

from linksim.schemes.base import SchemeConfig


class SeparateConfig(SchemeConfig):
    """rate: see `baselines.separate.scheme`. mcs: "best_per_snr", or an index into the link's MCS table for all
    SNRs. failure: what is shown for a lost picture, "drop": mid-grey. uses: total channel uses per picture,
    header and pilots included, where there is no budget_as."""

    rate: Literal["per_picture", "constant_quality"] = "per_picture"
    mcs: Literal["best_per_snr"] | NonNegativeInt = "best_per_snr"
    failure: Literal["drop"] = "drop"
    uses: PositiveInt | None = None

    @model_validator(mode="after")
    def _one_budget(self):
        if (self.budget_as is None) == (self.uses is None):
            raise ValueError("give either budget_as (a scheme whose uses it gets) or uses (a number)")
        return self
