"""The packets of a JPEG2000 codestream, found by reading their headers: no marker has to be sent for it.

A packet holds what one quality layer adds to one resolution of one component; its header says how many bytes each code
block gets. Parsed after ISO/IEC 15444-1, annex B: B.5 to B.7 (subbands and code blocks), B.10 (packet headers and tag
trees), B.12.1.1 (layer-resolution-component-position progression). For codestreams as `baselines.codecs.jpeg2000` has
them made: one tile in one tile-part, maximal precincts, components of one size, code blocks in one segment.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SOT, SOD, SIZ, COD, EOC = 0xFF90, 0xFF93, 0xFF51, 0xFF52, b"\xff\xd9"
_NEVER = 1 << 30


def segments(codestream: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, segment) of the main header after SOC, then (SOT, everything from the first tile on). ValueError where
    the header isn't whole."""
    at = 2
    while len(codestream) >= at + 4:
        marker, length = struct.unpack_from(">HH", codestream, at)
        if marker == SOT:
            yield marker, codestream[at:]
            return
        yield marker, codestream[at : at + 2 + length]
        at += 2 + length
    raise ValueError("the codestream ends within its main header")


def mended(data: bytes) -> bytes | None:
    """A codestream of the whole packets in `data`, the beginning of one: empty packets (a zero byte each) stand for
    those that are missing, and the tile-part's length (Psot) and the end marker are set right. None where not even
    the headers and the first packet are whole: what no packet adds to is no picture."""
    try:
        at, ends, packets = whole_packets(data)
    except (ValueError, LookupError, struct.error):
        return None
    if not ends:
        return None
    tile = len(data) - len(dict(segments(data))[SOT])
    body = data[at : ends[-1]] + bytes(packets - len(ends))
    head = bytearray(data[:at])
    struct.pack_into(">I", head, tile + 6, at - tile + len(body))
    return bytes(head) + body + EOC


def whole_packets(data: bytes) -> tuple[int, list[int], int]:
    """Where the first packet begins, where each packet that `data` holds whole ends, and how many the codestream has.

    ValueError, LookupError or struct.error where it isn't a codestream up to there."""
    main = dict(segments(data))
    width, height, left, top = struct.unpack_from(">4I", main[SIZ], 6)
    components, = struct.unpack_from(">H", main[SIZ], 38)
    style, order, layers, _, levels, block_x, block_y, block_style = struct.unpack_from(">BBHBBBBB", main[COD], 4)
    if style or order or left or top or block_style:
        raise ValueError("not a codestream of one tile in layer-resolution-component-position order")
    if max(width, height) > 1 << 15 or components > 4 or layers > 100 or max(levels, block_x + 2, block_y + 2) > 32:
        raise ValueError("not a codestream of a picture of usual size")
    at = data.find(struct.pack(">H", SOD), len(data) - len(main[SOT]) + 12) + 2
    if at < 2:
        raise ValueError("the codestream ends within its tile-part's header")
    side = 1 << block_x + 2, 1 << block_y + 2
    blocks = [[[_Blocks(w, h, side) for w, h in _subbands(width, height, levels, r)] for _ in range(components)]
              for r in range(levels + 1)]
    start, ends = at, []
    for layer in range(layers):
        for resolution in blocks:
            for bands in resolution:
                try:
                    at = _packet(data, at, bands, layer)
                except IndexError:  # the header isn't whole
                    at = len(data) + 1
                if at > len(data):
                    return start, ends, layers * (levels + 1) * components
                ends.append(at)
    return start, ends, len(ends)


def _subbands(width: int, height: int, levels: int, resolution: int) -> list[tuple[int, int]]:
    """Width and height of a resolution's subbands: LL, or HL, LH and HH (equation B-15)."""
    n = levels - resolution + (resolution > 0)
    low = [-(-extent // 2**n) for extent in (width, height)]
    if not resolution:
        return [tuple(low)]
    high = [max(0, -(-(extent - 2 ** (n - 1)) // 2**n)) for extent in (width, height)]
    return [(high[0], low[1]), (low[0], high[1]), (high[0], high[1])]


def _packet(data: bytes, at: int, bands: list["_Blocks"], layer: int) -> int:
    """Where the packet that begins at `at` ends. IndexError where data ends within its header."""
    bits, body = _Bits(data, at), 0
    if bits.read():
        for band in bands:
            for block in range(len(band.length_bits)):
                here = bits.read() if band.length_bits[block] else band.inclusion.below(block, layer + 1, bits)
                if not here:
                    continue
                if not band.length_bits[block]:  # included for the first time
                    band.length_bits[block], planes = 3, 1
                    while not band.zero_planes.below(block, planes, bits):
                        planes += 1
                passes = _passes(bits)
                while bits.read():
                    band.length_bits[block] += 1
                body += bits.number(band.length_bits[block] + passes.bit_length() - 1)
    return bits.end() + body


def _passes(bits: "_Bits") -> int:
    """Coding passes that a code block gets (table B.4)."""
    for start, width in ((1, 1), (2, 1), (3, 2), (6, 5)):
        if (value := bits.number(width)) < (1 << width) - 1:
            return start + value
    return 37 + bits.number(7)


class _Bits:
    """Bits of a packet header; after a byte of ones the next byte begins with a stuffed zero."""

    def __init__(self, data: bytes, at: int):
        self._data, self._at, self._byte, self._left = data, at, 0, 0

    def read(self) -> int:
        if not self._left:
            self._left = 7 if self._byte == 0xFF else 8
            self._byte = self._data[self._at]
            self._at += 1
        self._left -= 1
        return self._byte >> self._left & 1

    def number(self, width: int) -> int:
        value = 0
        for _ in range(width):
            value = value << 1 | self.read()
        return value

    def end(self) -> int:
        """Where the header ends: no header ends in a byte of ones."""
        return self._at + (self._byte == 0xFF)


@dataclass
class _Node:
    parent: "_Node | None"
    value: int = _NEVER
    low: int = 0


class _TagTree:
    """A tag tree (B.10.2) over width x height leaves in raster order, read as far as asked for."""

    def __init__(self, width: int, height: int):
        sizes = [(width, height)]
        while sizes[-1][0] * sizes[-1][1] > 1:
            sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
        above, above_width = [], 0
        for columns, rows in reversed(sizes):
            above = [_Node(above[y // 2 * above_width + x // 2] if above else None)
                     for y in range(rows) for x in range(columns)]
            above_width = columns
        self.leaves = above

    def below(self, leaf: int, threshold: int, bits: _Bits) -> bool:
        """Whether the leaf's value is below the threshold."""
        path, node = [], self.leaves[leaf]
        while node:
            path.append(node)
            node = node.parent
        low = 0
        for node in reversed(path):
            low = max(low, node.low)
            while low < threshold and low < node.value:
                if bits.read():
                    node.value = low
                else:
                    low += 1
            node.low = low
        return node.value < threshold


class _Blocks:
    """A subband's code blocks: their tag trees, and the bits of their lengths (0: not yet included)."""

    def __init__(self, width: int, height: int, side: tuple[int, int]):
        columns, rows = (-(-extent // s) for extent, s in zip((width, height), side, strict=True))
        self.length_bits = [0] * (columns * rows)
        if columns * rows:
            self.inclusion, self.zero_planes = _TagTree(columns, rows), _TagTree(columns, rows)
