"""What tasks share that compare a received picture with the one that was sent, in a detector's feature space."""

import numpy as np
from pydantic import Field

from linksim.errors import UserError
from linksim.tasks.base import Task, TaskConfig
from linksim.tasks.maps import Maps
from linksim.tasks.mean import mean_score


class Comparison(Task):
    """A task without truths: `compare` gives scalars per picture, `score` their means. Any source will do."""

    class Config(TaskConfig):
        """weights: name or path of weights of kind "yolov5", the network in whose feature maps pictures are compared.
        input_size: side in pixels of its input; pictures are resized to it (bicubic).
        """

        weights: str = "yolov5n-scenes"
        input_size: int = Field(256, gt=0, le=1536, multiple_of=32)

    compares = True

    def __init__(self, config: Config, classes: tuple[str, ...]):
        """UserError where weights are missing."""
        super().__init__(config, classes)
        self.maps = Maps(config.weights, config.input_size)

    def observe(self, images: np.ndarray) -> list[dict[str, np.ndarray]]:
        """UserError: there is nothing to find in a picture alone."""
        raise UserError(f"the task {self.type_name!r} compares pictures with those that were sent and finds nothing in "
                        "one alone; what reads the task's finds needs task.type: detection")

    def features(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """The network's neck maps, as `Finder.features`, for schemes that weigh features by a detector's."""
        return self.maps.neck(images)

    def score(self, observations: list[dict], truths: list, pictures: np.ndarray, bootstrap: int = 0,
              seed: int = 0) -> dict[str, float]:
        """The mean over rows of every scalar; `linksim.tasks.base.Task.score` tells the rest. Truths aren't read."""
        values = {key: np.array([seen[key] for seen in observations]) for key in observations[0]}
        return mean_score(values, pictures, bootstrap, seed)
