"""One scene: a ground with clutter, objects painted over each other from back to front, one light."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from linksim.sources.painting import knobs
from linksim.sources.painting.draws import Draws
from linksim.sources.painting.fields import field_pair
from linksim.sources.painting.shapes import CLASSES, TURN

FINE = 2  # supersampling of outlines


def paint(split: str, index: int, size: int):
    """Picture uint8 [size, size, 3], boxes float32 [K, 4], class names, difficult bool [K]; and the Draws used."""
    d = Draws(split, index)
    scale = size / 256
    fields = field_pair(d.rng, size, d.shape(*knobs.FIELD_SLOPE), d.shape(1, 4), d.shape(0, np.pi))
    light = d.shape(0, 2 * np.pi)
    canvas = _ground(d, size, scale, fields, light)
    owner = np.full((size, size), -1, np.int8)
    names, whole = [], []
    for box in _places(d, size, scale):
        names.append(list(CLASSES)[int(d.place(0, len(CLASSES)))])
        whole.append(_object(d, canvas, owner, len(whole), names[-1], box, fields, light))
    return (_rgb(canvas), *_truth(owner, names, whole, scale), d)


def _ground(d: Draws, size: int, scale: float, fields, light: float) -> np.ndarray:
    """Canvas float32 [3, size, size], Y Cb Cr: a 1/f field, large surfaces, dead leaves. Colours are nobody's own."""
    sheet = Image.new("CMYK", (FINE * size, FINE * size), (128, 128, 128, 60))
    draw = ImageDraw.Draw(sheet)
    count = int(d.shape(*knobs.LEAVES))
    low, high = knobs.LEAF_RADIUS
    radius = scale * (low**-2 + d.shape(0, 1, count) * (high**-2 - low**-2)) ** -.5  # inverse of the cumulated r^-3
    radius[:knobs.SURFACES] = scale * d.shape(*knobs.SURFACE_RADIUS, knobs.SURFACES)  # painted first, so behind
    centre = d.place(-.1 * size, 1.1 * size, 2 * count).reshape(count, 1, 2)
    tone = np.stack([*d.place(-1.7, 1.7, 3 * count).reshape(3, count), d.shape(-1.7, 1.7, count)], -1)
    tone[:knobs.SURFACES, :3] *= knobs.SURFACE_TONE
    points = FINE * (centre + radius[:, None, None] * _leaves(*d.shape(0, 1, 6 * count).reshape(6, count, 1)))
    spread = knobs.LEAF_SPREAD, knobs.CHROMA_SPREAD, knobs.CHROMA_SPREAD, 75
    colours = np.clip(128 + tone * spread, 0, 255).astype(int).tolist()
    for outline, colour in zip(points.reshape(count, -1).tolist(), colours):
        draw.polygon(outline, fill=tuple(colour))
    leaves = np.asarray(sheet.reduce(FINE), np.float32).transpose(2, 0, 1)
    canvas = leaves[:3].copy()
    canvas[0] += d.shape(*knobs.FIELD_GAIN) * fields[0] + leaves[3] * (knobs.GRAIN_GAIN[1] / 255) * fields[1]
    canvas[1] += .3 * knobs.CHROMA_SPREAD * fields[1]
    canvas[2] += .3 * knobs.CHROMA_SPREAD * fields[0]
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    canvas[0] += d.shape(*knobs.LIGHT_FALL) * (np.cos(light) * ramp + np.sin(light) * ramp[:, None])
    return canvas


def _leaves(kind, thin, turn, wobble, corners, bend) -> np.ndarray:
    """Clutter polygons of unit radius, float64 [N, 16, 2], from unit values [N, 1]: twigs, shards, pebbles."""
    t = np.arange(16) / 16
    side, along = np.where(t < .5, 1, -1), 4.4 * (np.where(t < .5, t, 15 / 16 - t) * 2 / .875 - .5)
    curve, width = .5 * (bend - .5), .05 + (.15 + .2 * thin) * (along + 2.2) / 4.4
    norm = side * width / np.sqrt(1 + (2 * curve * along) ** 2)
    twig = along - 2 * curve * along * norm, curve * along**2 + norm
    n = np.where(kind < .55, 4 + np.floor(3 * corners), 16)
    a = 2 * np.pi * np.floor(t * n) / n
    r = 1 + .35 * wobble * np.cos(2 * a + 9 * bend) + .25 * wobble * np.cos(3 * a + 7 * corners)
    blob = r * np.cos(a), r * np.sin(a) * (.35 + .65 * thin)
    x, y = np.where(kind < .3, twig, blob)
    c, s = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    return np.stack([c * x - s * y, s * x + c * y], -1)


def _places(d: Draws, size: int, scale: float) -> np.ndarray:
    """Boxes float64 [K, 4] for the objects, back to front; none covers more than COVER of another."""
    low, high = knobs.OBJECTS
    weight = knobs.OBJECTS_DECAY ** np.arange(high - low + 1)
    count = low + int(np.searchsorted(np.cumsum(weight) / weight.sum(), d.place(0, 1)))
    boxes = []
    for _ in range(count):
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


def _object(d: Draws, canvas, owner, number: int, name: str, box, fields, light: float) -> float:
    """Paints one object into canvas and owner; returns how many pixels it would show, were nothing in the way."""
    side, centre = float(box[2] - box[0]), (box[:2] + box[2:]) / 2
    parts = CLASSES[name](d)
    turn, shear, stretch = TURN[name] * d.shape(-1, 1), d.shape(-.2, .2), d.shape(.8, 1.25)
    flip = 1 if d.shape(0, 1) < .5 else -1
    c, s = np.cos(turn), np.sin(turn)
    pose = np.array([[flip * stretch, 0], [shear, 1]]) @ np.array([[c, s], [-s, c]])  # row vectors
    posed = [(points @ pose, tone) for points, tone in parts]
    cloud = np.concatenate([points for points, _ in posed])
    low, extent = cloud.min(0), np.ptp(cloud, axis=0)
    zoom = side / extent.max()
    w, h = np.ceil(zoom * extent).astype(int) + 4
    colours = _colours(d)
    sheet = Image.new("CMYK", (FINE * int(w), FINE * int(h)), (*colours[0], 0))
    draw = ImageDraw.Draw(sheet)
    for points, tone in posed:
        draw.polygon((FINE * (zoom * (points - low) + 2)).ravel().tolist(), fill=(*colours[tone], 255))
    sheet = sheet.reduce(FINE)
    layer = np.asarray(sheet, np.float32).transpose(2, 0, 1)
    relief = np.asarray(sheet.getchannel(3).filter(ImageFilter.GaussianBlur(max(1, side / 20))), np.float32)
    # where the crop lies on the canvas
    x, y = np.round(centre - np.array([w, h]) / 2).astype(int)
    size = canvas.shape[1]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, size), min(y + h, size)
    cut, onto = np.s_[y0 - y:y1 - y, x0 - x:x1 - x], np.s_[y0:y1, x0:x1]
    alpha = layer[3] / 255
    slope = np.cos(light) * np.gradient(relief, axis=1) + np.sin(light) * np.gradient(relief, axis=0)
    bright = layer[0] + d.shape(*knobs.SHADING) * np.clip(slope * side / 20, -40, 40) * alpha
    bright += _pattern(d, int(h), int(w), side)
    grain = fields[int(d.shape(0, 2))]
    gain = d.shape(*knobs.GRAIN_GAIN)
    a = alpha[cut]
    canvas[0][onto] += a * (bright[cut] + gain * grain[onto] - canvas[0][onto])
    for k in (1, 2):
        canvas[k][onto] += a * (layer[k][cut] - canvas[k][onto])
    owner[onto][a > .5] = number
    return float((alpha > .5).sum())


def _colours(d: Draws) -> list:
    """Y Cb Cr (integers) of tones 0 to 3; the same law for every class."""
    sign = 1 if d.shape(0, 1) < .5 else -1
    body = np.array([128 + sign * d.shape(*knobs.CONTRAST), *(128 + knobs.CHROMA_SPREAD * d.shape(-1.7, 1.7, 2))])
    step = d.shape(*knobs.PART_CONTRAST, 3) * np.array([sign * (1 if d.shape(0, 1) < .7 else -1) * -1, -1, 1])
    second = np.array([body[0] + step[0], *(128 + knobs.CHROMA_SPREAD * d.shape(-1.7, 1.7, 2))])
    dark, light = body + [step[1], 0, 0], body + [step[2], 0, 0]
    return [tuple(np.clip(c, 5, 250).astype(int).tolist()) for c in (body, second, dark, light)]


def _pattern(d: Draws, h: int, w: int, side: float) -> np.ndarray:
    """Stripes or spots, float32 [h, w], which any class may wear."""
    gain, turn, period, spots = d.shape(*knobs.PATTERN_GAIN), d.shape(0, np.pi), d.shape(.1, .3), d.shape(0, 1) < .4
    x, y = np.arange(w, dtype=np.float32) / (period * side), np.arange(h, dtype=np.float32)[:, None] / (period * side)
    c, s = np.float32(2 * np.pi * np.cos(turn)), np.float32(2 * np.pi * np.sin(turn))
    wave = np.sin(c * x + s * y)
    if spots:
        wave = wave * np.sin(c * y - s * x)
    return gain * wave


def _rgb(canvas: np.ndarray) -> np.ndarray:
    """Y Cb Cr around 128 (JFIF) to uint8 RGB [size, size, 3]."""
    y, cb, cr = canvas[0], canvas[1] - 128, canvas[2] - 128
    rgb = np.stack([y + 1.402 * cr, y - .344136 * cb - .714136 * cr, y + 1.772 * cb], -1)
    return np.clip(rgb + .5, 0, 255).astype(np.uint8)


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
