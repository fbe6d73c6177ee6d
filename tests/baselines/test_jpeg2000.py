import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textures import psnr, textured

from baselines.codecs import jpeg2000
from baselines.codecs.jpeg2000 import Jpeg2000
from baselines.codecs.packets import segments

PICTURES = textured(3, 96)
CODEC = Jpeg2000()


@settings(max_examples=25, deadline=None)
@given(picture=st.integers(0, 2), size=st.integers(1, 6000))
def test_never_longer_than_asked(picture, size):
    image = PICTURES[picture][None]
    codestream = CODEC.to_size(image, [size])[0]
    smallest = len(jpeg2000._encode(image[0], ratio=image.size))
    if codestream is None:
        assert size < smallest
    else:
        assert smallest <= len(codestream) <= size
        assert CODEC.decode([codestream])[0].shape == image[0].shape


@pytest.mark.parametrize("size", [250, 700, 1900])
def test_no_other_request_makes_a_longer_one_that_fits(size):
    for image in PICTURES:
        requests = range(size - 30, size + 70, 3)
        lengths = [len(jpeg2000._encode(image, ratio=image.size / request)) for request in requests]
        assert len(CODEC.to_size(image[None], [size])[0]) == max(n for n in lengths if n <= size)


def test_a_cap_that_openjpeg_breaks_is_kept(monkeypatch):
    honest = jpeg2000._encode
    monkeypatch.setattr(jpeg2000, "_encode", lambda image, **keys: honest(image, **keys) + bytes(100))
    codestream = Jpeg2000().to_size(PICTURES[:1], [1000])[0]
    assert 700 < len(codestream) <= 1000


def test_one_encoding_per_size(monkeypatch):
    calls, honest = [], jpeg2000._encode
    monkeypatch.setattr(jpeg2000, "_encode", lambda *a, **k: calls.append(1) or honest(*a, **k))
    codec = Jpeg2000()
    first = codec.to_size(PICTURES, [900, 901, 902])
    assert len(calls) == 3
    assert codec.to_size(PICTURES[::-1], [902, 901, 900]) == first[::-1]
    assert len(calls) == 3


def test_codestream_is_9_7_with_colour_transform_and_bare():
    codestream = CODEC.to_size(PICTURES[:1], [1500])[0]
    assert codestream[:4] == b"\xff\x4f\xff\x51"  # SOC and SIZ: a raw codestream
    assert codestream[-2:] == b"\xff\xd9"
    main = dict(segments(codestream))
    _, _, _, _, layers, colour_transform, *_, wavelet = struct.unpack(">HHBBHBBBBBB", main[0xFF52])
    assert (layers, colour_transform, wavelet) == (1, 1, 0)  # 0: irreversible 9/7, ISO 15444-1 table A.20
    assert 0xFF64 not in main  # no comment


def test_the_colour_transform_pays():
    """A grey picture in three components costs hardly more than its luma where the transform is on."""
    grey = np.repeat(PICTURES[:1, :, :, :1], 3, axis=3)
    with_colours = textured(1, 96, seed=5)
    with_colours = np.random.default_rng(0).permuted(with_colours, axis=3)
    sizes = [len(CODEC.to_quality(x, 35)[0]) for x in (grey, with_colours)]
    assert sizes[0] < 0.6 * sizes[1]


def test_quality_is_what_was_asked_for_and_size_follows():
    for quality in (26, 32, 38):
        codestreams = CODEC.to_quality(PICTURES, quality)
        for image, decoded in zip(PICTURES, CODEC.decode(codestreams), strict=True):
            assert psnr(image, decoded) == pytest.approx(quality, abs=1)
    sizes = [len(CODEC.to_quality(PICTURES[:1], q)[0]) for q in (24, 28, 32, 36)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] / 3


def test_round_trip_is_the_same_in_any_order_and_alone():
    sizes = [400, 800, 1600]
    together = CODEC.decode(CODEC.to_size(PICTURES, sizes))
    for i in (2, 0, 1):
        fresh = Jpeg2000()
        alone = fresh.decode(fresh.to_size(PICTURES[i : i + 1], sizes[i : i + 1]))[0]
        np.testing.assert_array_equal(alone, together[i])
        assert alone.dtype == np.uint8
    assert psnr(PICTURES[2], together[2]) > 23


@pytest.mark.parametrize("size", [8, 33, 64])
def test_small_and_odd_pictures(size):
    image = textured(1, size, seed=1)
    assert psnr(image[0], CODEC.decode(CODEC.to_quality(image, 40))[0]) > 35


def test_damage_raises_nothing():
    good = CODEC.to_size(PICTURES[:1], [1000])[0]
    rng = np.random.default_rng(0)
    damaged = [b"", b"\xff", b"no codestream", good[:200], good[:-1]]
    for _ in range(30):
        flipped = bytearray(good)
        flipped[rng.integers(110, len(good))] ^= 1 << rng.integers(8)
        damaged.append(bytes(flipped))
    decoded = CODEC.decode(damaged)
    assert decoded[:3] == [None] * 3
    # Why success is the CRC's to tell: most damaged codestreams decode to something.
    assert sum(image is not None for image in decoded[5:]) > 20
