"""A run's table as the Markdown that README shows: a line per scheme, the task's score at every SNR, uses a picture.

    python benchmarks/tables.py results/reference/voc_claims
    python benchmarks/tables.py results/reference/voc_claims --key nanodet.ap50 --snr 0 10 20
    python benchmarks/tables.py --page README.md        # the cells of a page's tables anew, their rows as they are

The comment ahead of the table says where it is from; tests/test_readme.py holds every cell behind such a comment to
the committed table.csv.
"""

import argparse
import csv
import re
from pathlib import Path

TABLE = re.compile(r"<!-- (results/\S+) (\S+) -->\n((?:\|.*\n)+)")


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


def cells(line: str) -> list[str]:
    """Of a line of a table in Markdown."""
    return [cell.strip() for cell in line.strip("\n")[1:-1].split("|")]


def anew(text: str, root: Path) -> str:
    """A page whose tables have the cells of the table.csv that they are from, those left empty aside."""
    def table(found: re.Match) -> str:
        folder, key, lines = found.groups()
        heading, rule, *rows = lines.splitlines()
        measured, points = read(root / folder), cells(heading)[1:]
        told = [f"<!-- {folder} {key} -->", heading, rule]
        for name, *old in map(cells, rows):
            new = [cell and _cell(measured, name, at, key) for at, cell in zip(points, old, strict=True)]
            told.append(f"| {' | '.join([name, *new])} |")
        return "\n".join(told) + "\n"

    return TABLE.sub(table, text)


def _cell(lines: dict, name: str, column: str, key: str) -> str:
    """Of a scheme's row, below a heading that is `uses` or an SNR."""
    return f"{mean_uses(lines, name):,.0f}" if column == "uses" else short(float(lines[name, float(column)][key]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of a table.csv")
    parser.add_argument("--page", type=Path, help="write a page's tables anew in the place of printing one")
    parser.add_argument("--key", default="ap50", help="column of table.csv")
    parser.add_argument("--snr", type=float, nargs="+", metavar="DB")
    asked = parser.parse_args()
    if asked.page:
        text = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(anew(text, Path(__file__).parents[1]), encoding="utf-8")
    elif asked.run:
        print(markdown(asked.run, asked.key, asked.snr))
    else:
        parser.error("name a run's folder, or a --page")


if __name__ == "__main__":
    main()
