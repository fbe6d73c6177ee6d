"""What a separate scheme fixes before the sweep: header, mode per SNR, and the common quality that meets the budget of
the pictures tested."""

import numpy as np

from baselines.separate.common_quality import Search
from baselines.separate.policies import Chooser
from linksim.errors import UserError
from linksim.schemes.base import Survey

HEADER_MARGIN_DB = 3.0
HEADER_SHARE = 0.25  # of the uses given that a header takes at most, where there is one so short


def make_plan(scheme, survey: Survey) -> dict:
    """The plan of a scheme, see `SeparateScheme.make_plan`. It becomes the scheme's own on the way."""
    from linksim.link.headercode import header_candidates

    codes = header_candidates(scheme.modes.header.bits)
    given = np.median(scheme.bench.link.capacity(scheme.budget(survey.budget, len(survey.analysis))))
    few = [uses for uses in codes if uses <= HEADER_SHARE * given] or codes[:1]
    search = Search(scheme, survey) if scheme.config.rate == "constant_quality" else None
    chosen, head = _chosen(scheme, survey, search, few[-1], few)
    if few != codes and head < few[-1]:  # of little every use counts: again, behind the header just chosen
        chosen, head = _chosen(scheme, survey, search, head, few)
    scheme.plan |= {"header_uses": head, "snr_db": [float(snr) for snr in survey.snr_db]} | chosen
    if search:  # again: the header just chosen costs less than the first guess
        scheme.plan["quality_db"] = search.qualities(head)
    _refuse_small(scheme, survey)
    scheme.plan["symbols"] = search.width if search else _width(scheme, survey)
    return scheme.plan


def _chosen(scheme, survey: Survey, search: Search | None, guess: int, codes: list[int]) -> tuple[dict, int]:
    """What is chosen behind a header of `guess` uses, and the shortest of `codes` that outlives it, or the longest."""
    from linksim.link.headercode import header_threshold_db

    scheme.plan = {"header_uses": guess, "symbols": scheme.most,
                   "quality_db": search.qualities(guess) if search else None}
    chooser = Chooser(scheme, survey)
    if scheme.config.mcs == "oracle":
        chosen, lowest_db = {"mcs": None, "mcs_without_snr": None, "expected": None}, min(
            chooser.thresholds(mode).min() for mode in scheme.modes.tried)
    else:
        made, plain = chooser.choose(), scheme.modes.plain
        chosen = {"mcs": [plain(mode) for mode in made.modes], "mcs_without_snr": plain(made.overall),
                  "expected": [float(value) for value in made.expected]}
        if scheme.rounds > 1:
            chosen |= {"share": made.shares, "share_without_snr": made.overall_share}
        lowest_db = made.lowest_db - 10 * np.log10(scheme.rounds)  # a header stands alone in every round
    if np.isinf(lowest_db):  # nothing of what was chosen fits, and no header outlives it
        return chosen, codes[-1]
    bits = scheme.modes.header.bits
    robust = [uses for uses in codes if header_threshold_db(bits, uses) <= lowest_db - HEADER_MARGIN_DB]
    return chosen, (robust or codes[-1:])[0]


def _refuse_small(scheme, survey: Survey) -> None:
    budget, head = scheme.budget(survey.test_budget, len(survey.test_analysis)), scheme.plan["header_uses"]
    least = int(scheme.bench.link.uses(head + 1))
    if (short := budget < least).any():
        raise UserError(f"scheme {scheme.config.name!r}: its header alone takes {least - 1} channel uses, pilots "
                        f"included, and {short.sum()} of {len(budget)} pictures have no more (the least "
                        f"{budget.min()}); give it more uses, or the budget of a scheme that spends more")


def _width(scheme, survey: Survey) -> int:
    """Payload symbols of a burst at most, where each picture fills its budget."""
    sets = (survey.analysis, survey.budget), (survey.test_analysis, survey.test_budget)
    return max(int(scheme.given(budget, len(pictures)).max()) for pictures, budget in sets)
