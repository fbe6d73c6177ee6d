"""Task "classification": what is the main object? The receiver's detector answers; the largest object is the truth."""

import numpy as np

from linksim.registry import register
from linksim.tasks.finder import Finder
from linksim.tasks.mean import mean_score

NORMAL = 1.96  # standard deviations of a two-sided 95 % interval


@register("task", "classification")
class Classification(Finder):
    """The class of the main object, by YOLOv5 (or a detector you bring), scored by top-1 accuracy."""

    metric = "accuracy"
    metric_label = "top-1 accuracy (class of the largest object, by a detector)"

    def score(self, observations: list[dict], truths: list, pictures: np.ndarray, bootstrap: int = 0,
              seed: int = 0) -> dict[str, float]:
        """Share of rows whose main find is of the main object's class; nothing found is wrong. Pictures without an
        object that counts (one of `classes`, not difficult) are left out; 0 where all are.

        The interval is the bootstrap's. Where all rows agree it would have no width, and Wilson's stands there, with as
        many trials as there are pictures."""
        known = [main_object(truth, self.classes) for truth in truths]
        rows = [i for i, label in enumerate(known) if label is not None]
        hit = np.array([main_find(observations[i]) == known[i] for i in rows], float)
        if not rows:
            return {"accuracy": 0.0} | ({"accuracy_lo": 0.0, "accuracy_hi": 1.0} if bootstrap else {})
        pictures = np.asarray(pictures)[rows]
        found = mean_score({"accuracy": hit}, pictures, bootstrap, seed)
        if bootstrap and found["accuracy"] in (0.0, 1.0):
            found["accuracy_lo"], found["accuracy_hi"] = wilson(found["accuracy"], len(np.unique(pictures)))
        return found


def main_object(truth, classes: tuple[str, ...]) -> int | None:
    """Index in `classes` of the largest object that isn't difficult, by the area of its box; None where none counts."""
    areas = {i: float(np.prod(truth.boxes[i, 2:] - truth.boxes[i, :2])) for i, name in enumerate(truth.labels)
             if name in classes and not truth.difficult[i]}
    return classes.index(truth.labels[max(areas, key=areas.get)]) if areas else None


def main_find(found: dict) -> int | None:
    """Label of the find of largest expected area, score x area of its box; None where nothing was found."""
    if not len(found["scores"]):
        return None
    sides = np.maximum(found["boxes"][:, 2:] - found["boxes"][:, :2], 0)
    return int(found["labels"][np.argmax(found["scores"] * sides.prod(axis=1))])


def wilson(share: float, trials: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a binomial share (J. Amer. Statist. Assoc. 22, 1927)."""
    z2 = NORMAL**2 / trials
    centre, half = share + z2 / 2, np.sqrt(z2 * (share * (1 - share) + z2 / 4))
    return max(float((centre - half) / (1 + z2)), 0.0), min(float((centre + half) / (1 + z2)), 1.0)
