"""AVIF (AV1 still pictures) as a conventional system would use it, by the libavif in Pillow's wheel.

What goes on the air is the AV1 bitstream alone, as JPEG2000 goes without its JP2 boxes: the boxes around it, some
270 bytes, tell nothing that the receiver doesn't know (picture size, 8 bits, 4:2:0, what colours mean) but the
bitstream's length, which the bitstream tells itself. `bare` takes it out of a file, `filed` puts it back.

Encoder: libaom, constant quality, 4:2:0, full range, one thread a picture, at `SPEED`. AV1 has no rate control that
would hit a size: the largest bitstream within a size is searched for over libavif's 101 qualities.
"""

import io
import struct
from functools import lru_cache
from threading import Lock

import numpy as np

from baselines.codecs.base import ImageCodec, digest
from linksim.errors import UserError

SPEED = 6  # 0, slowest and best, to 10
HIGHEST = 100  # libavif's qualities are 0..100; neighbours may share one of AV1's quantisers
_FRAME = 6  # type of the unit that holds the picture, the last one


class Avif(ImageCodec):
    """side: of the square pictures in pixels, which the receiver knows. Hints are ignored.

    UserError where Pillow has no libavif."""

    def __init__(self, side: int, remember: int = 40_000):
        from PIL import features

        if not features.check("avif"):
            raise UserError("avif_ldpc needs a Pillow with libavif, which its wheels have since 11.3: "
                            "pip install --force-reinstall --only-binary :all: 'pillow>=11.3'")
        super().__init__(remember)
        self.side, self.remember = side, remember
        self._tried: dict[tuple[bytes, int], bytes] = {}
        self._lock = Lock()  # pictures are coded in threads

    def largest(self, image, size, hint=None):
        found, low, high = None, 0, HIGHEST + 1  # sizes grow with quality, but for a few bytes here and there
        while low < high:
            middle = (low + high) // 2
            bitstream = self._of(image, middle)
            if len(bitstream) <= size:
                found, low = max(found or b"", bitstream, key=len), middle + 1
            else:
                high = middle
        return found

    def of_quality(self, image, psnr_db, hint=None):
        """At the lowest quality whose decoded picture reaches psnr_db, or else at the highest."""
        low, high = 0, HIGHEST
        while low < high:
            middle = (low + high) // 2
            error = np.square(self.picture(self._of(image, middle)).astype(np.float32) - image).mean()
            low, high = (low, middle) if error * 10 ** (psnr_db / 10) <= 255**2 else (middle + 1, high)
        return self._of(image, low)

    def picture(self, codestream):
        from PIL import Image

        try:
            with Image.open(io.BytesIO(filed(codestream, self.side)), formats=["AVIF"]) as file:
                return np.asarray(file.convert("RGB"))
        except (OSError, ValueError, SyntaxError, RuntimeError):  # what Pillow raises on damage
            return None

    def unpad(self, data):
        """Units of AV1 carry their length; what follows the frame's is filler."""
        return data[: length(data)]

    def _of(self, image: np.ndarray, quality: int) -> bytes:
        key = digest(image), quality
        if (known := self._tried.get(key)) is not None:
            return known
        bitstream = encode(image, quality)
        with self._lock:
            while len(self._tried) >= self.remember:
                del self._tried[next(iter(self._tried))]
            self._tried[key] = bitstream
        return bitstream


def encode(image: np.ndarray, quality: int) -> bytes:
    """The AV1 bitstream of a square picture uint8 [S, S, 3]."""
    file = _file(image, quality)
    bitstream = bare(file)
    if filed(bitstream, len(image)) != file:
        raise RuntimeError("this libavif writes boxes of a layout that `filed` doesn't know")
    return bitstream


def bare(file: bytes) -> bytes:
    """The bitstream in a still picture's file: what its mdat box, the last one, holds."""
    return file[_boxes(file) + 8 :]


def filed(bitstream: bytes, side: int) -> bytes:
    """The file of a bitstream: the boxes of a grey picture uint8 [side, side, 3] with the lengths mended."""
    head, at = _template(side)
    size = struct.pack(">I", len(bitstream))
    return head[:at] + size + head[at + 4 :] + struct.pack(">I4s", len(bitstream) + 8, b"mdat") + bitstream


def length(data: bytes) -> int:
    """Bytes of the AV1 bitstream that `data` begins with, up to the end of its first frame; all where there is none.

    Each unit is a byte, 0 | type (4 bits) | extension | sized | 0, another where extended, its length in 7-bit groups
    (the low ones first), and as many bytes (AV1 specification, 5.3)."""
    at = 0
    while at < len(data):
        kind, extended, sized = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        if not sized:
            break
        size, shift = 0, 0
        while at < len(data):
            size |= (data[at] & 127) << shift
            at, shift, more = at + 1, shift + 7, data[at] >> 7
            if not more:
                break
        at += size
        if kind == _FRAME:
            return min(at, len(data))
    return len(data)


def _file(image: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image).save(out, "AVIF", quality=quality, speed=SPEED, subsampling="4:2:0", range="full",
                                codec="aom", max_threads=1, autotiling=False)
    return out.getvalue()


@lru_cache(maxsize=16)
def _template(side: int) -> tuple[bytes, int]:
    """Everything before mdat, and where in it iloc tells the bitstream's length (32 bits; ISO/IEC 14496-12, 8.11.3:
    version and flags, sizes of fields, one item, its number, data reference, one extent, its offset, its length)."""
    file = _file(np.full((side, side, 3), 128, np.uint8), HIGHEST)
    head = file[: _boxes(file)]
    return head, head.index(b"iloc") + 22


def _boxes(file: bytes) -> int:
    """Where the mdat box begins."""
    at = 0
    while file[at + 4 : at + 8] != b"mdat":
        at += struct.unpack_from(">I", file, at)[0]
    return at
