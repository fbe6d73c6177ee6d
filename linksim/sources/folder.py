"""Pictures without labels: the JPEG and PNG files of one folder, sorted by name, letterboxed."""

from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.registry import register
from linksim.sources.base import Source, SourceConfig, Split, Truth
from linksim.sources.letterbox import letterbox, read_picture

SUFFIXES = (".jpg", ".jpeg", ".png")


class FolderConfig(SourceConfig):
    """`path`: the folder. Its pictures are the same in every split."""

    path: str


@register("source", "folder")
class Folder(Source):
    """Pictures without labels: the JPEG and PNG files of a folder."""

    Config = FolderConfig
    classes = ()

    def __init__(self, config: FolderConfig, split: Split):
        super().__init__(config, split)
        folder = Path(config.path).expanduser()
        if not folder.is_dir():
            raise UserError(f"source.path is {config.path!r}, which is no folder.")
        self.paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not self.paths:
            raise UserError(f"source.path is {config.path!r}, which holds no {', '.join(SUFFIXES)} file.")

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, indices) -> tuple[np.ndarray, list[Truth]]:
        """See `Source.batch`; every truth is empty. UserError names a picture that is damaged."""
        size, indices = self.config.size, [int(i) for i in indices]
        if indices and not 0 <= min(indices) <= max(indices) < len(self):
            raise IndexError(f"the folder has {len(self)} pictures, got {min(indices)} to {max(indices)}")
        pictures = [letterbox(read_picture(self.paths[i]), size)[0] for i in indices]
        nothing = Truth(np.empty((0, 4), np.float32), (), np.empty(0, bool))
        stack = np.stack(pictures) if pictures else np.empty((0, size, size, 3), np.uint8)
        return stack, [nothing] * len(indices)
