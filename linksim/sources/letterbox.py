"""Photographs from files, brought to a square: whole picture kept, the rest grey, as YOLOv5's users do."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from linksim.errors import UserError

GREY = 114
FORMATS = ("JPEG", "PNG")  # Pillow reads others whatever a file is called, and runs Ghostscript for one of them
DAMAGE = OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError  # what Pillow may raise


def read_picture(path: Path) -> Image.Image:
    """The whole file decoded, RGB. UserError names a missing, truncated or foreign file with the reason."""
    if not path.is_file():
        raise UserError(f"picture {path} is missing. Put it there, or leave it out of the list.")
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.convert("RGB")
    except DAMAGE as reason:
        raise UserError(f"picture {path} cannot be read: {reason}. Fetch it again or leave it out.") from None


def letterbox(image: Image.Image, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture in the middle of a grey square, longest side `size`, aspect kept, antialiased.

    Returns uint8 [size, size, 3] and, float64 [2] each (x, y), the scale and the offset that take a point of
    the picture to the square: point * scale + offset.
    """
    old = np.array(image.size, float)
    new = np.maximum(np.round(old * (size / old.max())).astype(int), 1)
    offset = np.round((size - new) / 2 - .1).astype(int)
    square = Image.new("RGB", (size, size), (GREY,) * 3)
    square.paste(image.resize(tuple(new.tolist()), Image.Resampling.BICUBIC), tuple(offset.tolist()))
    return np.asarray(square), new / old, offset.astype(float)
