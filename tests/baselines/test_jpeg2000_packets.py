"""Packets found by reading their headers, and codestreams cut at them."""

import ctypes
import struct

import numpy as np
import pytest
from textures import psnr, textured

from baselines.codecs import jpeg2000
from baselines.codecs.jpeg2000 import LAYERS, Jpeg2000
from baselines.codecs.openjpeg import openjpeg
from baselines.codecs.packets import mended, segments, whole_packets

PICTURES = textured(3, 160, seed=4)
CODEC = Jpeg2000(LAYERS)


@pytest.fixture(scope="module")
def codestreams():
    return CODEC.to_size(PICTURES, [700, 1500, 6000])


def told_lengths(codestream: bytes) -> list[int]:
    """Lengths of the packets, from PLT segments in the tile-part's header (ISO/IEC 15444-1, A.7.3)."""
    tile = dict(segments(codestream))[0xFF90]
    at, lengths, value = 12, [], 0
    while (marker := struct.unpack_from(">H", tile, at)[0]) != 0xFF93:
        size = struct.unpack_from(">H", tile, at + 2)[0]
        if marker == 0xFF58:
            for byte in tile[at + 5 : at + 2 + size]:
                value = value << 7 | byte & 127
                if byte < 128:
                    lengths.append(value)
                    value = 0
        at += 2 + size
    return lengths


@pytest.mark.parametrize("layers", [(), LAYERS, (0.05, 0.1, 0.3, 0.7)])
@pytest.mark.parametrize("shape", [(160, 160), (33, 200), (300, 131)])
def test_packets_are_where_the_encoder_says(monkeypatch, layers, shape):
    binding, right = openjpeg(), openjpeg().setup_encoder

    def with_lengths(codec, *about):
        right(codec, *about)
        options = (ctypes.c_char_p * 2)(b"PLT=YES", None)
        set_options = binding.OPENJP2.opj_encoder_set_extra_options
        set_options.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        assert set_options(codec, options)

    monkeypatch.setattr(binding, "setup_encoder", with_lengths)
    image = textured(1, 320, seed=9)[0, : shape[0], : shape[1]]
    for ratio in (150, 20, 3):
        codestream = jpeg2000._encode(image, ratio=ratio, layers=layers)
        start, ends, packets = whole_packets(codestream)
        told = told_lengths(codestream)
        assert np.diff([start, *ends]).tolist() == told
        assert packets == len(told) and ends[-1] == len(codestream) - 2


def test_a_whole_codestream_is_left_as_it_is(codestreams):
    for codestream in codestreams:
        assert mended(codestream) == codestream


def test_every_cut_decodes_and_more_is_never_much_worse(codestreams):
    for codestream, picture in zip(codestreams, PICTURES, strict=True):
        _, ends, _ = whole_packets(codestream)
        cuts = np.linspace(ends[0], len(codestream), 25).astype(int)
        quality = [psnr(CODEC.decode([CODEC.prefix(codestream[:cut])])[0], picture) for cut in cuts]
        assert (np.diff(quality) > -0.5).all() and quality[-1] > psnr(np.full_like(picture, 128), picture) + 5
        assert quality[-1] == psnr(CODEC.decode([codestream])[0], picture)


def test_a_cut_inside_a_packet_is_a_cut_in_front_of_it(codestreams):
    codestream = codestreams[1]
    _, ends, _ = whole_packets(codestream)
    for before, end in zip(ends, ends[1:], strict=False):
        for cut in range(before, end, 7):
            assert mended(codestream[:cut]) == mended(codestream[:before])


def test_lengths_are_mended(codestreams):
    short = mended(codestreams[2][:2000])
    tile = dict(segments(short))[0xFF90]
    assert short[-2:] == b"\xff\xd9" and struct.unpack_from(">I", tile, 6)[0] == len(tile) - 2


@pytest.mark.parametrize("damage", [b"", b"\xff\x4f", b"no codestream at all"])
def test_nothing_without_the_headers_and_a_whole_packet(codestreams, damage):
    assert mended(damage) is None
    start, ends, _ = whole_packets(codestreams[0])
    for cut in (10, 60, start - 1, start, ends[0] - 1):
        assert mended(codestreams[0][:cut]) is None
    assert CODEC.decode([mended(codestreams[0][: ends[0]])])[0].shape == PICTURES[0].shape


def test_random_bytes_raise_nothing(codestreams):
    random = np.random.default_rng(3)
    for _ in range(200):
        damaged = np.frombuffer(codestreams[1], np.uint8).copy()
        damaged[random.integers(0, len(damaged), 4)] = random.integers(0, 256, 4)
        mended(damaged[: random.integers(0, len(damaged))].tobytes())


def test_layers_cost_little_and_make_half_the_bytes_worth_more():
    size = 1500
    single, layered = Jpeg2000(), CODEC
    halves, wholes = [], []
    for codec in (single, layered):
        codestreams = codec.to_size(PICTURES, [size] * 3)
        assert all(len(codestream) <= size for codestream in codestreams)
        shown = codec.decode(codestreams), codec.decode([codec.prefix(c[: size // 2]) for c in codestreams])
        whole, half = (np.mean([psnr(*pair) for pair in zip(images, PICTURES, strict=True)]) for images in shown)
        wholes.append(whole)
        halves.append(half)
    assert wholes[0] - 0.4 < wholes[1] <= wholes[0] + 0.05
    assert halves[1] > halves[0] + 0.3
