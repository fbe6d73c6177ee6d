"""The object classes, each a list of parts in a unit frame (x right, y down, about -1 to 1).

A part is (polygon float64 [M, 2], tone): tone 0 the body, 1 the second colour, 2 dark detail, 3 light detail.
Later parts cover earlier ones. Classes come in pairs with like outlines, told apart by parts (legs, fins,
antlers, spokes), as dogs, sheep and cows are; no class has a colour or a pattern of its own.
"""

import numpy as np

from linksim.sources.painting.draws import Draws

FINE = 2  # supersampling of outlines


def ellipse(x, y, rx, ry, turn=0.0, corners=24) -> np.ndarray:
    """Polygon float64 [corners, 2] of an ellipse."""
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    u, v = rx * np.cos(t), ry * np.sin(t)
    return np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], 1)


def limb(path, start: float, end: float) -> np.ndarray:
    """Polygon of a line through `path` [M, 2] whose width falls from `start` to `end`."""
    path = np.asarray(path, float)
    step = np.empty_like(path)
    step[0], step[-1], step[1:-1] = path[1] - path[0], path[-1] - path[-2], path[2:] - path[:-2]
    normal = np.stack([-step[:, 1], step[:, 0]], 1) / (np.hypot(*step.T)[:, None] + 1e-9)
    half = np.linspace(start, end, len(path))[:, None] / 2
    return np.concatenate([path + normal * half, (path - normal * half)[::-1]])


def _bugs_legs(d: Draws, pairs: int, reach: float, low: float, high: float, width: float) -> list:
    parts = []
    knee, foot = d.shape(.5, .65), d.shape(-.12, .12, 2 * pairs)
    fan = np.linspace(-1, 1, pairs)
    for i, y in enumerate(np.linspace(low, high, pairs)):
        for k, side in enumerate((-1, 1)):
            end = (side * reach, y + .55 * fan[i] + foot[2 * i + k])
            path = [(side * .15, y), (side * reach * knee, y + .12 * fan[i] - .1), end]
            parts.append((limb(path, width, width * .6), 2))
    return parts


def _eye(x, y, radius) -> list:
    pupil = .55 * radius
    return [(ellipse(x, y, radius, radius, corners=12), 3), (ellipse(x, y, pupil, pupil, corners=8), 2)]


def beetle(d: Draws) -> list:
    wide, long = d.shape(.38, .52), d.shape(.55, .68)
    parts = _bugs_legs(d, 3, d.shape(.72, .88), -.25, .4, .09)
    for s in (-1, 1):
        parts.append((limb([(s * .08, -.6), (s * .25, -.85), (s * d.shape(.3, .5), -1)], .06, .04), 2))
    parts += [(ellipse(0, -.62, wide * .5, .17), 2), (ellipse(0, .2, wide, long), 0)]
    parts.append((ellipse(0, -.4, wide * .82, .22), 1))
    parts.append((limb([(0, -.2), (0, .2 + long)], .05, .04), 2))
    spot = d.shape(.06, .13)
    for y in np.linspace(-.1, .6, 2 + int(d.shape(0, 2.99))):
        parts += [(ellipse(s * wide * .5, y, spot, spot, corners=10), 3) for s in (-1, 1)]
    return parts


def spider(d: Draws) -> list:
    wide, long = d.shape(.3, .44), d.shape(.36, .5)
    parts = _bugs_legs(d, 4, d.shape(.82, .98), -.35, .1, .075)
    parts += [(ellipse(0, .4, wide, long), 0), (ellipse(0, -.25, wide * .72, d.shape(.24, .32)), 1)]
    parts += [(ellipse(s * .09, -.42, .05, .05, corners=8), 2) for s in (-1, 1)]
    cross = d.shape(.1, .2)
    parts.append((limb([(0, .15), (0, .4 + long * .7)], .08, .04), 3))
    return parts + [(limb([(-cross, .36), (cross, .36)], .08, .08), 3)]


def _lens(long: float, high: float, sharp: float) -> np.ndarray:
    t = np.linspace(0, np.pi, 14)
    x, y = -long * np.cos(t), high * np.sin(t) ** sharp
    return np.concatenate([np.stack([x, -y], 1), np.stack([x, y * .9], 1)[::-1]])


def fish(d: Draws) -> list:
    high, tail = d.shape(.3, .5), d.shape(.28, .48)
    parts = [(np.array([(.5, 0), (.98, -tail), (.8, 0), (.98, tail)]), 1)]
    top = d.shape(-.1, .1), -high - d.shape(.15, .3)
    parts.append((np.array([(-.3, -high * .7), top, (.45, -high * .45)]), 1))
    parts.append((np.array([(-.05, high * .7), (.2, high + d.shape(.1, .25)), (.4, high * .4)]), 1))
    parts.append((_lens(.75, high, d.shape(.75, 1.1)), 0))
    gill = d.shape(-.4, -.28)
    parts.append((limb([(gill, -high * .6), (gill + .1, 0), (gill, high * .55)], .05, .05), 2))
    parts.append((np.array([(-.2, .03), (.12, .12), (-.05, high * .65)]), 1))
    return parts + _eye(-.54, -.07, .085)


def bird(d: Draws) -> list:
    high, head = d.shape(.3, .42), d.shape(.19, .26)
    parts = [(np.array([(.35, -.1), (1, d.shape(-.15, .2)), (.95, d.shape(.22, .34)), (.3, .2)]), 1)]
    for x in (-.12, .1):
        parts.append((limb([(x, high * .7), (x + .06, .62), (x, .85)], .06, .05), 2))
        parts.append((limb([(x - .16, .88), (x + .06, .85)], .05, .05), 2))
    parts += [(_lens(.6, high, d.shape(.6, .9)), 0), (ellipse(-.48, -.36, head, head * .95), 0)]
    root = -.48 - head * .9
    parts.append((np.array([(root, -.44), (-.5 - head - d.shape(.18, .36), -.34), (root, -.26)]), 2))
    drop = d.shape(.1, .3)
    parts.append((np.array([(-.28, -.1), (.1, -.2), (.62, drop), (.15, high * .55), (-.15, .15)]), 1))
    parts += [(limb([(-.1, .0 + k), (.42, drop + k * .5)], .035, .03), 2) for k in (0., .1)]
    return parts + _eye(-.52, -.4, .06)


def _trunk(d: Draws, leg: float, low: float, height: float) -> list:
    parts, sway = [], d.shape(-.14, .14, 4)
    for k, x in enumerate((-.42, .42, -.3, .54)):
        path = [(x, 0), (x + sway[k], (low + .1) / 2), (x + sway[k] * .6, low)]
        parts.append((limb(path, leg * 1.3, leg * .8), 2 if k < 2 else 0))
    back = [(-.56, -height * .9), (-.1, -height * .75), (.4, -height), (.64, -height * .6)]
    belly = [(.6, .16), (.2, .2), (-.2, .26), (-.52, .22), (-.64, -.1)]
    return parts + [(np.array(back + belly), 0)]


def hound(d: Draws) -> list:
    tail = d.shape(-.75, -.45)
    parts = [(limb([(.58, -.18), (.8, -.3), (d.shape(.85, .98), tail)], .1, .05), 0)]
    parts += _trunk(d, d.shape(.14, .19), d.shape(.72, .82), d.shape(.24, .32))
    nod = d.shape(-.08, .1)
    parts.append((limb([(-.45, -.05), (-.66, -.32 + nod)], .34, .26), 0))
    parts.append((ellipse(-.7, -.42 + nod, .2, .17), 0))
    parts.append((limb([(-.72, -.38 + nod), (-1, -.32 + nod)], .22, .15), 1))
    parts.append((limb([(-.6, -.54 + nod), (-.5, -.36 + nod), (-.52, d.shape(-.2, -.1) + nod)], .1, .15), 2))
    parts.append((ellipse(-.98, -.36 + nod, .05, .05, corners=8), 2))
    return parts + [(ellipse(-.76, -.46 + nod, .035, .035, corners=8), 2)]


def deer(d: Draws) -> list:
    parts = [(limb([(.6, -.12), (.74, d.shape(-.12, .04))], .14, .08), 3)]
    parts += _trunk(d, d.shape(.09, .13), d.shape(.84, .95), d.shape(.2, .28))
    lean, rise = d.shape(-.75, -.62), d.shape(-.62, -.5)
    for shift in (.0, .14):
        x, y, top = lean + shift, rise - .08, d.shape(-.98, -.85)
        beam = [(x, y), (x + .12, y - .15), (x + d.shape(.05, .2), top)]
        parts.append((limb(beam, .06, .04), 2))
        for px, py in beam[1:]:
            parts.append((limb([(px, py), (px - .18, py - d.shape(.06, .16))], .05, .03), 2))
    parts.append((limb([(-.48, 0), (lean + .04, rise + .06)], .28, .15), 0))
    parts.append((limb([(lean + .1, rise), (lean - .24, rise + d.shape(.08, .18))], .2, .1), 1))
    parts.append((limb([(lean + .08, rise - .02), (lean + .26, rise - .06)], .1, .03), 0))
    for k in (-1.5, -.5, .5, 1.5):
        parts.append((ellipse(.1 + .2 * k, -.08 + .06 * (k % 2), .05, .04, corners=8), 3))
    return parts + [(ellipse(lean + .0, rise + .01, .035, .035, corners=8), 2)]


def cart(d: Draws) -> list:
    top, slant, radius = d.shape(-.55, -.35), d.shape(-.12, .12), d.shape(.3, .38)
    parts = [(limb([(.6, .15), (.98, d.shape(-.3, .0))], .08, .06), 2)]
    parts.append((np.array([(-.8 - slant, top), (.7 + slant, top), (.68, .32), (-.74, .32)]), 0))
    parts += [(limb([(-.78, y), (.7, y)], .04, .04), 2) for y in np.linspace(top, .2, 4)[1:-1]]
    parts.append((limb([(-.82 - slant, top), (.74 + slant, top)], .09, .09), 1))
    for x in (-.45, .4):
        parts += [(ellipse(x, .42, radius, radius), 2), (ellipse(x, .42, radius * .74, radius * .74), 1)]
        turn, spokes = d.shape(0, np.pi), 3 + int(d.shape(0, 1.99))
        for a in turn + np.arange(spokes) * np.pi / spokes:
            r = radius * .8 * np.array([np.cos(a), np.sin(a)])
            parts.append((limb([(x - r[0], .42 - r[1]), (x + r[0], .42 + r[1])], .06, .06), 2))
        parts.append((ellipse(x, .42, .08, .08, corners=10), 3))
    return parts


def jug(d: Draws) -> list:
    y = np.linspace(-.8, .85, 12)
    neck, belly, foot = d.shape(.24, .36), d.shape(.46, .62), d.shape(.3, .42)
    half = np.interp(y, [-.8, -.5, d.shape(.05, .3), .85], [neck * 1.2, neck, belly, foot])
    out, ring = d.shape(.8, .98), d.shape(.3, .55)
    handle = [(neck * .9, -.6), (out * .85, -.55), (out, -.2), (out * .85, ring * .7), (belly * .8, ring)]
    parts = [(limb(handle, .1, .12), 1)]
    parts.append((np.array([(-neck, -.78), (-neck - d.shape(.2, .36), -.9), (-neck, -.45)]), 0))
    parts.append((np.concatenate([np.stack([half, y], 1), np.stack([-half, y], 1)[::-1]]), 0))
    for band in (d.shape(-.35, -.2), d.shape(.35, .6)):
        w = np.interp(band, y, half)
        parts.append((limb([(-w, band), (0, band + .07), (w, band)], .08, .08), int(d.shape(1, 3.99))))
    return parts + [(ellipse(0, -.8, neck * 1.2, .1), 2)]


CLASSES = {f.__name__: f for f in (beetle, spider, fish, bird, hound, deer, cart, jug)}
# How far a class may turn, in radians: what stands on the ground stays upright.
TURN = dict(beetle=np.pi, spider=np.pi, fish=.6, bird=.35, hound=.25, deer=.25, cart=.25, jug=.35)
