"""examples: what was sent, what the codec found important in it, what each receiver saw and found."""

from pathlib import Path

import numpy as np
from matplotlib import patheffects
from matplotlib.patches import Rectangle

from linksim.report import caption, style
from linksim.report.store import Run

SHOWN = 0.25  # boxes scored lower are left out
HIT, FALSE, TRUTH = ("#56B4E9", "-"), ("#E69F00", (0, (3, 1.5))), ("#FFFFFF", "-")
SIDE, GAP, NOTE, BETWEEN, HEAD = 1.9, 0.07, 0.2, 0.14, 0.62  # inches


def draw(run: Run) -> list[Path]:
    """Writes examples.png: two rows per picture, a column per stage and scheme."""
    with style.settings():
        sharp = run.examples["sent"].shape[1] / SIDE  # a pixel of a picture is a pixel of the figure
        return style.save(figure(run), run.folder, "examples", "png", dpi=max(sharp, 150))


def figure(run: Run):
    """Per picture what was sent and received, and below each what is in it: the truth, the features kept, the finds."""
    data, columns = run.examples, _columns(run)
    rows, pitch = len(data["sent"]), 2 * (SIDE + NOTE) + BETWEEN
    width = max(len(columns) * (SIDE + GAP) + 0.3, 6.8)
    asked = run.scenario.get("examples", {}).get("snr_db", run.snr_db[-1])
    snr = float(data.get("snr_db", min(run.snr_db, key=lambda point: abs(point - asked))))
    title = f"Examples at a mean SNR of {snr:g} dB, {caption.channel(run)}"
    words = caption.sentences(
        f"Below each picture what was found in it, of a score of at least {SHOWN:g}: solid blue on an object of its "
        "class (IoU .5), dashed orange elsewhere; white: truth" if "boxes/sent/0" in data else "White: truth",
        "weights of the features from 0 (dark) to 1 (bright), below them what was sent: dark patches were not"
        if any(key.startswith("mask/") for key in data) else "",
        "in a head: channel uses per picture, mean over all test pictures at this SNR; below a picture its own",
        "a grey picture was lost", caption.data(run))
    fig, (left, bottom, _, body) = style.sheet(run, width, rows * pitch + HEAD, title, words)
    for i, (head, color, upper, lower) in enumerate(columns):
        x = left + 0.15 + i * (SIDE + GAP)
        fig.text((x + SIDE / 2) / width, (bottom + body - HEAD + 0.07) / fig.get_figheight(), head,
                 size=style.TEXT - 0.5, ha="center", va="bottom", linespacing=1.1, color=color or style.INK,
                 weight="bold" if color else "normal")
        for row in range(2 * rows):
            y = bottom + body - HEAD - SIDE - row // 2 * pitch - row % 2 * (SIDE + NOTE)
            ax = style.axes(fig, x, y, SIDE, SIDE, xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(False)
            note = (lower if row % 2 else upper)(ax, row // 2, run)
            size = data["sent"].shape[1]
            ax.set(xlim=(0, size), ylim=(size, 0))
            ax.text(0.5, -0.025, note, transform=ax.transAxes, ha="center", va="top", size=style.SMALL,
                    color=style.SOFT)
    return fig


def _columns(run: Run) -> list[tuple]:
    """(head, its colour or None, upper picture, lower picture) from left to right."""
    data, looks = run.examples, style.looks(run)
    order = {name: i for i, name in enumerate(run.schemes)}
    received = sorted((key.removeprefix("received/") for key in data if key.startswith("received/")),
                      key=lambda name: order.get(name, len(order)))
    for series in set(run.series.values()):  # of schemes at several budgets the middle one
        members = [name for name in received if run.series.get(name) == series]
        received = [name for name in received if name not in members or name == members[len(members) // 2]]
    choosing = [name for name in received if f"mask/{name}" in data and not data[f"mask/{name}"].all()]
    several = len(choosing) > 1

    def bound(paint, name):
        return lambda ax, i, run: paint(ax, i, run, name)

    columns = [("sent, and its truth", None, _sent, _truth)]
    columns += [(style.short(f"weights, and features sent by {name}" if several else "weights, and features sent", 24,
                             lines=3), None,
                 bound(_weights, name), bound(_mask, name)) for name in choosing]
    for name in received:
        at = {point["snr_db"]: point for point in run.points(name)}
        uses = at.get(float(data["snr_db"]), {}).get("uses") if "snr_db" in data else None
        head = style.short(name, 22, lines=2) + (f"\n{uses:,.0f} uses" if uses is not None else "")
        columns.append((head, looks[name].color if name in looks else style.INK, bound(_received, name),
                        bound(_finds, name)))
    return columns


def _show(ax, image) -> None:
    side = image.shape[0]
    ax.imshow(image, extent=(0, side, side, 0), interpolation="antialiased")


def _sent(ax, i: int, run: Run):
    _show(ax, run.examples["sent"][i])
    return ""


def _truth(ax, i: int, run: Run):
    _show(ax, run.examples["sent"][i])
    boxes, labels = truth(run, i)
    for box, label in zip(boxes, labels, strict=True):
        _box(ax, box, label, *TRUTH)
    if f"boxes/sent/{i}" in run.examples:
        return _found(None, i, run, "sent") + " without a channel"
    return f"{len(boxes)} object" + "s" * (len(boxes) != 1)


def _weights(ax, i: int, run: Run, name: str):
    image, weights = run.examples["sent"][i], run.examples[f"weights/{name}"][i].astype(float)
    _show(ax, np.repeat(image.mean(-1, keepdims=True), 3, -1).astype(np.uint8))
    side = image.shape[0]
    ax.imshow(weights, extent=(0, side, side, 0), cmap="inferno", vmin=0, vmax=1, alpha=0.72,
              interpolation="nearest")
    return f"mean {weights.mean():.2f}"


def _mask(ax, i: int, run: Run, name: str):
    image, mask = run.examples["sent"][i], run.examples[f"mask/{name}"][i].astype(bool)
    up = np.kron(mask, np.ones((image.shape[0] // mask.shape[0], image.shape[1] // mask.shape[1]), bool))
    kept = np.zeros(image.shape[:2], bool)
    kept[: up.shape[0], : up.shape[1]] = up[: kept.shape[0], : kept.shape[1]]
    _show(ax, np.where(kept[..., None], image, (0.16 * image + 12).astype(np.uint8)))
    return f"{mask.mean():.0%} kept"


def _lost(image: np.ndarray) -> bool:
    return np.ptp(image.reshape(-1, 3), axis=0).max() == 0


def _received(ax, i: int, run: Run, name: str):
    data = run.examples
    image, sent = data[f"received/{name}"][i], data["sent"][i]
    _show(ax, image)
    spent = [f"{data[f'uses/{name}'][i]:,.0f} uses"] if f"uses/{name}" in data else []
    error = np.mean((image.astype(float) - sent) ** 2)
    if _lost(image):
        ax.text(0.5, 0.5, "lost", transform=ax.transAxes, ha="center", va="center", size=style.TEXT + 1, color="white")
    elif error:
        spent.append(f"{10 * np.log10(255**2 / error):.1f} dB PSNR")
    return ", ".join(spent)


def _finds(ax, i: int, run: Run, name: str):
    image = run.examples[f"received/{name}"][i]
    _show(ax, image)
    return "nothing to look at" if _lost(image) else _found(ax, i, run, name)


def _found(ax, i: int, run: Run, name: str) -> str:
    """Draws what the judge found in a picture, if `ax` is given; returns how many objects that is. Nothing where the
    task finds no objects."""
    data = run.examples
    if f"boxes/{name}/{i}" not in data:
        return ""
    boxes = np.asarray(data.get(f"boxes/{name}/{i}", [])).reshape(-1, 4)
    scores = np.asarray(data.get(f"scores/{name}/{i}", []))
    labels = _names(run, data.get(f"labels/{name}/{i}", []))
    keep = [j for j in np.argsort(-scores, kind="stable") if scores[j] >= SHOWN]
    real, kinds = truth(run, i)
    hits = matched(boxes[keep], [labels[j] for j in keep], real, kinds)
    for hit, j in reversed(list(zip(hits, keep, strict=True))) if ax is not None else ():
        score = f"{scores[j]:.2f}".removeprefix("0")
        _box(ax, boxes[j], f"{labels[j]} {score}", *(HIT if hit else FALSE))
    return f"{sum(hits)} of {len(real)} found"


def truth(run: Run, i: int) -> tuple[np.ndarray, list[str]]:
    """True boxes [K, 4] and class names of example i."""
    boxes = np.asarray(run.examples.get(f"boxes/truth/{i}", np.zeros((0, 4)))).reshape(-1, 4)
    return boxes, _names(run, run.examples.get(f"labels/truth/{i}", []))


def matched(boxes: np.ndarray, labels: list[str], real: np.ndarray, kinds: list[str]) -> list[bool]:
    """Whether each box, best score first, takes a still free object of its class with IoU >= .5."""
    free, hits = set(range(len(real))), []
    for box, label in zip(boxes, labels, strict=True):
        overlaps = [(iou(box, real[j]), j) for j in free if kinds[j] == label]
        best, j = max(overlaps, default=(0.0, -1))
        hits.append(best >= 0.5)
        if best >= 0.5:
            free.discard(j)
    return hits


def iou(a, b) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    inner = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    area = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - inner
    return float(inner / area) if area > 0 else 0.0


def _names(run: Run, labels) -> list[str]:
    labels = np.asarray(labels)
    if labels.dtype.kind in "iu":
        return [str(run.examples["classes"][label]) for label in labels]
    return [str(label) for label in labels]


def _box(ax, box, label: str, color: str, dash) -> None:
    x0, y0, x1, y1 = (float(v) for v in box)
    edge = [patheffects.withStroke(linewidth=2.6, foreground="#000000AA")]
    ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, ec=color, ls=dash, lw=1.4,
                           path_effects=edge))
    side = ax.get_images()[0].get_extent()[1]
    above = y0 > 0.09 * side
    right = x0 > 0.7 * side  # a tag that would leave the picture hangs from the box's right edge
    ax.text(min(x1, side) if right else max(x0, 0), y0 if above else max(y0, 0), label, size=7,
            color="black", ha="right" if right else "left", va="bottom" if above else "top", clip_on=True,
            bbox={"boxstyle": "square,pad=0.12", "fc": color, "ec": "none"})
