"""Photographs in PASCAL VOC's devkit layout, letterboxed.

`path` is the folder that holds JPEGImages, Annotations and ImageSets (VOCdevkit/VOC2012). Which photographs a
split has is said by the files of ImageSets/Main, one name a line; a class's file (dog_train.txt) works too:
photographs marked -1 are left out.
"""

import re
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from linksim.errors import UserError
from linksim.registry import register
from linksim.sources.annotation import Annotation, read_annotation
from linksim.sources.base import Source, SourceConfig, Split, Truth
from linksim.sources.letterbox import letterbox, read_picture

ALL_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)


class ImageSets(BaseModel):
    """Names of files in ImageSets/Main (without .txt), one for each split."""

    model_config = ConfigDict(extra="forbid")
    train: str = "train"
    calibration: str = "train"
    test: str = "test"


class VocConfig(SourceConfig):
    """`classes`: whose objects count; others are left out of the truth."""

    path: str
    imagesets: ImageSets = ImageSets()
    classes: tuple[str, ...] = Field(("dog", "cat", "person", "sheep", "horse", "cow"), min_length=1)


@register("source", "voc")
class Voc(Source):
    """Photographs in PASCAL VOC's devkit layout, letterboxed; `difficult` respected."""

    Config = VocConfig

    def __init__(self, config: VocConfig, split: Split):
        """Reads the list and every annotation; photographs are read when asked for."""
        super().__init__(config, split)
        self.classes = tuple(config.classes)
        self.folder = Path(config.path).expanduser()
        for name in (".", "JPEGImages", "Annotations", "ImageSets/Main"):
            if not (self.folder / name).is_dir():
                raise UserError(
                    f"source.path is {config.path!r}, but the folder {self.folder / name} is missing. "
                    "It must hold JPEGImages, Annotations and ImageSets/Main, as VOCdevkit/VOC2012 does."
                )
        file = getattr(config.imagesets, split)
        self.names = _names(self.folder / "ImageSets/Main", file, f"source.imagesets.{split}")
        self.annotations = [read_annotation(self.folder / f"Annotations/{name}.xml") for name in self.names]
        _check_classes(self.classes, self.annotations)

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, indices) -> tuple[np.ndarray, list[Truth]]:
        """See `Source.batch`; UserError names a photograph that is missing or damaged."""
        both = [self._one(int(i)) for i in indices]
        size = self.config.size
        pictures = np.stack([b[0] for b in both]) if both else np.empty((0, size, size, 3), np.uint8)
        return pictures, [b[1] for b in both]

    def _one(self, index: int) -> tuple[np.ndarray, Truth]:
        if not 0 <= index < len(self):
            raise IndexError(f"the split has pictures 0 to {len(self) - 1}, got {index}")
        name, note = self.names[index], self.annotations[index]
        path = self.folder / "JPEGImages" / f"{name}.jpg"
        image = read_picture(path)
        if note.size not in (None, image.size):
            raise UserError(f"picture {path} has {image.size} pixels, but its annotation says {note.size}.")
        picture, scale, offset = letterbox(image, self.config.size)
        boxes = np.clip(note.boxes, 0, np.tile(image.size, 2))
        if (boxes[:, 2:] <= boxes[:, :2]).any():
            raise UserError(f"annotation {self.folder}/Annotations/{name}.xml has a box outside its picture.")
        keep = [k for k, label in enumerate(note.labels) if label in self.classes]
        boxes = (boxes[keep] * np.tile(scale, 2) + np.tile(offset, 2)).astype(np.float32)
        return picture, Truth(boxes, tuple(note.labels[k] for k in keep), note.difficult[keep])


def _names(folder: Path, file: str, key: str) -> list[str]:
    path = folder / f"{file}.txt"
    if path.parent != folder or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.txt"))) or "none"
        raise UserError(f"{key} is {file!r}, but {path} is no file. Lists there: {known}.")
    lines = [line.split() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    names = [line[0] for line in lines if line[1:2] != ["-1"]]
    for name in names:
        if not re.fullmatch(r"[\w-][\w.-]*", name):
            raise UserError(f"{path} has the line {name!r}, which is no picture's name.")
    if not names:
        raise UserError(f"{path} names no picture. Choose another list by {key}.")
    return names


def _check_classes(classes: tuple[str, ...], annotations: list[Annotation]) -> None:
    known = sorted({*ALL_CLASSES, *(label for note in annotations for label in note.labels)})
    for name in classes:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UserError(f"source.classes has {name!r}{hint} Known: {', '.join(known)}.")
    if len(set(classes)) < len(classes):
        raise UserError(f"source.classes names a class twice: {', '.join(classes)}.")
