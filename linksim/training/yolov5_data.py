"""Pictures for training YOLOv5: a memory-mapped store, augmentation, and the assignment of objects to cells."""

import io
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from linksim.errors import UserError
from linksim.tasks.yolov5.network import STRIDES

GREY = (114, 114, 114)
BYTES = (400, 6000)  # of a picture that is seen with a codec's artefacts


def prepare(source: dict, split: str, count: int, folder: Path, workers: int, artefacts: str | None = None,
            share: float = 0.75) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pictures uint8 [count, S, S, 3] (memory-mapped) and objects: per picture float32 [K, 5], class index and
    x0 y0 x1 y1 in pixels; difficult objects left out. Made once by `workers` processes, then read from `folder`.

    artefacts: None, or "jpeg2000": a `share` of the pictures is what the codec leaves of them (`coded`)."""
    if artefacts not in (None, "jpeg2000"):
        raise UserError(f"artefacts: should be jpeg2000, or left out (found {artefacts!r})")
    kind = f"{split}-{count}" + (f"-{artefacts}-{share:g}" if artefacts else "")
    pictures, labels = folder / f"{kind}.npy", folder / f"{kind}-objects.npz"
    if not labels.exists():
        folder.mkdir(parents=True, exist_ok=True)
        store = np.lib.format.open_memmap(pictures, "w+", np.uint8, (count, source["size"], source["size"], 3))
        jobs = [(source, split, range(i, min(i + 64, count)), share if artefacts else 0.0)
                for i in range(0, count, 64)]
        objects = []
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            for (_, _, indices, _), (part, found) in zip(jobs, pool.map(_make, jobs), strict=True):
                store[indices.start : indices.stop] = part
                objects += found
        store.flush()
        ends = np.cumsum([len(o) for o in objects])
        np.savez(labels, objects=np.concatenate(objects), ends=ends)
    with np.load(labels) as file:
        return np.load(pictures, mmap_mode="r"), np.split(file["objects"], file["ends"][:-1])


def _make(job) -> tuple[np.ndarray, list[np.ndarray]]:
    config, split, indices, share = job
    source = open_source(config, split)
    pictures, truths = source.batch(np.arange(indices.start, indices.stop))
    if share:
        pictures = coded(pictures, indices, share)
    objects = []
    for truth in truths:
        classes = np.array([source.classes.index(name) for name in truth.labels], np.float32)
        objects.append(np.column_stack([classes, truth.boxes]).astype(np.float32)[~truth.difficult])
    return pictures, objects


def coded(pictures: np.ndarray, indices, share: float) -> np.ndarray:
    """Pictures uint8 [B, S, S, 3] of which a `share` went through JPEG2000 at sizes log-uniform in `BYTES`; which ones
    and how far follows from their indices alone."""
    from baselines.codecs.jpeg2000 import Jpeg2000

    codec, out = Jpeg2000(remember=0), pictures.copy()
    for b, index in enumerate(indices):
        rng = np.random.default_rng((2000, int(index)))
        if rng.random() < share:
            out[b] = codec.picture(codec.largest(pictures[b], int(np.exp(rng.uniform(*np.log(BYTES))))))
    return out


def open_source(config: dict, split: str):
    """The source a scenario's `source:` mapping describes."""
    from linksim.registry import lookup

    cls = lookup("source", config["type"])
    return cls(cls.Config(**config), split)


def augment(picture: np.ndarray, objects: np.ndarray, rng: np.random.Generator,
            crop: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Random flip, scale (0.7 to 1.4), shift (up to 10 %), contrast and brightness of one picture [S, S, 3], and a
    random window of side `crop` of that, where asked for; objects [K, 5] follow, and those of which less than 30 % or
    two pixels a side stay inside are left out."""
    size = len(picture)
    scale, flip = np.exp(rng.uniform(np.log(0.7), np.log(1.4))), rng.random() < 0.5
    shift = size / 2 * (1 - scale) + rng.uniform(-0.1, 0.1, 2) * size
    contrast, brightness = rng.uniform(0.7, 1.3), rng.uniform(-25, 25)
    if crop:
        shift, size = shift - rng.uniform(0, size - crop, 2), crop
    inverse = (1 / scale, 0, -shift[0] / scale, 0, 1 / scale, -shift[1] / scale)
    image = Image.fromarray(picture).transform((size, size), Image.Transform.AFFINE, inverse,
                                               Image.Resampling.BILINEAR, fillcolor=GREY)
    image = _soften(image, rng) if rng.random() < 0.6 else image
    table = np.clip((np.arange(256) - 114) * contrast + 114 + brightness, 0, 255).astype(np.uint8)
    image = table[np.asarray(image)]
    full = objects[:, 1:] * scale + np.tile(shift, 2)
    boxes = np.clip(full, 0, size)
    if flip:
        image, boxes = image[:, ::-1], np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], 1)
    wh = boxes[:, 2:] - boxes[:, :2]
    keep = (wh > 2).all(1) & (wh.prod(1) > 0.3 * (full[:, 2:] - full[:, :2]).prod(1))
    return image, np.column_stack([objects[:, 0], boxes]).astype(np.float32)[keep]


def _soften(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Photographs are out of focus, freed of grain by the camera, or kept as JPEG files; a detector that never saw it
    takes the loss of grain for the loss of the object."""
    kind = rng.random()
    if kind < 0.35:
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.0)))
    if kind < 0.55:
        return image.filter(ImageFilter.MedianFilter(int(rng.choice([3, 5]))))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(8, 70)))
    return Image.open(file)


def assign(objects: list[np.ndarray], anchors: np.ndarray, size: int, ratio: float = 4.0) -> np.ndarray:
    """Which prediction answers for which object, YOLOv5's way.

    An anchor answers where width and height differ from its own by less than `ratio`, in the cell of the object's
    centre and in the two cells nearest to it. objects: per picture [K, 5]; anchors: [3, 3, 2] pixels.
    Returns float32 [B, N, 6] in the order of `network.decode`: x, y, w, h in pixels, class, 1 where assigned.
    """
    batch = np.repeat(np.arange(len(objects)), [len(o) for o in objects])
    flat = np.concatenate(objects)
    xy, wh = (flat[:, 1:3] + flat[:, 3:5]) / 2, flat[:, 3:5] - flat[:, 1:3]
    order = np.argsort(-wh.prod(1), kind="stable")  # of two objects on one prediction the smaller one stays
    batch, xy, wh, classes = batch[order], xy[order], wh[order], flat[order, 0]
    values = np.column_stack([xy, wh, classes, np.ones(len(flat))]).astype(np.float32)
    levels = []
    for anchor, stride in zip(anchors, STRIDES, strict=True):
        cells = size // stride
        target = np.zeros((len(objects), cells, cells, 3, 6), np.float32)
        r = wh[:, None] / np.asarray(anchor)[None]  # (T, 3, 2)
        o, a = np.nonzero(np.maximum(r, 1 / r).max(-1) < ratio)
        g = xy[o] / stride
        nearer = np.where(g % 1 < 0.5, -1, 1)  # the neighbour's side per axis
        for dx, dy in ((1, 0), (0, 1), (0, 0)):  # a centre is written last: it wins over neighbours
            cell = np.floor(g).astype(int) + nearer * (dx, dy)
            inside = ((cell >= 0) & (cell < cells)).all(1)
            x, y = cell[inside].T
            target[batch[o[inside]], y, x, a[inside]] = values[o[inside]]
        levels.append(target.reshape(len(objects), -1, 6))
    return np.concatenate(levels, 1)


def fit_anchors(objects: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """[3, 3, 2] float32: 9 anchors by k-means of the logarithms of widths and heights, smallest on the finest level."""
    flat = np.concatenate(objects)
    x = np.log(np.maximum(flat[:, 3:5] - flat[:, 1:3], 2))
    x = x[rng.permutation(len(x))[:20000]]
    centres = x[np.argsort(x.sum(1))][np.linspace(0, len(x) - 1, 11).astype(int)[1:-1]]
    for _ in range(30):
        nearest = ((x[:, None] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack([x[nearest == k].mean(0) if (nearest == k).any() else centres[k] for k in range(9)])
    return np.exp(centres[np.argsort(centres.sum(1))]).reshape(3, 3, 2).astype(np.float32)


def dataset(pictures, objects: list, anchors: np.ndarray, batch: int, steps: int, seed: int, first: int = 0,
            workers: int = 1, crop: int | None = None):
    """keras.utils.PyDataset of (float32 [B, S, S, 3] in [0, 1], `assign`'s target), `steps` batches an epoch, from
    epoch `first` on; S is `crop` where given. What is in a batch follows from (seed, epoch, step) alone."""
    import keras

    class Batches(keras.utils.PyDataset):
        epoch = first

        def __len__(self):
            return steps

        def __getitem__(self, step):
            count = self.epoch * steps + step  # batches before this one
            rng = np.random.default_rng((seed, count))
            places = np.arange(count * batch, (count + 1) * batch)
            rounds = {r: np.random.default_rng((seed, 1 << 20, int(r))).permutation(len(pictures))
                      for r in np.unique(places // len(pictures))}
            chosen = [rounds[p // len(pictures)][p % len(pictures)] for p in places]
            images, found = zip(*(augment(pictures[i], objects[i], rng, crop) for i in chosen), strict=True)
            return np.stack(images).astype(np.float32) / 255, assign(list(found), anchors, crop or pictures.shape[1])

        def on_epoch_end(self):
            self.epoch += 1

    return Batches(workers=workers, max_queue_size=8)
