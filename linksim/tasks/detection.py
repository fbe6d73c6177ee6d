"""Task "detection": which objects does the receiver find, and where? Scored by average precision at IoU .5."""

import numpy as np

from linksim.registry import register
from linksim.tasks import average_precision as ap
from linksim.tasks.finder import Finder

LABELS = {"coco": "AP50 (COCO, IoU .5)", "voc_all": "AP50 (VOC, all-point)", "voc_11": "AP50 (VOC, 11-point)"}


@register("task", "detection")
class Detection(Finder):
    """Objects found by YOLOv5 (or a detector you bring), scored by average precision at IoU .5."""

    class Config(Finder.Config):
        """protocol: of the average precision; the other keys are the detector's."""

        protocol: ap.Protocol = "coco"

    metric = "ap50"
    metric_label = LABELS["coco"]

    def __init__(self, config: Config, classes: tuple[str, ...]):
        super().__init__(config, classes)
        self.metric_label = LABELS[config.protocol]

    def score(self, observations: list[dict], truths: list, pictures: np.ndarray, bootstrap: int = 0,
              seed: int = 0) -> dict[str, float]:
        """AP50, the mean over the classes that have objects; `linksim.tasks.base.Task.score` tells the rest."""
        protocol = self.config.protocol
        matches = ap.match(observations, truths, self.classes, protocol)
        found = {"ap50": float(ap.mean(ap.average_precision(matches, pictures, protocol=protocol))[0])}
        if bootstrap:
            resampled = ap.bootstrap(matches, pictures, bootstrap, seed, protocol)
            found["ap50_lo"], found["ap50_hi"] = np.percentile(resampled, (2.5, 97.5)).tolist()
            found["ap50_resampled"] = resampled
        return found
