"""A run's table as the Markdown that README shows: a line per scheme, the task's score at every SNR, uses a picture.

    python benchmarks/tables.py results/reference/voc_claims
    python benchmarks/tables.py results/reference/voc_claims --key nanodet.ap50 --snr 0 10 20

The comment ahead of the table says where it is from; tests/test_readme.py holds every cell behind such a comment to
the committed table.csv.
"""

import argparse
import csv
from pathlib import Path


def read(folder: Path) -> dict[tuple[str, float], dict[str, str]]:
    """The lines of a run's table.csv by scheme and SNR."""
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        return {(line["scheme"], float(line["snr_db"])): line for line in csv.DictReader(file)}


def mean_uses(lines: dict, scheme: str) -> float | None:
    """A scheme's channel uses, the mean over SNR; None of a bound."""
    uses = [float(line["uses"]) for (name, _), line in lines.items() if name == scheme and line["uses"]]
    return sum(uses) / len(uses) if uses else None


def short(value: float) -> str:
    """Three digits, as README writes shares: .123."""
    return f"{value:.3f}".removeprefix("0")


def markdown(folder: Path, key: str, snr: list[float] | None) -> str:
    """The comment and the table. SystemExit tells what isn't there."""
    if not (folder / "table.csv").is_file():
        raise SystemExit(f"{folder} holds no table.csv")
    lines = read(folder)
    columns = next(iter(lines.values()))
    if key not in columns:
        raise SystemExit(f"--key {key}: the columns are {', '.join(columns)}")
    points = snr or sorted({at for _, at in lines})
    told = [f"<!-- {folder.as_posix()} {key} -->", f"| at SNR (dB) | {' | '.join(f'{at:g}' for at in points)} | uses |",
            "|---" * (len(points) + 2) + "|"]
    for name in dict.fromkeys(name for name, _ in lines):
        cells = [lines.get((name, at), {}).get(key) for at in points]
        uses = mean_uses(lines, name)
        told.append(f"| {name} | {' | '.join(short(float(cell)) if cell else '' for cell in cells)} | "
                    f"{f'{uses:,.0f}' if uses else ''} |")
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
