"""One object of a scene: posed, coloured, lit, and laid over what is behind it."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from linksim.sources.painting import knobs
from linksim.sources.painting.draws import Draws
from linksim.sources.painting.shapes import CLASSES, FINE, TURN


def paint_object(d: Draws, canvas, owner, number: int, name: str, box, fields, light: float) -> float:
    """Paints one object into `canvas` (float32 [3, size, size], Y Cb Cr) and its number into `owner` (int8
    [size, size]); returns how many pixels it would show, were nothing in the way.

    box: float64 [4], the square its longest side fills. fields, light: as for the ground.
    """
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
    bright = 128 + sign * d.shape(*knobs.CONTRAST)
    body = np.array([bright, *(128 + knobs.CHROMA_SPREAD * d.shape(-1.7, 1.7, 2))])
    step = d.shape(*knobs.PART_CONTRAST, 3) * np.array([sign * (-1 if d.shape(0, 1) < .7 else 1), -1, 1])
    second = np.array([body[0] + step[0], *(128 + knobs.CHROMA_SPREAD * d.shape(-1.7, 1.7, 2))])
    dark, light = body + [step[1], 0, 0], body + [step[2], 0, 0]
    return [tuple(np.clip(c, 5, 250).astype(int).tolist()) for c in (body, second, dark, light)]


def _pattern(d: Draws, h: int, w: int, side: float) -> np.ndarray:
    """Stripes or spots, float32 [h, w], which any class may wear."""
    gain, turn = d.shape(*knobs.PATTERN_GAIN), d.shape(0, np.pi)
    period, spots = side * d.shape(.1, .3), d.shape(0, 1) < .4
    x, y = np.arange(w, dtype=np.float32) / period, np.arange(h, dtype=np.float32)[:, None] / period
    c, s = np.float32(2 * np.pi * np.cos(turn)), np.float32(2 * np.pi * np.sin(turn))
    wave = np.sin(c * x + s * y)
    if spots:
        wave = wave * np.sin(c * y - s * x)
    return gain * wave
