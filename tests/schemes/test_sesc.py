"""SE-SC end to end on a network of the smallest size, untrained: at high SNR it is the linear code."""

import json
import subprocess
import sys

import numpy as np
import pytest
from tiny_sesc import SIZE, USES, budgeted, draw, make, smooth_pictures

from linksim.link.burst import Reception
from linksim.schemes.base import Knowledge, lost_picture
from linksim.schemes.sesc import mask_code, mask_header


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
from tiny_sesc import make
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
