"""Published and measured numbers, as CSV files with a column `source`."""

import csv
from functools import cache
from importlib.resources import files


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `name`.csv, as strings by column."""
    with files(__package__).joinpath(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
