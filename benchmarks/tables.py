"""A run's table as the Markdown that README shows: a line per scheme, the task's score at every SNR, uses a picture.

    python benchmarks/tables.py results/reference/voc_claims
    python benchmarks/tables.py results/reference/voc_claims --key nanodet.ap50 --snr 0 10 20

The comment ahead of the table says where it is from; tests/test_readme.py holds every cell behind such a comment to
the committed table.csv.
"""

import argparse
import csv
from pathlib import Path


def read(folder: Path) -> list[dict[str, str]]:
    """The lines of a run's table.csv."""
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def short(value: float) -> str:
    """Three digits, as README writes shares: .123."""
    return f"{value:.3f}".removeprefix("0") if 0 <= value < 1 else f"{value:.3f}"


def markdown(folder: Path, key: str, snr: list[float] | None) -> str:
    """The comment and the table."""
    lines = read(folder)
    points = snr or sorted({float(line["snr_db"]) for line in lines})
    told = [f"<!-- {folder.as_posix()} {key} -->", f"| at SNR (dB) | {' | '.join(f'{at:g}' for at in points)} | uses |",
            "|---" * (len(points) + 2) + "|"]
    for name in dict.fromkeys(line["scheme"] for line in lines):
        at = {float(line["snr_db"]): line for line in lines if line["scheme"] == name and line.get(key)}
        cells = [short(float(at[one][key])) if one in at else "" for one in points]
        uses = [float(line["uses"]) for line in at.values() if line.get("uses")]
        told.append(f"| {name} | {' | '.join(cells)} | {f'{sum(uses) / len(uses):,.0f}' if uses else ''} |")
    return "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--key", default="ap50", help="column of table.csv")
    parser.add_argument("--snr", type=float, nargs="+", metavar="DB")
    asked = parser.parse_args()
    print(markdown(asked.run, asked.key, asked.snr))


if __name__ == "__main__":
    main()
