"""The masked CNN codec: what goes in comes out, to the bit, at every step, for every mask; damage is refused."""

from functools import cache

import numpy as np
import pytest

from baselines.codecs.masked_cnn import COARSEST, MaskedCnn
from linksim.schemes.sesc_cnn import context as ctx
from linksim.schemes.sesc_cnn import statistics, stream
from linksim.schemes.sesc_cnn.quantiser import STEPS, quantise, sent

GRID, CHANNELS, COUNT = 6, 12, 16


@cache
def latents(seed=0):
    """Neighbours correlate, later channels are smaller: float32 [N, h, w, C]."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((COUNT, 1, 1, CHANNELS))
    own = rng.standard_normal((COUNT, GRID, GRID, CHANNELS)) * rng.uniform(0.2, 2, (COUNT, GRID, GRID, 1))
    return ((common + own) * 3 * 0.75 ** np.arange(CHANNELS)).astype(np.float32)


@cache
def masks(seed=1):
    rng = np.random.default_rng(seed)
    drawn = rng.random((COUNT, GRID, GRID)) < rng.uniform(0.2, 0.9, (COUNT, 1, 1))
    drawn[0], drawn[1] = True, np.eye(1, GRID * GRID, 7, dtype=bool).reshape(GRID, GRID)
    return drawn


@cache
def model():
    return statistics.fit(latents(), masks(), np.arange(COUNT) % 4, every=6)


def parts(picture, step, context=0):
    keep = masks()[picture]
    there = sent(keep, context, CHANNELS)
    return quantise(latents()[picture], step) * there, keep, there, step


def coded(picture, step, context=0):
    return stream.encode(model(), *parts(picture, step, context), context)


@pytest.mark.parametrize("context", [0, 3])
@pytest.mark.parametrize("step", [0, 9, 25, 47])
def test_round_trip_is_exact(step, context):
    for picture in range(6):
        q, keep, _, _ = parts(picture, step, context)
        data = coded(picture, step, context)
        for padding in (b"", b"\0", b"\0" * 9):
            found = stream.decode(model(), data + padding, GRID)
            np.testing.assert_array_equal(found[0], q)
            np.testing.assert_array_equal(found[1], keep)
            assert found[2:] == (step, context)


def test_values_far_beyond_the_tables_arrive():
    q, keep, there, step = parts(0, 0)
    q = q * 1000
    data = stream.encode(model(), q, keep, there, step, 0)
    np.testing.assert_array_equal(stream.decode(model(), data, GRID)[0], q)


def test_damage_is_mostly_refused_and_never_the_picture():
    """A range code has hardly a string to spare: what of damage is refused is what decodes to other bytes' values, here
    19 of 20. A CRC tells the rest."""
    data, rng = coded(2, 12), np.random.default_rng(3)
    damaged = [data[:at] + bytes([data[at] ^ 1 << rng.integers(8)]) + data[at + 1 :] for at in range(0, len(data), 2)]
    damaged += [data[:end] for end in range(0, len(data), 8)] + [rng.bytes(n) for n in range(30)]
    found = [stream.decode(model(), one, GRID) for one in damaged if one.rstrip(b"\0") != data]
    assert np.mean([one is None for one in found]) > 0.9
    q, keep, _, _ = parts(2, 12)
    assert not any(one and np.array_equal(one[0], q) and np.array_equal(one[1], keep) for one in found)
    assert stream.decode(model(), b"", GRID) is None


def test_contexts_at_the_receiver_are_the_transmitters_on_any_machine():
    assert all(np.issubdtype(array.dtype, np.integer) for array in model().values())
    values, mean = ctx.whole(model(), *parts(0, 10)[::2], 10)
    assert values.dtype == mean.dtype == np.int64
    assert (model()["tables"] >= 1).all() and (model()["tables"].astype(int).sum(1) <= 2**16).all()


def test_rate_falls_with_the_step_and_its_estimate_is_close():
    for picture in (0, 2, 3):
        sizes = [len(coded(picture, step)) for step in range(0, 48, 5)]
        assert all(a >= b for a, b in zip(sizes, sizes[1:], strict=False)) and sizes[0] > 3 * sizes[-1]
        for step in range(0, 48, 5):
            assert abs(stream.cost(model(), *parts(picture, step)) - len(coded(picture, step))) < 8


def test_learned_distributions_beat_flat_ones():
    flat = model() | {"tables": np.full_like(model()["tables"], 1900)}
    assert stream.cost(model(), *parts(0, 24)) < 0.75 * stream.cost(flat, *parts(0, 24))


def test_unsent_values_cost_nothing_and_come_back_zero():
    alone, whole = coded(1, 10), coded(0, 10)
    assert masks()[1].sum() == 1 and len(alone) < len(whole) / 5
    assert not stream.decode(model(), alone, GRID)[0][~masks()[1]].any()


def codec(mu=0.3, context=0):
    return MaskedCnn(model(), lambda values, there, step: np.repeat(np.repeat(
        values[..., :3] / 10 + 0.5, 16, axis=1), 16, axis=2), GRID, 4, mu, context)


def hint(picture):
    weights = np.random.default_rng(picture).random((GRID, GRID), np.float32)
    return np.concatenate([weights[..., None], latents()[picture]], -1)


def test_the_largest_codestream_fits_and_more_room_is_used():
    one, empty, wanted = codec(), np.zeros((1, 16 * GRID, 16 * GRID, 3), np.uint8), hint(0)[..., 0] >= 0.3
    found = []
    for size in (20, 60, 120, 240):
        data = one.to_size(empty, [size], [hint(0)])[0]
        _, keep, step, _ = stream.decode(model(), data, GRID)
        assert len(data) <= size and not (keep & ~wanted).any() and step <= COARSEST
        least = len(one._coded(hint(0), wanted, sent(wanted, 0, CHANNELS), COARSEST))
        assert np.array_equal(keep, wanted) == (least <= size)
        found.append((keep.sum(), -step))
    assert found[0][0] < found[-1][0]
    assert [kept for kept, _ in found] == sorted(kept for kept, _ in found) and found[-2][1] < found[-1][1]
    assert one.to_size(empty, [3], [hint(0)])[0] is None


def test_quality_is_met_by_the_coarsest_step_that_does():
    one = codec(mu=0)
    sizes = [len(one.of_quality(None, psnr, hint(0))) for psnr in (14, 24, 34)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]


def test_pictures_do_not_depend_on_their_company():
    streams = [coded(i, 20) for i in range(5)]
    together = codec().decode([*streams, b"no codestream"])
    assert together[-1] is None and together[0].shape == (16 * GRID, 16 * GRID, 3)
    for data, picture in zip(streams, together, strict=False):
        np.testing.assert_array_equal(codec().decode([data])[0], picture)


def test_untrained_networks_are_the_transform_they_start_from():
    from linksim.schemes import linear_code
    from linksim.schemes.sesc_cnn import networks

    images = np.random.default_rng(4).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    code = linear_code.fit(np.random.default_rng(5).random((2000, networks.VALUES)).astype(np.float32), 8)
    encoder, decoder = networks.build_encoder(32, 8), networks.build_decoder(32, 8)
    networks.start_from(code, encoder, decoder)
    found = np.asarray(encoder(images / np.float32(255)))
    wanted = (linear_code.cut(images) - code.mean) @ code.basis
    np.testing.assert_allclose(found.reshape(3, 4, 8), wanted, atol=1e-4)
    shown = np.asarray(decoder([found, np.ones_like(found), np.zeros(3, np.float32)]))
    pasted = linear_code.paste(wanted @ code.basis.T + code.mean, 32)
    np.testing.assert_array_equal(np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8), pasted)


def test_the_rate_of_training_is_that_of_a_distribution():
    from linksim.schemes.sesc_cnn.networks import Rate

    rate, step = Rate(np.array([0.5, 2.0])), 0.3
    centres = (np.arange(-400, 401) * step).astype(np.float32)[:, None, None, None] * np.ones((1, 1, 1, 2), np.float32)
    bits = np.asarray(rate(centres, np.full(801, step, np.float32)))
    np.testing.assert_allclose((2.0**-bits).sum((0, 1, 2)), 1, atol=2e-3)  # a floor keeps logs finite


def test_steps_grow_and_rounding_has_a_dead_zone():
    assert (np.diff(STEPS) > 0).all()
    y = np.array([0.59, -0.59, 0.61, 1.59, -1.61]) * STEPS[7]
    np.testing.assert_array_equal(quantise(y, 7), [0, 0, 1, 1, -2])
