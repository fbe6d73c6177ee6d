"""What a picture codec is to separate source and channel coding: pictures to bytes and back, nothing else."""

import os
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from threading import Lock

import numpy as np


class ImageCodec(ABC):
    """Codes and decodes pictures, many at a time on all cores, and remembers: a sweep asks for the same again.

    A codec says how one picture is coded (`largest`, `of_quality`, `picture`), in code that lets go of the
    interpreter's lock and depends on its arguments alone. A hint is data about one picture, an array of any
    shape, that steers its coding (the weights of a region of interest); None where there is none.

    remember: codestreams kept, and a twentieth as many pictures, 192 at most: enough for a point, its bounds and the
    choice of an MCS on calibration pictures.

    A progressive codec, whose codestreams are worth something when cut short, also defines

        prefix(data) -> bytes or None       the codestream of the whole units at the front of `data`, the beginning of
            one, lengths mended; None where it holds no whole unit
    """

    progressive = False

    def __init__(self, remember: int = 10_000):
        self._codestreams = Memory(remember)
        self._pictures = Memory(min(remember // 20, 192))

    @abstractmethod
    def largest(self, image: np.ndarray, size: int, hint: np.ndarray | None) -> bytes | None:
        """The largest codestream of at most `size` bytes for a picture uint8 [H, W, 3]; None if there is none."""

    @abstractmethod
    def of_quality(self, image: np.ndarray, psnr_db: float, hint: np.ndarray | None) -> bytes:
        """A codestream of PSNR about `psnr_db` for a picture uint8 [H, W, 3]."""

    @abstractmethod
    def picture(self, codestream: bytes) -> np.ndarray | None:
        """The picture uint8 [H, W, 3] in a codestream, None for what the codec refuses; damage raises nothing."""

    def to_size(self, images: np.ndarray, sizes: Sequence[int], hints=None) -> list[bytes | None]:
        """The largest codestream of at most sizes[b] bytes per picture; None where the smallest is larger.

        images: uint8 [B, H, W, 3], RGB. sizes: B integers, bytes. hints: B hints, or None."""
        def key(image, size, hint):
            return digest(image), "size", size, digest(hint)

        return self._codestreams.map(self.largest, key, zip(images, map(int, sizes), _each(hints, images), strict=True))

    def to_quality(self, images: np.ndarray, psnr_db: float, hints=None) -> list[bytes]:
        """A codestream of PSNR about `psnr_db` for each picture uint8 [B, H, W, 3]. hints: as in `to_size`."""
        def key(image, quality, hint):
            return digest(image), "psnr", quality, digest(hint)

        return self._codestreams.map(self.of_quality, key, [
            (image, float(psnr_db), hint) for image, hint in zip(images, _each(hints, images), strict=True)])

    def decode(self, codestreams: Sequence[bytes]) -> list[np.ndarray | None]:
        """Pictures uint8 [H, W, 3], None for what the codec refuses. What comes out isn't therefore right:
        damaged codestreams decode too, and only a CRC tells."""
        return self._pictures.map(self.picture, lambda codestream: codestream, [(c,) for c in codestreams])

    def unpad(self, data: bytes) -> bytes:
        """The codestream in front of the zero bytes that fill a transport block. As it stands, for codestreams
        that never end in a zero byte, such as those that end in a marker."""
        return data.rstrip(b"\0")


class Memory:
    """The latest results of a pure function, by key; missing ones are computed on all cores, each once."""

    def __init__(self, size: int):
        self._size, self._results, self._lock = size, OrderedDict(), Lock()

    def map(self, function: Callable, key: Callable, arguments: Iterable[tuple]) -> list:
        arguments = list(arguments)
        keys = [key(*a) for a in arguments]
        with self._lock:
            found = {k: self._results[k] for k in keys if k in self._results}
        missing = {k: a for k, a in zip(keys, arguments, strict=True) if k not in found}
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found.update(zip(missing, pool.map(lambda a: function(*a), missing.values()), strict=True))
        with self._lock:
            self._results.update(found)
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return [found[k] for k in keys]


def digest(array: np.ndarray | None) -> bytes:
    """A key that equal arrays share."""
    if array is None:
        return b""
    array = np.ascontiguousarray(array)
    return blake2b(array.tobytes() + f"{array.dtype}{array.shape}".encode(), digest_size=16).digest()


def _each(hints, images) -> list:
    return [None] * len(images) if hints is None else list(hints)
