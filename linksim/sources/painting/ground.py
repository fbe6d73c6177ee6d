"""The ground of a scene and its clutter: shapes that are no objects, of all sizes, one over the other."""

import numpy as np
from PIL import Image, ImageDraw

from linksim.sources.painting import knobs
from linksim.sources.painting.draws import Draws
from linksim.sources.painting.shapes import FINE


def paint_ground(d: Draws, size: int, scale: float, fields, light: float) -> np.ndarray:
    """Canvas float32 [3, size, size], Y Cb Cr: a 1/f field, large surfaces, dead leaves.

    scale: pixels per pixel of a 256-pixel picture. fields: two, float32 [size, size].
    light: its direction in radians.
    """
    sheet = Image.new("CMYK", (FINE * size, FINE * size), (128, 128, 128, 60))
    draw = ImageDraw.Draw(sheet)
    count = int(d.shape(*knobs.LEAVES))
    low, high = knobs.LEAF_RADIUS
    # the inverse of the cumulated density r^-3
    radius = scale * (low**-2 + d.shape(0, 1, count) * (high**-2 - low**-2)) ** -.5
    radius[:knobs.SURFACES] = scale * d.shape(*knobs.SURFACE_RADIUS, knobs.SURFACES)  # painted first, behind
    centre = d.place(-.1 * size, 1.1 * size, 2 * count).reshape(count, 1, 2)
    tone = np.stack([*d.place(-1.7, 1.7, 3 * count).reshape(3, count), d.shape(-1.7, 1.7, count)], -1)
    tone[:knobs.SURFACES, :3] *= knobs.SURFACE_TONE
    points = FINE * (centre + radius[:, None, None] * _leaves(*d.shape(0, 1, 6 * count).reshape(6, count, 1)))
    spread = knobs.LEAF_SPREAD, knobs.CHROMA_SPREAD, knobs.CHROMA_SPREAD, 75
    colours = np.clip(128 + tone * spread, 0, 255).astype(int).tolist()
    for outline, colour in zip(points.reshape(count, -1).tolist(), colours, strict=True):
        draw.polygon(outline, fill=tuple(colour))
    leaves = np.asarray(sheet.reduce(FINE), np.float32).transpose(2, 0, 1)
    canvas = leaves[:3].copy()
    canvas[0] += knobs.FIELD_GAIN * d.shape(0, 1) ** 2 * fields[0] + leaves[3] * (knobs.GRAIN_GAIN[1] / 255) * fields[1]
    canvas[1] += .3 * knobs.CHROMA_SPREAD * fields[1]
    canvas[2] += .3 * knobs.CHROMA_SPREAD * fields[0]
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    canvas[0] += d.shape(*knobs.LIGHT_FALL) * (np.cos(light) * ramp + np.sin(light) * ramp[:, None])
    return canvas


def _leaves(kind, thin, turn, wobble, corners, bend) -> np.ndarray:
    """Clutter of unit radius, polygons float64 [N, 16, 2] from unit values [N, 1]: twigs, shards, pebbles."""
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
