"""The built-in source: cluttered scenes painted from an index, with the truth known.

No data are needed: picture i of a split is always the same, in any process, and no texture or shape parameter
of one split occurs in another (`painting.draws`). Ground and clutter follow two facts about photographs:
their power falls as 1/f^2, and things of all sizes occlude each other (dead leaves; Lee, Mumford and Huang,
International Journal of Computer Vision 41, 2001).
"""

import numpy as np
from pydantic import Field, model_serializer

from linksim.errors import UserError
from linksim.registry import register
from linksim.sources.base import Source, SourceConfig, Split, Truth
from linksim.sources.painting.compose import paint
from linksim.sources.painting.shapes import CLASSES

LENGTH = 1_000_000


def scene(split: Split, index: int, size: int = 256, objects: int | None = None) -> tuple[np.ndarray, Truth]:
    """One picture, uint8 [size, size, 3], and its truth: a plain function that any process may call."""
    picture, boxes, labels, difficult, _ = paint(split, index, size, objects)
    return picture, Truth(boxes, labels, difficult)


@register("source", "scenes")
class Scenes(Source):
    """Cluttered scenes with eight classes of objects, painted on demand; needs no data."""

    class Config(SourceConfig):
        """objects: how many are painted in every scene, 0 for ground and clutter alone; left out, one to six."""

        objects: int | None = Field(None, ge=0, le=20)

        @model_serializer(mode="wrap")
        def _plain(self, handler):
            """A key that asks for nothing isn't written: files and identities from before there was such a key hold."""
            return {key: value for key, value in handler(self).items() if key != "objects" or value is not None}

    classes = tuple(CLASSES)

    def __init__(self, config: SourceConfig, split: Split):
        super().__init__(config, split)
        if not 64 <= config.size <= 2048:
            size = config.size
            raise UserError(f"source.size is {size}; scenes have 64 to 2048 pixels a side; choose 256.")

    def __len__(self) -> int:
        return LENGTH

    def batch(self, indices) -> tuple[np.ndarray, list[Truth]]:
        """See `Source.batch`; IndexError beyond the split's length."""
        indices = [int(i) for i in indices]
        if indices and not 0 <= min(indices) <= max(indices) < LENGTH:
            raise IndexError(f"scenes have indices 0 to {LENGTH - 1}, got {min(indices)} to {max(indices)}")
        size = self.config.size
        scenes = [scene(self.split, i, size, self.config.objects) for i in indices]
        pictures = np.stack([s[0] for s in scenes]) if scenes else np.empty((0, size, size, 3), np.uint8)
        return pictures, [s[1] for s in scenes]
