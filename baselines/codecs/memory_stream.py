"""OpenJPEG streams in memory: glymur's binding has files only, and a sweep codes thousands of pictures."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from baselines.codecs.openjpeg import openjpeg

_TRANSFER = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
_SKIP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_SEEK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p)
_END = ctypes.c_size_t(-1).value
_BUFFER = 1 << 20


@contextmanager
def writer() -> Iterator[tuple[int, bytearray]]:
    """An output stream's handle and the bytes written to it so far."""
    out, at = bytearray(), 0

    def write(buffer, count, _):
        nonlocal at
        out[at : at + count] = ctypes.string_at(buffer, count)
        at += count
        return count

    def skip(count, _):
        nonlocal at
        at += count
        return count

    def seek(position, _):
        nonlocal at
        at = position
        return 1

    library = openjpeg().OPENJP2
    callbacks = _TRANSFER(write), _SKIP(skip), _SEEK(seek)
    with _stream(is_input=False) as stream:
        _call(library.opj_stream_set_write_function, stream, callbacks[0])
        _call(library.opj_stream_set_skip_function, stream, callbacks[1])
        _call(library.opj_stream_set_seek_function, stream, callbacks[2])
        yield stream, out


@contextmanager
def reader(data: bytes) -> Iterator[int]:
    """An input stream's handle over `data`."""
    at = 0

    def read(buffer, count, _):
        nonlocal at
        part = data[at : at + count]
        ctypes.memmove(buffer, part, len(part))
        at += len(part)
        return len(part) or _END

    def skip(count, _):
        nonlocal at
        step = min(count, len(data) - at)
        at += step
        return step if step else -1

    def seek(position, _):
        nonlocal at
        at = min(position, len(data))
        return int(position <= len(data))

    library = openjpeg().OPENJP2
    callbacks = _TRANSFER(read), _SKIP(skip), _SEEK(seek)
    with _stream(is_input=True) as stream:
        _call(library.opj_stream_set_read_function, stream, callbacks[0])
        _call(library.opj_stream_set_skip_function, stream, callbacks[1])
        _call(library.opj_stream_set_seek_function, stream, callbacks[2])
        library.opj_stream_set_user_data_length.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
        library.opj_stream_set_user_data_length.restype = None
        library.opj_stream_set_user_data_length(stream, len(data))
        yield stream


@contextmanager
def _stream(is_input: bool) -> Iterator[int]:
    binding = openjpeg()
    create = binding.OPENJP2.opj_stream_create
    create.argtypes, create.restype = [ctypes.c_size_t, ctypes.c_int32], ctypes.c_void_p
    stream = create(_BUFFER, is_input)
    try:
        yield stream
    finally:
        binding.stream_destroy(stream)


def _call(function, stream: int, callback) -> None:
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_void_p], None
    function(stream, ctypes.cast(callback, ctypes.c_void_p))
