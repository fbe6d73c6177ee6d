import json

import numpy as np
import pytest
from textures import psnr, textured

features = pytest.importorskip("PIL.features")
if not features.check("avif"):
    pytest.skip("this Pillow has no libavif", allow_module_level=True)

from baselines.avif_ldpc import AvifLdpc  # noqa: E402
from linksim.link.burst import Draw  # noqa: E402
from linksim.link.link import Link, LinkConfig  # noqa: E402
from linksim.schemes.base import Bench, Knowledge, Survey  # noqa: E402
from linksim.tasks.base import Task  # noqa: E402

SIZE, SNR_DB = 64, np.array([3.0, 15.0])
TEST, CALIBRATION = textured(3, SIZE, seed=1), textured(2, SIZE, seed=2)
BUDGET = np.array([2600, 2900, 2400], np.int32)


class Likeness(Task):
    metric = "likeness"

    def __init__(self):
        pass

    def observe(self, images):
        return [{"image": image} for image in images]

    def score(self, observations, truths, pictures, bootstrap=0, seed=0):
        errors = [np.mean((o["image"].astype(float) - t) ** 2) for o, t in zip(observations, truths, strict=True)]
        return {"likeness": float(np.mean(1 / (1 + np.array(errors) / 100)))}


def test_over_the_air_and_back():
    """At each SNR the pictures arrive within their budget, finer where the channel is better."""
    bench = Bench(Link(LinkConfig(channel={"model": "awgn"})), Likeness(), SIZE)
    one = AvifLdpc(AvifLdpc.Config(name="avif", type="avif_ldpc", budget_as="other", bounds=[]), bench)
    analysis, few = one.analyse(TEST), one.analyse(CALIBRATION)
    survey = Survey(SNR_DB, 7, 1, CALIBRATION, list(CALIBRATION), few, analysis, BUDGET[:2], BUDGET)
    one.adopt(json.loads(json.dumps(one.make_plan(survey))))
    seen = []
    for snr_db in SNR_DB:
        burst = one.encode(analysis, BUDGET, Knowledge(snr_db))
        uses = bench.link.uses(burst.length + burst.header_uses)
        assert (uses <= BUDGET).all()
        np.testing.assert_array_equal(sum(bench.link.ledger(burst).values()), uses)
        images, ok = one.decode(bench.link.transmit(burst, 40.0, Draw(1, np.arange(3), np.zeros(3, int))))
        assert ok.all()
        seen.append(np.mean([psnr(*pair) for pair in zip(images, TEST, strict=True)]))
    assert seen[1] > seen[0] + 1
