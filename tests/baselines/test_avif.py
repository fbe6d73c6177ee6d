import io

import numpy as np
import pytest
from textures import psnr, textured

features = pytest.importorskip("PIL.features")
if not features.check("avif"):
    pytest.skip("this Pillow has no libavif", allow_module_level=True)

from PIL import Image  # noqa: E402

from baselines.codecs import avif  # noqa: E402
from baselines.codecs.avif import Avif, bare, encode, filed, length  # noqa: E402

PICTURES = textured(2, 64)
CODEC = Avif(64)


def test_a_bitstream_goes_back_into_the_very_file():
    file = avif._file(PICTURES[0], 40)
    bitstream = bare(file)
    assert bitstream == encode(PICTURES[0], 40) and len(file) - len(bitstream) > 200
    assert filed(bitstream, 64) == file
    np.testing.assert_array_equal(CODEC.picture(bitstream), np.asarray(Image.open(io.BytesIO(file)).convert("RGB")))


def test_never_longer_than_asked_and_the_longest_of_its_qualities():
    lengths = {quality: len(encode(PICTURES[0], quality)) for quality in range(0, 101, 5)}
    for size in (min(lengths.values()) - 1, 400, 900, 2500):
        found = CODEC.to_size(PICTURES[:1], [size])[0]
        fitting = [n for n in lengths.values() if n <= size]
        assert (found is None) == (not fitting)
        if found is not None:
            assert max(fitting) <= len(found) <= size


def test_more_bytes_show_more_and_quality_is_what_was_asked_for():
    seen = [psnr(image, PICTURES[0]) for image in CODEC.decode(CODEC.to_size(PICTURES[[0] * 3], [400, 800, 1600]))]
    assert seen == sorted(seen) and seen[2] > seen[0] + 3
    for quality in (24, 27):
        codestreams = CODEC.to_quality(PICTURES, quality)
        for image, decoded in zip(PICTURES, CODEC.decode(codestreams), strict=True):
            assert quality <= psnr(image, decoded) < quality + 1.5


def test_filler_is_told_from_the_bitstream():
    for quality in (0, 30, 80):
        bitstream = encode(PICTURES[1], quality)
        assert length(bitstream) == len(bitstream)
        assert CODEC.unpad(bitstream + bytes(300)) == bitstream
    assert CODEC.unpad(b"") == b"" and CODEC.unpad(bytes(5)) == bytes(5)


def test_the_same_picture_whatever_is_coded_beside_it():
    together = CODEC.to_size(PICTURES, [700, 500])
    for i, size in enumerate([700, 500]):
        assert Avif(64).to_size(PICTURES[i : i + 1], [size])[0] == together[i]


def test_damage_raises_nothing():
    good, rng = encode(PICTURES[0], 30), np.random.default_rng(0)
    damaged = [b"", b"\xff", b"no bitstream at all", good[:40], good[:-20]]
    for _ in range(15):
        flipped = bytearray(good)
        flipped[rng.integers(len(good))] ^= 1 << rng.integers(8)
        damaged.append(bytes(flipped))
    for image in CODEC.decode(damaged):
        assert image is None or image.dtype == np.uint8
