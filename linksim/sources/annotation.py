"""One PASCAL VOC annotation, read without trust: no document type, no entities, no number taken unchecked."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np

from linksim.errors import UserError

CORNERS = ("xmin", "ymin", "xmax", "ymax")
LONGEST = 2**20  # bytes; the longest of VOC 2012 has 15,000


@dataclass(frozen=True)
class Annotation:
    """size: (width, height) in pixels, or None where the file doesn't say. boxes: float64 [K, 4], edges
    x0 y0 x1 y1 in pixels of the photograph. labels: K names. difficult: bool [K]."""

    size: tuple[int, int] | None
    boxes: np.ndarray
    labels: tuple[str, ...]
    difficult: np.ndarray


def read_annotation(path: Path) -> Annotation:
    """UserError names a file that is missing, is no XML, or holds an impossible box.

    VOC's corners are 1-based and inclusive: edges are (xmin - 1, ymin - 1, xmax, ymax).
    """
    try:
        return _annotation(_parse(path))
    except FileNotFoundError:
        raise UserError(f"annotation {path} is missing. Put it there, or unlist the picture.") from None
    except (expat.ExpatError, OSError, ValueError, LookupError) as reason:
        raise UserError(f"annotation {path} cannot be read: {reason}. Fetch it again, or mend it.") from None


def _parse(path: Path) -> Element:
    with path.open("rb") as file:
        text = file.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_):
        raise ValueError("it declares a document type, which no VOC annotation does")

    parser.StartDoctypeDeclHandler = refuse  # so entities can't be declared, nor files and addresses fetched
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(text, True)
    return builder.close()


def _annotation(root: Element) -> Annotation:
    boxes, labels, difficult = [], [], []
    for number, item in enumerate(root.findall("object"), 1):
        where = f"object {number}"
        name = (item.findtext("name") or "").strip()
        if not name:
            raise ValueError(f"{where} has no name")
        corners = [_number(item, f"bndbox/{corner}", where) for corner in CORNERS]
        if corners[2] < corners[0] or corners[3] < corners[1]:
            raise ValueError(f"{where} has the box {corners}, whose end lies before its start")
        boxes.append([corners[0] - 1, corners[1] - 1, *corners[2:]])
        labels.append(name)
        difficult.append((item.findtext("difficult") or "0").strip() == "1")
    size = None
    if root.find("size") is not None:
        size = tuple(int(_number(root, f"size/{side}", "the picture")) for side in ("width", "height"))
    return Annotation(size, np.array(boxes, float).reshape(-1, 4), tuple(labels), np.array(difficult, bool))


def _number(element: Element, key: str, where: str) -> float:
    text = element.findtext(key)
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise ValueError(f"{where} has {key} {text!r}, which is no number") from None
    if not 0 <= value <= 1e6:  # refuses NaN too
        raise ValueError(f"{where} has {key} {text!r}, which is no pixel position")
    return value
