import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.codecs.base import ImageCodec
from baselines.separate.frame import Header, from_bits, to_bits


@settings(deadline=None)
@given(mcs=st.integers(0, 11), symbols=st.lists(st.integers(0, 65536), min_size=1, max_size=5))
def test_header_fields_survive(mcs, symbols):
    header = Header.for_values(11, 0, 3, 65536)
    assert header.bits == 4 + 0 + 2 + 17
    bits = header.pack(mcs, 0, 2, np.array(symbols))
    assert bits.dtype == np.uint8 and bits.shape == (len(symbols), header.bits) and bits.max() <= 1
    index, nothing, some, count = header.unpack(bits)
    assert index.tolist() == [mcs] * len(symbols) and count.tolist() == symbols
    assert not nothing.any() and (some == 2).all()


@settings(deadline=None)
@given(body=st.binary(max_size=60), spare=st.integers(0, 90))
def test_a_codestream_is_told_from_the_filler_behind_it(body, spare):
    codestream = body + b"\xff\xd9"
    assert ImageCodec.unpad(None, from_bits(to_bits(codestream, 8 * len(codestream) + spare))) == codestream


def test_filler_is_scrambled():
    bits = to_bits(b"\xff\xd9", 8000)
    assert bits.mean() == pytest.approx(0.5, abs=0.03)


def test_a_codestream_longer_than_its_block_is_refused():
    with pytest.raises(ValueError):
        to_bits(b"123", 16)
