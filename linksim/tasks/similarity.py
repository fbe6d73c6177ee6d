"""Task "similarity": does the received picture mean the same to a network as the one that was sent?

Semantic similarity as the cosine between what a detector's neck makes of the two pictures. With p_l(x) the neck map of
stride l = 8, 16, 32 averaged over grid x grid cells, all cells and channels as one vector,

    s(x, y) = max(0, mean_l <p_l(x), p_l(y)> / (|p_l(x)| |p_l(y)|))

1 where the pictures are equal; cells keep where things are. It doesn't fall to 0 for a wrong picture, since activations
have a part in common: two different pictures of `scenes` are at .46 on average, a lost (grey) one at .06.
"""

import numpy as np
from pydantic import Field

from linksim.errors import UserError
from linksim.registry import register
from linksim.tasks.comparison import Comparison


@register("task", "similarity")
class Similarity(Comparison):
    """Semantic similarity in [0, 1]: cosine of pooled feature maps of the received picture and the one sent."""

    class Config(Comparison.Config):
        """grid: cells per side that the feature maps are averaged over; a divisor of input_size / 32."""

        grid: int = Field(4, gt=0)

    metric = "similarity"

    def __init__(self, config: Config, classes: tuple[str, ...]):
        """UserError where weights are missing or the grid doesn't divide the coarsest map."""
        if config.input_size // 32 % config.grid:
            raise UserError(f"task.grid: should divide input_size / 32 = {config.input_size // 32} "
                            f"(found {config.grid})")
        super().__init__(config, classes)
        self.metric_label = f"semantic similarity (cosine, neck of {self.maps.name}, {config.grid} x {config.grid})"

    def compare(self, images: np.ndarray, sent: np.ndarray) -> list[dict[str, np.ndarray]]:
        """similarity, float32 in [0, 1], per pair of pictures uint8 [B, S, S, 3]."""
        grid = self.config.grid
        cosines = [_cosine(pooled(f, grid), pooled(g, grid))
                   for f, g in zip(self.maps.neck(images), self.maps.neck(sent), strict=True)]
        return [{"similarity": s} for s in np.clip(np.mean(cosines, axis=0), 0, 1).astype(np.float32)]


def pooled(maps: np.ndarray, grid: int) -> np.ndarray:
    """Means over grid x grid cells, float [B, h, w, C] -> [B, grid * grid * C]."""
    b, h, w, c = maps.shape
    return maps.reshape(b, grid, h // grid, grid, w // grid, c).mean(axis=(2, 4)).reshape(b, -1)


def _cosine(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = x.astype(np.float64), y.astype(np.float64)
    return (x * y).sum(-1) / np.maximum(np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1), 1e-12)
