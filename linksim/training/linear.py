"""Recipe `linear`: principal components of the patches of a source's training pictures."""

import time
from pathlib import Path

import numpy as np

from linksim.training.cards import command, machine, portable


def train(out: Path, minutes: float = 0, sources: list[dict] | None = None, pictures: int = 1500,
          components: int = 384) -> Path:
    """Write `out` (.npz and card): mean, basis, deviation of 16 x 16 patches. Nothing is trained."""
    asked = dict(locals())
    from linksim import weights
    from linksim.registry import lookup
    from linksim.schemes.linear_code import cut, fit

    began, samples = time.time(), []
    sources = sources or [{"type": "scenes"}]
    for config in sources:
        cls = lookup("source", config["type"])
        source = cls(cls.Config(**config), "train")
        indices = np.linspace(0, len(source) - 1, min(pictures, len(source))).astype(int)
        samples.append(cut(source.batch(indices)[0]).reshape(-1, 768)[::3])
    code = fit(np.concatenate(samples), components)
    arrays = {"mean": code.mean, "basis": code.basis.astype(np.float16), "deviation": code.deviation}
    card = {
        "kind": "linear", "name": Path(out).stem, "recipe": "linear", "classes": [], "data": portable(sources),
        "machine": machine(), "minutes": round((time.time() - began) / 60, 2),
        "command": command("linear", asked | {"sources": sources}),
        "scores": {"variance_kept": float((code.deviation**2).sum())},
        "config": {"patch": 16, "components": components}, "courses": [],
    }
    weights.save(Path(out), arrays, card)
    return Path(out)
