"""One scene: a ground with clutter, objects painted over each other from back to front, one light."""

import numpy as np

from linksim.sources.painting import knobs
from linksim.sources.painting.draws import Draws
from linksim.sources.painting.fields import field_pair
from linksim.sources.painting.ground import paint_ground
from linksim.sources.painting.shapes import CLASSES
from linksim.sources.painting.thing import paint_object


def paint(split: str, index: int, size: int, objects: int | None = None):
    """Picture uint8 [size, size, 3], boxes float32 [K, 4], K class names, difficult bool [K], the draws.

    objects: how many are painted at most (one that finds no place is left out); None: the scene says. The ground is the
    same whatever their number."""
    d = Draws(split, index)
    scale = size / 256
    fields = field_pair(d.rng, size, d.shape(*knobs.FIELD_SLOPE), d.shape(1, 4), d.shape(0, np.pi))
    light = d.shape(0, 2 * np.pi)
    canvas = paint_ground(d, size, scale, fields, light)
    owner = np.full((size, size), -1, np.int8)
    names, whole = [], []
    for box in _places(d, size, scale, objects):
        names.append(list(CLASSES)[int(d.place(0, len(CLASSES)))])
        whole.append(paint_object(d, canvas, owner, len(whole), names[-1], box, fields, light))
    return (_rgb(canvas), *_truth(owner, names, whole, scale), d)


def _places(d: Draws, size: int, scale: float, objects: int | None) -> np.ndarray:
    """Boxes float64 [K, 4] for the objects, back to front; none covers more than COVER of another."""
    low, high = knobs.OBJECTS
    weight = knobs.OBJECTS_DECAY ** np.arange(high - low + 1)
    count = low + int(np.searchsorted(np.cumsum(weight) / weight.sum(), d.place(0, 1)))
    boxes = []
    for _ in range(count if objects is None else objects):
        deviate = d.shape(-1, 1, 3).sum()  # nearly normal with variance 1
        side = scale * np.clip(knobs.SIDE_MEDIAN * np.exp(knobs.SIDE_SPREAD * deviate), *knobs.SIDE_RANGE)
        for _ in range(8):
            centre = d.place(.3 * side, size - .3 * side, 2)
            box = np.concatenate([centre - side / 2, centre + side / 2])
            if all(_shared(box, other) < knobs.COVER for other in boxes):
                boxes.append(box)
                break
    return np.array(boxes).reshape(-1, 4)


def _shared(a, b) -> float:
    """Intersection of two boxes over the smaller one's area."""
    w, h = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return max(w, 0) * max(h, 0) / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


def _rgb(canvas: np.ndarray) -> np.ndarray:
    """Y Cb Cr around 128 (JFIF) to uint8 RGB [size, size, 3]."""
    y, cb, cr = canvas[0] + .5, canvas[1] - 128, canvas[2] - 128
    rgb = np.empty((*y.shape, 3), np.uint8)
    for k, (blue, red) in enumerate(((0, 1.402), (-.344136, -.714136), (1.772, 0))):
        rgb[..., k] = np.clip(y + blue * cb + red * cr, 0, 255)
    return rgb


def _truth(owner: np.ndarray, names: list[str], whole: list[float], scale: float):
    """Boxes of what is visible, their names, and who is difficult; objects hidden or tiny are left out."""
    boxes, labels, difficult = [], [], []
    for number, name in enumerate(names):
        seen = owner == number
        visible = seen.sum() / whole[number]
        if visible < knobs.DROP_BELOW:
            continue
        columns, rows = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
        box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        if max(box[2] - box[0], box[3] - box[1]) < knobs.SMALLEST * scale:
            continue
        boxes.append(box)
        labels.append(name)
        difficult.append(visible < knobs.DIFFICULT_BELOW)
    return np.array(boxes, np.float32).reshape(-1, 4), tuple(labels), np.array(difficult, bool)
