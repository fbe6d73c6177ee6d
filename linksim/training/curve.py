"""The validation curve of a course: a table beside the weights, and its picture."""

import csv
import os
from pathlib import Path

AXES = ("step", "minute")


def write(points: list[dict], out: Path) -> None:
    """Write <out>.csv, a row per point, and <out>.png, a panel per measure. points: `step`, `minute`, then measures of
    the held-out pictures; `training_loss` is drawn beside `loss`. Each file appears whole or not at all."""
    keys = list(dict.fromkeys(key for point in points for key in point))
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    with open(aside, "w", newline="") as file:
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        writer.writerows(points)
    os.replace(aside, f"{out}.csv")
    _figure(points, [key for key in keys if key not in AXES], out.name).savefig(aside, format="png", dpi=120)
    os.replace(aside, f"{out}.png")


def _figure(points: list[dict], measures: list[str], name: str):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [key for key in measures if key != "training_loss"] or ["training_loss"]
    figure = Figure(figsize=(4 * len(panels), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, key in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        lines = {key: "held out"}
        if key == "loss":
            lines["training_loss"] = "training"
        for line, label in lines.items():
            known = [point for point in points if line in point]
            axes.plot([point["step"] for point in known], [point[line] for point in known], label=label, marker=".")
        axes.set(title=key.replace("_", " "), xlabel="step")
        if len(lines) > 1:
            axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    figure.suptitle(name)
    return figure
