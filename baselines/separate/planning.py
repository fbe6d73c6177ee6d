"""What a separate scheme fixes before the sweep, on calibration pictures and draws alone: header, MCS per SNR,
and the common quality that meets the budget of the pictures tested."""

import numpy as np

from baselines.separate.common_quality import common_quality
from baselines.separate.mcs_choice import expected_scores
from baselines.separate.rate import fewest_symbols
from linksim.schemes.base import Survey

HEADER_MARGIN_DB = 3.0


def make_plan(scheme, survey: Survey) -> dict:
    """The plan of a scheme, see `SeparateScheme.make_plan`. It becomes the scheme's own on the way."""
    from linksim.link.headercode import header_candidates, header_threshold_db

    codes = header_candidates(scheme.header.bits)
    scheme.plan = {"header_uses": codes[-1], "symbols": scheme.most, "quality_db": None}
    if scheme.config.rate == "constant_quality":
        scheme.plan["quality_db"] = _qualities(scheme, survey)
    lowest_db, scores = _calibrate(scheme, survey)
    mcs = [scheme.tried[m] for m in scores.argmax(axis=0)]  # of equals the first, the most robust one
    overall = scheme.tried[int(scores.mean(axis=1).argmax())]
    needed_db = min(lowest_db[index] for index in {*mcs, overall}) - HEADER_MARGIN_DB
    robust = [uses for uses in codes if header_threshold_db(scheme.header.bits, uses) <= needed_db]
    scheme.plan |= {"header_uses": (robust or codes[-1:])[0],
                    "snr_db": [float(snr) for snr in survey.snr_db], "mcs": mcs, "mcs_without_snr": overall,
                    "expected": [float(score) for score in scores.max(axis=0)]}
    if scheme.config.rate == "constant_quality":  # again: the header just chosen costs less than the first guess
        scheme.plan["quality_db"] = _qualities(scheme, survey)
    scheme.plan["symbols"] = max(int(scheme.codestreams(pictures, budget, index)[1].max())
                                 for pictures, budget in ((survey.analysis, survey.budget),
                                                          (survey.test_analysis, survey.test_budget))
                                 for index in scheme.tried)
    return scheme.plan


def _calibrate(scheme, survey: Survey) -> tuple[dict[int, float], np.ndarray]:
    """On calibration pictures: the lowest 50 % point in dB of each MCS tried, and the metric [M, P]."""
    lowest_db: dict[int, float] = {}
    draw = scheme.bench.link.calibration_draws(survey.seed, len(survey.analysis), survey.realisations)
    gain = scheme.bench.link.gain(draw).astype(np.float64)

    def candidates():
        for index in scheme.tried:
            images, threshold_db = scheme.arriving(survey.analysis, survey.budget, index)
            lowest_db[index] = threshold_db.min()
            yield images, threshold_db

    gain_db = 10 * np.log10(gain).reshape(len(survey.analysis), -1)
    scores = expected_scores(scheme.bench.task, survey.truths, candidates(), gain_db, survey.snr_db)
    return lowest_db, scores


def _qualities(scheme, survey: Survey) -> list[float | None]:
    """The common quality in dB of each MCS tried, None for the others and where none is cheap enough."""
    pictures, head = survey.test_analysis, scheme.plan["header_uses"]
    mean_uses = scheme.budget(survey.test_budget, len(pictures)).mean()

    def quality(mcs):
        def uses_of(sizes):
            return scheme.bench.link.uses(fewest_symbols(scheme.transport, sizes, scheme.most, mcs) + head)

        return common_quality(scheme.codec, pictures, uses_of, mean_uses)

    return [quality(mcs) if mcs.index in scheme.tried else None for mcs in scheme.mcs]
