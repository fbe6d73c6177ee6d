import json
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from baselines.boxes_ldpc import TABLE3, BoxesLdpc
from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.link import Link, LinkConfig
from linksim.schemes.base import Bench, Knowledge, Survey, lost_picture

SIZE, COUNT = 64, 6
BUDGET = np.full(COUNT, 2500, np.int32)
SNR_DB = np.array([0.0, 20.0])


class Finder:
    """A detector that finds at pixel (0, 0) how many boxes it should find; the score is the share of them received."""

    metric, classes = "share", ("a", "b", "c")

    def observe(self, images):
        return [self.boxes(int(image[0, 0, 0])) for image in images]

    @staticmethod
    def boxes(count):
        at = np.arange(count, dtype=np.float32)[:, None]
        return {"boxes": np.hstack([at, at, at + 20, at + 30]), "labels": np.arange(count, dtype=np.int32) % 3,
                "scores": np.linspace(0.9, 0.3, count, dtype=np.float32)}

    def score(self, observations, truths, pictures, bootstrap=0, seed=0):
        return {"share": float(np.mean([len(o["boxes"]) / t for o, t in zip(observations, truths, strict=True)]))}


def pictures(seed):
    images = np.zeros((COUNT, SIZE, SIZE, 3), np.uint8)
    images[:, 0, 0, 0] = np.random.default_rng(seed).integers(3, 9, COUNT)
    return images


@cache
def bench(model="rayleigh"):
    return Bench(Link(LinkConfig(channel={"model": model})), Finder(), SIZE)


@cache
def planned(model="rayleigh", **keys):
    one = BoxesLdpc(BoxesLdpc.Config(name="boxes", type="boxes_ldpc", **(keys or {"budget_as": "other"})), bench(model))
    budget = None if keys else BUDGET
    images = pictures(1)
    survey = Survey(SNR_DB, 3, 20, images, list(images[:, 0, 0, 0].astype(float)), one.analyse(images),
                    one.analyse(pictures(2)), budget, budget)
    one.adopt(json.loads(json.dumps(one.make_plan(survey))))
    return one


def received(one, snr_db, sent_for=20.0, seed=0):
    burst = one.encode(one.analyse(pictures(2)), BUDGET, Knowledge(sent_for))
    return burst, one.bench.link.transmit(burst, snr_db, Draw(seed, np.arange(COUNT), np.zeros(COUNT, int)))


def test_the_receiver_has_the_boxes_that_were_found():
    one = planned("awgn")
    _, reception = received(one, 20.0)
    for seen, image in zip(one.observe(reception), pictures(2), strict=True):
        wanted = Finder.boxes(int(image[0, 0, 0]))
        np.testing.assert_allclose(seen["boxes"], wanted["boxes"], atol=0.3)
        np.testing.assert_array_equal(seen["labels"], wanted["labels"])
    images, ok = one.decode(reception)
    assert ok.all() and all((image != lost_picture(SIZE)).any() for image in images)


def test_every_use_is_billed_and_none_beyond_the_budget():
    one = planned()
    for snr_db in SNR_DB:
        burst, _ = received(one, 20.0, snr_db)
        uses = one.bench.link.uses(burst.length + burst.header_uses)
        assert (uses <= BUDGET).all() and (BUDGET - uses <= one.bench.link.grid.pilots_per_slot).all()
        np.testing.assert_array_equal(sum(burst.ledger.values()), burst.length)
        power = np.square(np.abs(burst.symbols)).sum(1) / burst.length
        assert power == pytest.approx(1, abs=1e-4)  # QPSK


def test_what_is_lost_is_lost():
    one = planned()
    burst, reception = received(one, -25.0)
    images, ok = one.decode(reception)
    assert not ok.any() and (images == lost_picture(SIZE)).all()
    assert all(len(seen["boxes"]) == 0 for seen in one.observe(reception))


def test_the_choice_trades_boxes_for_protection():
    """Over fading a low SNR asks for protection; with few uses, every MCS below some rate has no room for all boxes."""
    one = planned(uses=600)
    low, high = (TABLE3[index] for index in one.plan["mcs"])
    assert low.bits_per_symbol * low.rate < high.bits_per_symbol * high.rate
    assert one.plan["expected"][0] < one.plan["expected"][1]
    assert one.choice(Knowledge(0.0)) == low.name


def test_the_expected_score_is_what_sending_gives():
    one = planned()
    for snr_db, expected in zip(SNR_DB, one.plan["expected"], strict=True):
        shares = []
        for seed in range(30):
            _, reception = received(one, snr_db, snr_db, seed)
            counts = pictures(2)[:, 0, 0, 0]
            shares += [len(o["boxes"]) / c for o, c in zip(one.observe(reception), counts, strict=True)]
        assert np.mean(shares) == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 120))  # 4 standard errors at most


def test_other_tasks_are_refused():
    class Likeness(Finder):
        def observe(self, images):
            return [{"psnr": np.zeros(1)} for _ in images]

    one = BoxesLdpc(BoxesLdpc.Config(name="boxes", type="boxes_ldpc", uses=100), Bench(bench().link, Likeness(), SIZE))
    with pytest.raises(UserError, match="detection"):
        one.analyse(pictures(0))


def test_too_few_uses_for_anything_are_named():
    with pytest.raises(UserError, match=r"schemes.boxes.uses: .* hold no message"):
        planned(uses=10)


def test_one_budget():
    for keys in ({}, {"uses": 5, "budget_as": "other"}, {"uses": 0}):
        with pytest.raises(ValidationError):
            BoxesLdpc.Config(name="boxes", type="boxes_ldpc", **keys)
