"""What a run of rayleigh_slow says about the claims of the SE-SC paper and about the strength of the baseline.

    linksim run scenarios/rayleigh_slow.yaml
    python benchmarks/claims.py results/rayleigh_slow

Reads table.parquet alone and prints each claim with its numbers and a verdict.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


def curve(table: list[dict], scheme: str, key: str = "ap50") -> tuple[np.ndarray, np.ndarray]:
    """(snr_db, values) of a scheme or bound, by rising SNR."""
    points = sorted((line["snr_db"], line[key]) for line in table if line["scheme"] == scheme)
    if not points:
        raise SystemExit(f"no scheme {scheme!r} in this table; it has {sorted({line['scheme'] for line in table})}")
    return np.array(points).T


def gap_db(weak: tuple, strong: tuple) -> np.ndarray:
    """How many dB more `weak` needs for the same value, at each of its points that `strong` reaches too."""
    (snr, value), (other, reached) = weak, strong
    reached = np.maximum.accumulate(reached)  # a rising curve can be read backwards
    inside = (value >= reached[0]) & (value <= reached[-1])
    return snr[inside] - np.interp(value[inside], reached, other)


def say(claim: str, numbers: np.ndarray, holds: bool) -> None:
    print(f"{'yes' if holds else 'NO '}  {claim}\n       " + "  ".join(f"{n:+.3f}" for n in np.atleast_1d(numbers)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    table = pq.read_table(options.run / "table.parquet").to_pylist()

    snr, kept = curve(table, "SE-SC mu 0.2")
    full, linear = curve(table, "SE-SC full")[1], curve(table, "linear")[1]
    saved = 1 - curve(table, "SE-SC mu 0.2", "uses")[1] / curve(table, "SE-SC full", "uses")[1]
    print("SNR in dB:  " + "  ".join(f"{s:g}" for s in snr))
    say("mu 0.2 within .02 of full from 10 dB on (difference)", (kept - full)[snr >= 10],
        bool((kept - full >= -0.02)[snr >= 10].all()))
    say("mu 0.2 saves at least 25 % of full's channel uses", saved[:1], bool((saved >= 0.25).all()))
    say("above `linear` everywhere at equal uses (difference)", kept - linear, bool((kept > linear).all()))
    for name in ("JPEG2000 per picture", "JPEG2000 constant quality"):
        envelope = curve(table, f"{name}: envelope")
        say(f"above the envelope of {name} up to 10 dB (difference at all SNR)", kept - envelope[1],
            bool((kept > envelope[1])[snr <= 10].all()))
    gap = gap_db(curve(table, "JPEG2000 per picture: envelope"), curve(table, "JPEG2000 per picture: capacity bound"))
    say("envelope within 2.5 dB of a capacity-achieving code's outage bound (gap in dB)", gap, bool((gap <= 2.5).all()))


if __name__ == "__main__":
    main()
