"""What SE-SC settles on calibration pictures before anything is judged: how masks are coded, and how many channel uses
the header that tells them has."""

import numpy as np

from linksim.errors import UserError
from linksim.link.draws import calibration_draw
from linksim.link.headercode import header_uses
from linksim.schemes.base import Survey
from linksim.schemes.header import choose_header_uses
from linksim.schemes.sesc import header, mask_header, packing, rate


def make_plan(scheme, survey: Survey) -> dict:
    """mask_model, mask_bits, whole (`mask_header.plan_for`) and header_uses of a scheme."""
    budget = scheme.budgeted if survey.budget is None else survey.budget
    return _free(scheme, survey) if budget is None else _within(budget, scheme, survey)


def _free(scheme, survey: Survey) -> dict:
    """Where a burst may have the uses that its features want."""
    config, link, weights = scheme.config, scheme.bench.link, survey.analysis.weights
    masks, model = mask_header.learn(scheme.masks(survey.analysis), weights, config.tidy, grow=True)
    plan = mask_header.plan_for(masks, model, config.tidy, whole=True)
    bits = scheme.header_bits(plan)
    if config.header_rate:
        return plan | {"header_uses": header_uses(bits, config.header_rate)}
    payload = packing.symbols(masks, np.full(len(masks), scheme.uses), config.context)
    return plan | {"header_uses": choose_header_uses(bits, payload, link, survey.snr_db, _draw(survey))}


def _within(budget, scheme, survey: Survey) -> dict:
    """Where header and features have to share a budget of channel uses, int [P] or one for all."""
    config, link, weights = scheme.config, scheme.bench.link, survey.analysis.weights
    masks, model = mask_header.learn(scheme.allot(survey.analysis, link.capacity(budget))[0], weights, config.tidy,
                                     grow=False)
    room = least = np.min(link.capacity(budget))
    if survey.test_budget is not None:  # what any picture has, those tested included
        least = min(room, np.min(link.capacity(survey.test_budget)))
    for whole in (True, False):
        plan = mask_header.plan_for(masks, model, config.tidy, whole)
        bits, features = scheme.header_bits(plan), masks[0].size
        taken = rate.smallest(features, features if whole else 1, scheme.uses, config.context)
        if config.header_rate:
            plan["header_uses"] = header_uses(bits, config.header_rate)
        else:
            most = room if whole else least - taken  # a weaker header only where there is no other way
            plan["header_uses"] = header.share_of_budget(bits, room, most, link, survey.snr_db, _draw(survey))
        if plan["header_uses"] + taken <= least:
            return plan
    raise UserError(f"scheme {config.name!r}: its smallest budget has room for {least} symbols beside pilots; the "
                    f"header ({plan['header_uses']}) and one feature take {plan['header_uses'] + taken}: raise the "
                    "budget")


def _draw(survey: Survey):
    return calibration_draw(survey.seed, len(survey.images), survey.realisations)
