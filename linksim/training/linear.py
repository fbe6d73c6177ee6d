"""Recipe `linear`: principal components of the patches of a source's training pictures."""

import json
import time
from pathlib import Path

import numpy as np


def train(out: Path, minutes: float = 0, sources: list[dict] | None = None, pictures: int = 1500, components: int = 384) -> Path:
    """Write `out` (.npz and card): mean, basis, deviation of 16 x 16 patches. minutes is not used: nothing is trained."""
    from linksim import weights
    from linksim.registry import lookup
    from linksim.schemes.linear_code import cut, fit

    began, samples = time.time(), []
    for config in sources or [{"type": "scenes"}]:
        cls = lookup("source", config["type"])
        source = cls(cls.Config(**config), "train")
        indices = np.linspace(0, len(source) - 1, min(pictures, len(source))).astype(int)
        samples.append(cut(source.batch(indices)[0]).reshape(-1, 768)[::3])
    code = fit(np.concatenate(samples), components)
    arrays = {"mean": code.mean, "basis": code.basis.astype(np.float16), "deviation": code.deviation}
    card = {"kind": "linear", "name": Path(out).stem, "data": sources, "recipe": "linear",
            "minutes": round((time.time() - began) / 60, 2), "classes": [], "config": {"patch": 16, "components": components},
            "command": f"linksim train linear --out {Path(out).name} --set sources={json.dumps(sources)}",
            "scores": {"variance_kept": float((code.deviation**2).sum())}}
    weights.save(Path(out), arrays, card)
    return Path(out)
