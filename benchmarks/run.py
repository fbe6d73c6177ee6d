"""The benchmarks of speed and memory, one after the other, each in a process of its own; their verdicts at the end.

    python benchmarks/run.py                 # hours on two cores: `memory` alone looks at 10,000 pictures
    python benchmarks/run.py startup growth  # some of them

Each holds against a reference in the same process, so what it says is true of any machine. Exit code 1: a goal missed.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("startup", "inference", "growth", "ldpc", "workers", "memory", "main_job", "training")
HERE = Path(__file__).parent


def main() -> int:
    told, missed = [], 0
    for name in sys.argv[1:] or BENCHMARKS:
        file = HERE / f"{name}.py"
        if not file.is_file():
            told.append((name, "there is no such benchmark"))
            missed = 1
            continue
        print(f"== {name}: {file.read_text(encoding='utf-8').split(chr(34) * 3)[1].splitlines()[0]}", flush=True)
        lines = []
        with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as run:
            for line in run.stdout:
                print(line, end="", flush=True)
                lines.append(line.strip())
        missed |= run.returncode
        told += [(name, line) for line in lines if "goal" in line or "holds" in line or "MISSED" in line]
        if run.returncode:
            told.append((name, "a goal was MISSED" if lines else "failed"))
    print("\n" + "\n".join(f"{name:12}{line}" for name, line in told))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
