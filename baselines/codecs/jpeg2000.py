"""JPEG2000 (ISO/IEC 15444-1) as a conventional system would use it: irreversible 9/7 wavelet, colour
transform, one tile, raw codestream without JP2 boxes and without a comment.

A codestream is asked for either by its size (the largest that OpenJPEG makes within so many bytes) or by its
quality (a target PSNR; the size is what it takes). It has one quality layer, the cheapest, or several: then its front
alone is the whole picture in lower quality, at 18 packet headers a layer (6 resolutions, 3 components).
"""

import ctypes
from contextlib import ExitStack

import numpy as np

from baselines.codecs import memory_stream
from baselines.codecs.base import ImageCodec
from baselines.codecs.openjpeg import openjpeg
from baselines.codecs.packets import mended, segments

LAYERS = (1 / 4, 1 / 2)  # of the bytes: where quality layers end in a codestream that may be cut
_COMMENT = 0xFF64
_TILE_MARKERS = 16  # SOT, SOD and EOC, which OpenJPEG forgets when it holds a codestream to a rate


class Jpeg2000(ImageCodec):
    """JPEG2000 by OpenJPEG, which runs outside the interpreter's lock. Quality is OpenJPEG's own estimate, made
    on wavelet coefficients. Hints are ignored.

    layers: increasing fractions, below 1, of a codestream's bytes at which its quality layers end, the last one aside.
    Where quality is asked for, half the bytes are taken for 3 dB less.
    """

    progressive = True

    def __init__(self, layers: tuple[float, ...] = (), remember: int = 10_000):
        openjpeg()  # here, not in a worker thread: the error, if any, belongs to the user
        super().__init__(remember)
        self.layers = tuple(layers)

    def largest(self, image, size, hint=None):
        return _largest(image, size, self.layers)

    def of_quality(self, image, psnr_db, hint=None):
        return _encode(image, psnr_db=psnr_db, layers=self.layers)

    def picture(self, codestream):
        return _decode(codestream)

    def prefix(self, data):
        """The whole packets in `data`, empty ones for those that are missing."""
        return mended(data)


def _largest(image: np.ndarray, size: int, layers: tuple[float, ...] = ()) -> bytes | None:
    """OpenJPEG's own rate control looks for the largest codestream; its cap counts the comment (removed here)
    but not the tile's markers. Asked with that in mind it hits at the first try; its cap being no promise,
    what still is too long is asked for again, shorter."""
    comment = 6 + len(f"Created by OpenJPEG version {openjpeg().version()}")
    request = size + comment - _TILE_MARKERS
    codestream = _encode(image, ratio=image.size / max(request, 1), layers=layers)
    if len(codestream) > size and len(_encode(image, ratio=image.size, layers=layers)) > size:
        return None  # a request of one byte: the main header and empty packets
    while len(codestream) > size:
        request -= len(codestream) - size
        codestream = _encode(image, ratio=image.size / max(request, 1), layers=layers)
    return codestream


def _encode(image: np.ndarray, ratio: float | None = None, psnr_db: float | None = None,
            layers: tuple[float, ...] = ()) -> bytes:
    """One run of the encoder for a picture uint8 [H, W, 3], at a compression ratio or a PSNR."""
    opj = openjpeg()
    height, width, components = image.shape
    parameters = opj.set_default_encoder_parameters()
    parameters.codec_fmt = opj.CODEC_J2K
    parameters.irreversible = 1
    parameters.tcp_mct = 1
    # every further level halves the picture; OpenJPEG refuses more levels than the shorter side has halvings
    parameters.numresolution = min(6, int(np.log2(min(height, width))) + 1)
    parameters.tcp_numlayers = len(layers) + 1
    parameters.cp_disto_alloc, parameters.cp_fixed_quality = int(psnr_db is None), int(psnr_db is not None)
    for i, share in enumerate((*layers, 1.0)):
        if psnr_db is None:
            parameters.tcp_rates[i] = ratio / share
        else:
            parameters.tcp_distoratio[i] = psnr_db + 10 * np.log10(share)
    layout = (opj.ImageComptParmType * components)()
    for component in layout:
        component.dx = component.dy = 1
        component.w, component.h, component.prec, component.bpp = width, height, 8, 8
    with ExitStack() as stack:
        picture = opj.image_create(layout, opj.CLRSPC_SRGB)
        stack.callback(opj.image_destroy, picture)
        picture.contents.x1, picture.contents.y1 = width, height
        for k in range(components):
            plane = np.ascontiguousarray(image[:, :, k], np.int32)
            ctypes.memmove(picture.contents.comps[k].data, plane.ctypes.data, plane.nbytes)
        codec = opj.create_compress(opj.CODEC_J2K)
        stack.callback(opj.destroy_codec, codec)
        opj.setup_encoder(codec, parameters, picture)
        stream, out = stack.enter_context(memory_stream.writer())
        opj.start_compress(codec, picture, stream)
        opj.encode(codec, stream)
        opj.end_compress(codec, stream)
        return without_comment(bytes(out))


def _decode(codestream: bytes) -> np.ndarray | None:
    opj = openjpeg()
    with ExitStack() as stack:
        codec = opj.create_decompress(opj.CODEC_J2K)
        stack.callback(opj.destroy_codec, codec)
        try:
            opj.setup_decoder(codec, opj.set_default_decoder_parameters())
            stream = stack.enter_context(memory_stream.reader(codestream))
            picture = opj.read_header(stream, codec)
            stack.callback(opj.image_destroy, picture)
            opj.decode(codec, stream, picture)
            opj.end_decompress(codec, stream)
        except opj.OpenJPEGLibraryError:
            return None
        planes = [picture.contents.comps[k] for k in range(picture.contents.numcomps)]
        if len(planes) != 3 or len({(plane.w, plane.h) for plane in planes}) != 1:
            return None
        values = [np.ctypeslib.as_array(plane.data, (plane.h, plane.w)) for plane in planes]
        return np.clip(np.stack(values, -1), 0, 255).astype(np.uint8)


def without_comment(codestream: bytes) -> bytes:
    """The same codestream without its comment (COM) segments: text nobody needs, on the air at full price.
    Nothing in the main header refers to another segment's place, so what is left is a valid codestream."""
    kept = [segment for marker, segment in segments(codestream) if marker != _COMMENT]
    return b"".join([codestream[:2], *kept])
