"""SE-SC end to end on a network of the smallest size, untrained: at high SNR it is the linear code."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from linksim.link.burst import Draw, Reception
from linksim.link.link import Link, LinkConfig
from linksim.schemes.base import Bench, Knowledge, Survey, lost_picture
from linksim.schemes.sesc import mask_code, mask_header

SIZE, USES = 64, 96
FIG4 = Path(__file__).parents[2] / "scenarios" / "fig4.yaml"


class Features:
    """A judge whose feature maps are means of the picture's blocks at three scales."""

    def features(self, images):
        x = np.asarray(images, np.float32) / 255
        return tuple(x.reshape(len(x), SIZE // s, s, SIZE // s, s, 3).mean((2, 4)) for s in (8, 16, 32))


def smooth_pictures(count, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    phase = rng.uniform(0, 6, (count, 2, 3, 1, 1))
    waves = 128 + 60 * np.sin(phase[:, 0] * x + phase[:, 1] * y) + rng.normal(0, 4, (count, 1, SIZE, SIZE))
    return np.clip(waves, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    import keras

    from linksim import weights
    from linksim.schemes import linear_code
    from linksim.schemes.sesc import networks

    keras.utils.set_random_seed(4)
    encoder, decoder = networks.build_encoder(SIZE, USES), networks.build_decoder(SIZE, USES)
    code = linear_code.fit(linear_code.cut(smooth_pictures(120, 9)).reshape(-1, 768), 2 * USES)
    networks.start_from(code, encoder, decoder, USES)
    awareness = networks.build_awareness((9,), SIZE // 16)
    arrays = {f"{m.name}/{k}": v for m in (encoder, decoder, awareness) for k, v in weights.model_arrays(m).items()}
    arrays["gains/variance"] = np.exp(np.asarray(decoder.get_layer("estimate").log_variance))
    path = tmp_path_factory.mktemp("weights") / "tiny.npz"
    weights.save(path, arrays, {"kind": "sesc", "name": "tiny", "config": {"size": SIZE, "uses": USES}})
    return path


def make(weights_file, mu=0.5, survey=True, uses=USES, **keys):
    from linksim.schemes.sesc.scheme import Sesc

    link = Link(LinkConfig(channel={"model": "rayleigh"}))
    scheme = Sesc(Sesc.Config(name="SE-SC", type="sesc", weights=str(weights_file), mu=mu, uses=uses, **keys),
                  Bench(link=link, task=Features(), size=SIZE, tile=4))
    if survey:
        images = smooth_pictures(8, 5)
        survey = Survey(np.array([0.0, 10.0]), 1, 4, images, [], scheme.analyse(images), None, None, None)
        scheme.adopt(json.loads(json.dumps(scheme.make_plan(survey))))
    return scheme, link


@pytest.fixture(scope="module")
def sent(weights_file):
    """(scheme, link, pictures, analysis, burst): half the features, so that masks differ between pictures."""
    scheme, link = make(weights_file)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    scheme.mu = float(np.median(analysis.weights))
    survey = Survey(np.array([0.0, 10.0]), 1, 4, images, [], analysis, None, None, None)
    scheme.adopt(scheme.make_plan(survey))
    return scheme, link, images, analysis, scheme.encode(analysis, None, Knowledge())


def draw(count):
    return Draw(3, np.arange(count), np.zeros(count, np.int64))


def test_mean_power_is_one_over_sent_symbols(sent):
    burst = sent[-1]
    for symbols, length in zip(burst.symbols, burst.length, strict=True):
        assert np.mean(np.abs(symbols[:length]) ** 2) == pytest.approx(1, abs=1e-4)
        assert not symbols[length:].any()
    assert (burst.ledger["payload"] == burst.length).all()


def test_threshold_scales_the_rate_and_zero_sends_everything(sent, weights_file):
    scheme, _, _, analysis, burst = sent
    uses, kept = scheme.uses_over_mu(analysis, [0.0, scheme.mu, 1.0])
    assert (kept[0] == 1).all() and 0.2 < kept[1].mean() < 0.8
    assert (kept[2] == 1 / 16).all()  # the heaviest feature always goes
    assert (np.diff(uses, axis=0) <= 0).all()
    assert (uses[1] == scheme.bench.link.uses(burst.length + burst.header_uses)).all()


def test_without_noise_kept_patches_come_back_and_only_they(sent):
    scheme, _, images, analysis, burst = sent
    header = np.asarray(burst.header)
    clean = Reception(burst.symbols, np.full(burst.symbols.shape, 1e-6, np.float32), header, np.ones(len(header), bool))
    decoded, ok = scheme.decode(clean)
    mask = scheme.details(analysis)["mask"].repeat(16, 1).repeat(16, 2)
    error = np.abs(decoded.astype(float) - images).mean(-1)
    assert ok.all() and error[mask].mean() < 8 < error[~mask].mean()


def test_failed_header_loses_the_picture(sent):
    scheme, link, images, _, burst = sent
    reception = link.transmit(burst, 30.0, draw(6))
    failed = Reception(reception.symbols, reception.noise_variance, reception.header, np.zeros(6, bool))
    decoded, ok = scheme.decode(failed)
    assert not ok.any() and (decoded == lost_picture(SIZE)).all()


def test_positions_come_from_the_header_alone(sent):
    """Another picture's header puts the features in other places."""
    scheme, _, images, analysis, burst = sent
    quiet = np.full(burst.symbols.shape, 1e-6, np.float32)
    wrong = Reception(burst.symbols, quiet, np.roll(burst.header, 1, axis=0), np.ones(6, bool))
    right = Reception(burst.symbols, quiet, burst.header, np.ones(6, bool))
    kept = scheme.masks(analysis).repeat(16, axis=1).repeat(16, axis=2)
    error = [np.abs(scheme.decode(r)[0].astype(float) - images)[kept].mean() for r in (right, wrong)]
    assert error[1] > 2 * error[0]


def test_decodes_in_another_process_from_shuffled_receptions(sent, weights_file, tmp_path):
    """Given the plan, the weights and a file of receptions in another order: the same pictures."""
    scheme, link, _, _, burst = sent
    reception = link.transmit(burst, 20.0, draw(6))
    here, _ = scheme.decode(reception)
    order = np.array([3, 0, 5, 1, 4, 2])
    names = ("symbols", "noise_variance", "header", "header_ok")
    np.savez(tmp_path / "receptions.npz", **{name: getattr(reception, name)[order] for name in names})
    (tmp_path / "plan.json").write_text(json.dumps(scheme.plan))
    program = f"""
import json, numpy as np, sys
sys.path.insert(0, {str(__file__).rsplit("/", 1)[0]!r})
from test_sesc import make
from linksim.link.burst import Reception
scheme, _ = make({str(weights_file)!r}, survey=False)
scheme.adopt(json.load(open("plan.json")))
file = np.load("receptions.npz")
np.save("decoded.npy", scheme.decode(Reception(**{{k: file[k] for k in file.files}}))[0])
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (np.load(tmp_path / "decoded.npy") == here[order]).all()


def test_a_mask_too_long_for_the_header_is_raised_until_it_fits(sent):
    scheme, *_ = sent
    rng = np.random.default_rng(0)
    weights = rng.random((4, 4)).astype(np.float32)
    (mask,), (bits,) = mask_header.tell((weights > 0.4)[None], weights[None], scheme.plan, 0.0, True)
    assert len(bits) == scheme.plan["mask_bits"]
    assert mask[weights <= 0.4].sum() == 0


def budgeted(weights_file, budget, **keys):
    """(scheme, link, analysis of 6 pictures) of a scheme that fills a budget."""
    scheme, link = make(weights_file, survey=False, budget=budget, **keys)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    survey = Survey(np.array([0.0, 10.0, 20.0]), 1, 4, images, [], analysis, analysis, None, None)
    scheme.adopt(scheme.make_plan(survey))
    return scheme, link, analysis


@pytest.mark.parametrize("keys", [{"mu": "auto", "uses": "auto"}, {"mu": "auto", "uses": 24},
                                  {"mu": 0.3, "uses": "auto"}, {"mu": 0.0, "uses": 64},
                                  {"mu": "auto", "uses": "auto", "context": 2}])
def test_bursts_keep_to_the_budget(weights_file, keys):
    scheme, link, analysis = budgeted(weights_file, 1400, **keys)
    for snr_db in (0.0, 10.0, None):
        burst = scheme.encode(analysis, None, Knowledge(snr_db))
        spent = np.sum(list(link.ledger(burst).values()), axis=0)
        assert (spent <= 1400).all() and (burst.length > 0).all()
        for symbols, length in zip(burst.symbols, burst.length, strict=True):
            assert np.mean(np.abs(symbols[:length]) ** 2) == pytest.approx(1, abs=1e-4)
    if keys["uses"] == "auto":  # what is left wouldn't raise every feature by a step of the ladder
        assert spent.mean() > 0.75 * 1400


@pytest.mark.parametrize("slots", [1, 2])
def test_a_latency_in_slots_is_kept_to_and_used(weights_file, slots):
    scheme, link, analysis = budgeted(weights_file, None, slots=slots, mu="auto", uses="auto")
    spent = np.sum(list(link.ledger(scheme.encode(analysis, None, Knowledge(10.0))).values()), axis=0)
    one = link.grid.data_per_slot + link.grid.pilots_per_slot
    assert scheme.budgeted == slots * one and (spent <= slots * one).all()
    assert (spent > (slots - 1) * one).all(), "a whole slot is left"


def test_power_set_for_each_burst_is_what_the_mean_would_be_at_that_snr(weights_file):
    usual, link = make(weights_file)
    told, _ = make(weights_file, survey=False, adapts="realisation")
    told.adopt(usual.plan)
    analysis = usual.analyse(smooth_pictures(2))
    burst = told.encode(analysis, None, Knowledge(10.0, np.array([1.2, 19.8])))
    assert told.follows_channel and not usual.follows_channel and "each burst" in told.declared()
    for row, snr_db in enumerate((1.0, 20.0)):
        alone = usual.encode(analysis, None, Knowledge(snr_db))
        np.testing.assert_allclose(burst.symbols[row], alone.symbols[row], atol=1e-5)
        np.testing.assert_array_equal(burst.header[row], alone.header[row])
    assert np.abs(burst.symbols - usual.encode(analysis, None, Knowledge(10.0)).symbols).max() > 0.01
    reception = link.transmit(burst, 60.0, draw(2))
    assert reception.header_ok.all() and told.decode(reception)[1].all()


def test_who_isnt_told_the_realisation_cant_adapt_to_it():
    from linksim.errors import UserError
    from linksim.scenario import load

    ask = ["schemes.0.adapts=realisation"]
    with pytest.raises(UserError, match="knowledge.transmitter grants 'mean_snr'"):
        load(FIG4, ask)
    ask += ["knowledge.transmitter=realisation"]
    assert load(FIG4, ask).schemes[0].adapts == "realisation"
    with pytest.raises(UserError, match="64 points have one power"):
        load(FIG4, [*ask, "schemes.0.constellation=64"])


def test_power_set_for_each_burst_goes_through_the_house(tmp_path):
    """Another scheme's budget is its uses, which don't depend on the fade; what it sends does."""
    from rich.console import Console

    from linksim.experiment.plan import planned
    from linksim.experiment.points import measure
    from linksim.experiment.progress import Clock
    from linksim.experiment.setup import Setup
    from linksim.scenario import load

    few = ["pictures=3", "examples.pictures=[0]", "calibration.pictures=3", "knowledge.transmitter=realisation",
           "task.input_size=128", "source.size=128", "tile=2"]
    rows = {}
    for adapts in ("mean_snr", "realisation"):
        setup, clock = Setup(load(FIG4, [*few, f"schemes.0.adapts={adapts}"])), Clock(Console(quiet=True))
        setup.scenario = planned(setup, clock)
        rows[adapts] = measure(setup, "SE-SC mu 0.2", 15.0, clock)
        assert len(measure(setup, "JPEG2000", 15.0, clock)) == 3
    mean, own = rows["mean_snr"], rows["realisation"]
    assert [row["uses"] for row in mean] == [row["uses"] for row in own]
    assert [row["gain_db"] for row in mean] == [row["gain_db"] for row in own]
    assert [row["psnr_db"] for row in mean] != [row["psnr_db"] for row in own]


def test_more_budget_gives_a_better_picture(weights_file):
    errors = []
    for budget in (700, 1000, 1900):
        scheme, link, analysis = budgeted(weights_file, budget, mu="auto", uses="auto", context=2)
        reception = link.transmit(scheme.encode(analysis, None, Knowledge(20.0)), 60.0, draw(6))
        assert reception.header_ok.all()
        errors.append(np.mean((scheme.decode(reception)[0].astype(float) - analysis.images) ** 2))
    assert errors[0] > errors[1] > errors[2]


def test_a_budget_too_small_is_refused(weights_file):
    from linksim.errors import UserError

    with pytest.raises(UserError, match="budget"):
        budgeted(weights_file, 150, mu="auto", uses=64)


def test_no_picture_tested_overspends_where_calibration_pictures_had_more(weights_file):
    """The header chosen for 3,000 uses a picture wouldn't leave room for a feature in 450."""
    from linksim.errors import UserError

    scheme, link = make(weights_file, survey=False, mu="auto", uses="auto", budget_as="another")
    images = smooth_pictures(6)
    analysis, rich = scheme.analyse(images), np.full(6, 3000)

    def plan(tested):
        scheme.adopt(scheme.make_plan(Survey(np.array([0.0]), 1, 4, images, [], analysis, analysis, rich, tested)))
        return scheme.plan["header_uses"]

    poor = np.array([450, 3000, 3000, 3000, 3000, 3000])
    assert plan(poor) < plan(rich)
    plan(poor)
    spent = np.sum(list(link.ledger(scheme.encode(analysis, poor, Knowledge(0.0))).values()), axis=0)
    assert (spent <= poor).all()
    with pytest.raises(UserError, match="smallest budget has room for"):
        plan(np.array([200, 3000, 3000, 3000, 3000, 3000]))


@pytest.mark.parametrize("keys, says", [({"mu": "auto"}, "budget"), ({"uses": "auto"}, "budget"),
                                        ({"budget": 500, "slots": 2}, "only one"),
                                        ({"uses": 2, "context": 3}, "context")])
def test_a_policy_that_makes_no_sense_is_refused(weights_file, keys, says):
    with pytest.raises(ValueError, match=says):
        make(weights_file, survey=False, **keys)


def test_any_counts_can_be_sent(weights_file):
    """One feature more makes no feature worse by much, and the whole picture better."""
    scheme, link = make(weights_file)
    images = smooth_pictures(4)
    analysis = scheme.analyse(images)
    errors = []
    for number in (1, 8, 16):
        counts = np.zeros((4, 4, 4), int)
        counts.reshape(4, -1)[:, :number] = USES
        burst = scheme.burst(analysis, counts, Knowledge(20.0))
        assert (burst.length == number * USES).all()
        decoded, ok = scheme.decode(Reception(burst.symbols, np.full(burst.symbols.shape, 1e-6, np.float32),
                                              burst.header, np.ones(4, bool)))
        errors.append(np.mean((decoded.astype(float) - images) ** 2))
    assert ok.all() and errors[0] > errors[1] > errors[2]


def test_qam_points_are_few_and_finer_ones_do_less_harm(weights_file):
    errors = []
    for points in (16, 64, 256, None):
        scheme, link = make(weights_file, mu=0.0, constellation=points)
        images = smooth_pictures(4)
        burst = scheme.encode(scheme.analyse(images), None, Knowledge(20.0))
        if points:  # every use of a burst is a point of one square: odd multiples of half a step
            first = burst.symbols[0]
            half = np.abs(np.concatenate([first.real, first.imag])).min()
            odd = np.concatenate([first.real, first.imag]) / half
            assert odd == pytest.approx(2 * np.floor(odd / 2) + 1, abs=1e-3)
            assert len(np.unique(np.rint(odd))) == points**0.5
        clean = Reception(burst.symbols, np.full(burst.symbols.shape, 1e-6, np.float32), burst.header, np.ones(4, bool))
        errors.append(np.mean((scheme.decode(clean)[0].astype(float) - images) ** 2))
    assert errors[0] > errors[1] > errors[2] > errors[3]


def test_a_header_that_tells_of_more_than_came_does_no_harm(sent):
    scheme, link, _, _, burst = sent
    short = Reception(burst.symbols[:2, :40], np.full((2, 40), 0.1, np.float32), burst.header[:2], np.ones(2, bool))
    long = Reception(*(np.pad(x, ((0, 0), (0, burst.symbols.shape[1]))) for x in (short.symbols, short.noise_variance)),
                     short.header, short.header_ok)
    assert (burst.length[:2] > 40).all()
    np.testing.assert_array_equal(scheme.decode(short)[0], scheme.decode(long)[0])


def test_a_codec_taught_untold_stays_untold(weights_file, tmp_path):
    from linksim import weights

    arrays, card = weights.load(weights_file, "sesc")
    untold = tmp_path / "untold.npz"
    weights.save(untold, arrays, {k: v for k, v in card.items() if k != "sha256"}
                 | {"name": "untold", "config": card["config"] | {"conditioned": False}})
    images = smooth_pictures(4)
    for file, differs in ((weights_file, True), (untold, False)):
        scheme, link = make(str(file), mu=0.0)
        analysis = scheme.analyse(images)
        low, high = (scheme.encode(analysis, None, Knowledge(snr_db)) for snr_db in (0.0, 20.0))
        assert np.allclose(low.symbols, high.symbols, atol=1e-5) != differs
        noise = np.full(low.symbols.shape, 1e-3, np.float32)
        little, much = (scheme.decode(Reception(low.symbols, noise * by, low.header, np.ones(4, bool)))[0]
                        for by in (1, 300))
        assert (little == much).all() != differs


def test_gains_share_power_as_water_filling_does():
    from scipy.optimize import minimize

    from linksim.schemes.sesc.gains import FLOOR, power_gains

    sigma = np.array([8.0, 4.0, 2.0, 1.0, 0.5, 0.5])
    variance = sigma / sigma.mean()  # what the linear code makes of deviations sigma
    for snr_db in (-5.0, 3.0, 20.0):
        gains = power_gains(variance.astype(np.float32), 3, snr_db)
        power, noise = gains**2 * variance, 10 ** (-snr_db / 10)
        assert power.sum() == pytest.approx(6, rel=1e-4)

        def error(p, noise=noise):
            return np.sum(sigma**2 * noise / (p + noise))

        total = {"type": "eq", "fun": lambda p: p.sum() - 6}
        best = minimize(error, np.ones(6), bounds=[(0, None)] * 6, constraints=total)
        assert error(power) <= best.fun * (1 + 2 * FLOOR)
    assert power_gains(variance.astype(np.float32), 1, 0.0)[2:] == pytest.approx(1)


def test_a_picture_sent_whole_has_a_short_header(weights_file):
    """Where the budget holds every feature, masks of one feature need no room in the header."""
    scheme, _, _ = budgeted(weights_file, 1400, mu=0.0, uses="auto")
    assert scheme.plan["whole"] and scheme.plan["mask_bits"] <= 8


def test_the_code_of_masks_that_are_mostly_whole_has_room_for_others():
    """A code learned from whole masks alone takes 8 to 12 bits for every patch that isn't sent; where some budget has
    no room for them all, a header must not grow to ten times the mask's own bits."""
    masks = np.ones((24, 16, 16), bool)
    plan = mask_header.plan_for(masks, mask_code.learn(masks), 0.0, whole=False)
    assert plan["mask_bits"] <= 16 * 16 + 8
    assert mask_header.plan_for(masks, mask_code.learn(masks), 0.0, whole=True)["mask_bits"] <= 8
    alone = np.eye(256, dtype=bool)[[37]].reshape(1, 16, 16)
    sent, codes = mask_header.tell(alone, alone.astype(np.float32), plan, 0.0, grow=False)
    assert (sent == alone).all() and (mask_code.decode(codes[0], (16, 16), plan["mask_model"]) == alone[0]).all()
