"""Parts of a picture: unequal protection in several transport blocks, and whole packets before a failed code block."""

from dataclasses import replace

import chains
import numpy as np
import pytest
from chains import BUDGET, TEST
from textures import psnr

from baselines.separate.modes import Modes
from linksim.link.burst import Reception
from linksim.link.mcs import MCS
from linksim.schemes.base import Knowledge, lost_picture

FIXED = [{"share": 0.4, "mcs": 1}, {"share": 0.6, "mcs": 7}]


def damaged(reception: Reception, first: int, last: int) -> Reception:
    """Symbols first..last of every row turned over."""
    symbols = reception.symbols.copy()
    symbols[:, first:last] *= -1
    return replace(reception, symbols=symbols)


def qualities(one, images):
    return np.array([psnr(*pair) for pair in zip(images, TEST, strict=True)])


@pytest.mark.parametrize("keys", [{"layers": FIXED}, {"layers": 2}, {"layers": 3}])
def test_layers_fill_the_budget_and_their_ledger_adds_up(keys):
    one = chains.planned(**keys)
    for snr_db in chains.SNR_DB:
        burst, link = chains.sent(one, snr_db), one.bench.link
        uses = link.uses(burst.length + burst.header_uses)
        assert (uses <= BUDGET).all() and (BUDGET - uses <= link.grid.pilots_per_slot).all()
        np.testing.assert_array_equal(sum(burst.ledger.values()), burst.length)
        assert np.square(np.abs(burst.symbols)).sum() / burst.length.sum() == pytest.approx(1, abs=0.03)


def test_the_header_names_every_block():
    one = chains.planned(layers=FIXED)
    burst = chains.sent(one, 10.0)
    first, second, split, attempt, symbols = one.modes.header.unpack(burst.header)
    assert set(first) == {1} and set(second) == {7} and not split.any() and not attempt.any()
    np.testing.assert_array_equal(symbols, burst.length)
    assert one.modes.header.bits == 4 + 4 + (chains.SIZE**2).bit_length()
    assert one.choice(Knowledge(10.0)) == "40 % QPSK 1/3 + 60 % 16-QAM 3/4"


def test_what_lies_before_the_block_that_fails_is_shown():
    one = chains.planned(layers=FIXED)
    burst = chains.sent(one, 20.0)
    good = chains.received(burst, 40)
    mode = one.modes.tried[0]
    codestreams, symbols = one.codestreams(one.analyse(TEST), BUDGET, mode)
    base, whole = one.outcomes(codestreams, symbols, mode)
    images, ok = one.decode(good)
    assert ok.all()
    np.testing.assert_array_equal(images, whole)
    begin = int(mode.parts(symbols)[:, 0].max())
    images, ok = one.decode(damaged(good, begin + 10, begin + 1500))
    assert ok.all()
    np.testing.assert_array_equal(images, base)
    assert (qualities(one, base) > 14).all() and (qualities(one, whole) > qualities(one, base) + 2).all()
    images, ok = one.decode(damaged(good, 0, 1500))
    assert not ok.any() and (images == lost_picture(chains.SIZE)).all()


def test_over_fading_the_base_outlives_the_rest():
    """On AWGN between the two thresholds exactly the base layer arrives."""
    one = chains.planned(layers=FIXED)
    burst = chains.sent(one, 10.0)
    needed = one.thresholds(burst.length, one.modes.tried[0])
    between = (needed[:, 0].max() + needed[:, 1].min()) / 2
    assert needed[:, 1].min() - needed[:, 0].max() > 5
    images, ok = one.decode(chains.received(burst, between))
    codestreams, symbols = one.codestreams(one.analyse(TEST), BUDGET, one.modes.tried[0])
    assert ok.all()
    np.testing.assert_array_equal(images, one.outcomes(codestreams, symbols, one.modes.tried[0])[0])


def test_chosen_layers_expect_at_least_what_one_block_would():
    layered, single = chains.planned(realisations=20, layers=2), chains.planned(realisations=20, failure="prefix")
    assert all(a >= b * 0.97 for a, b in zip(layered.plan["expected"], single.plan["expected"], strict=True))
    assert any(mode[-1] > 0 for mode in layered.plan["mcs"])  # over slow fading two blocks are worth their while
    names = [layered.choice(Knowledge(snr)) for snr in chains.SNR_DB]
    assert any(" + " in name for name in names)


def test_splits_cut_symbols_into_shares():
    config = chains.scheme(layers=3).config
    modes = Modes(config, MCS, 10_000)
    for mode in modes.tried[:: len(modes.tried) // 20]:
        parts = mode.parts(np.array([0, 1, 999, 4096]))
        assert parts.sum(axis=1).tolist() == [0, 1, 999, 4096] and (parts >= 0).all()
        assert (np.abs(parts[3] - 4096 * np.array(mode.shares)) < 1).all()
        assert modes.planned(modes.plain(mode)) == mode
    used = [[mcs for mcs, share in zip(mode.mcs, mode.shares, strict=True) if share] for mode in modes.tried]
    assert all([m.index for m in some] == sorted({m.index for m in some}) for some in used)
    assert len(set(modes.tried)) == len(modes.tried) == 12 + 2 * 66 + 2 * 220


@pytest.fixture(scope="module")
def prefix():
    """A scheme whose transport blocks have several code blocks, its bursts, and where the second block begins."""
    one = chains.planned(failure="prefix", mcs=11)
    burst = chains.sent(one, 20.0)
    room = one.transport.payload_bits(burst.length, MCS[11])
    assert (room > 2 * 8448).all()
    return one, burst, chains.received(burst, 40)


def test_whole_packets_before_the_first_failed_code_block_are_shown(prefix):
    one, burst, good = prefix
    codestreams, _ = one.codestreams(one.analyse(TEST), BUDGET, one.modes.tried[0])
    last = (burst.length * 0.9).astype(int)
    images, ok = one.decode(damaged(good, int(last.min()) - 200, int(last.max())))
    assert ok.all()
    plain, _ = one.decode(good)
    assert (qualities(one, images) < qualities(one, plain)).all() and (qualities(one, images) > 18).all()
    for image, codestream in zip(images, codestreams, strict=True):  # it is the picture of some whole packets
        shown = one.codec.decode([one.codec.prefix(codestream[:cut]) for cut in range(300, len(codestream), 40)])
        assert any((image == other).all() for other in shown)


def test_without_the_first_code_block_nothing_is_shown(prefix):
    one, _, good = prefix
    images, ok = one.decode(damaged(good, 0, 300))
    assert not ok.any() and (images == lost_picture(chains.SIZE)).all()


def test_drop_shows_nothing_of_a_damaged_picture(prefix):
    _, burst, _ = prefix
    one = chains.planned(mcs=11)
    last = int(chains.sent(one, 20.0).length.min())
    images, ok = one.decode(damaged(chains.received(chains.sent(one, 20.0), 40), last - 600, last))
    assert not ok.any() and (images == lost_picture(chains.SIZE)).all()


def test_parts_have_no_bound():
    for keys in ({"layers": FIXED}, {"failure": "prefix", "mcs": 11}):
        one = chains.planned(**keys)
        assert list(one.bounds(one.analyse(TEST), BUDGET)) == []
