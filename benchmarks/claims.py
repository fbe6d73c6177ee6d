"""What a run says about the claims of the SE-SC paper, the goals of this project and the strength of its baselines.

    linksim run scenarios/claims.yaml
    python benchmarks/claims.py results/claims
    python benchmarks/claims.py results/voc_claims --judge nanodet    # as a judge of `also` saw them

Reads the run's folder alone and prints each goal that it can say something about: at every SNR the value measured, its
95 % interval (paired bootstrap over pictures, `linksim.report.paired`; of a loss the one-sided upper 95 % bound), and a
verdict: `yes` where the interval meets the goal too, `measured` where only the measured value does, `NO` where neither.

Schemes are recognised by what the scenario says of them: of type sesc with mu 0 (`full`), .2, or a name that says
`23.7 %` or `40 %` (mu or uses chosen on calibration pictures, benchmarks/mu_for_saving.py); linear; `reference, full`
and `no masks, full` of scenarios/masks.yaml and benchmarks/ablation.py; conventional ones by their `bounds`, each
beside each sesc scheme with as many uses, by its own score or its envelope's, whichever is better.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.report import caption
from linksim.report.paired import Pair, pair
from linksim.report.store import Run

EQUAL = 0.03  # uses are called equal where they differ by no more than this share
SHORT = 0.02  # what saves less than a claim by more than this isn't held to it


@dataclass(frozen=True)
class Finding:
    """One goal at one SNR, or without `least` and `most` a comparison without a goal. lo, hi:
    interval; of a one-sided upper bound `lo` is -inf. note: what should be known beside it."""

    snr_db: float
    measured: float
    lo: float
    hi: float
    least: float = -np.inf
    most: float = np.inf
    note: str = ""

    @property
    def verdict(self) -> str:
        if np.isneginf(self.least) and np.isposinf(self.most):
            return ""
        if not self.least <= self.measured <= self.most:
            return "NO"
        return "yes" if self.least <= self.lo and self.hi <= self.most else "measured"

    def __str__(self) -> str:
        ends = f"at most {self.hi:+.3f}" if np.isneginf(self.lo) else f"{self.lo:+.3f} to {self.hi:+.3f}"
        return f"{self.verdict:>10}  {self.snr_db:5g} dB  {self.measured:+.3f}  ({ends}){self.note}"


Goal = tuple[str, list[Finding]]


def loss(one: Pair, most: float) -> Finding:
    return Finding(one.snr_db, one.loss, -np.inf, one.loss_upper, most=most)


def difference(one: Pair, least: float, most: float = np.inf) -> Finding:
    return Finding(one.snr_db, one.difference, one.difference_lo, one.difference_hi, least, most)


def ratio(one: Pair, least: float) -> Finding:
    return Finding(one.snr_db, one.ratio, one.ratio_lo, one.ratio_hi, least)


def at(run: Run, name: str | None, other: str | None, judge: Callable[[Pair], Finding],
       where: Callable[[float], bool] = lambda snr: True) -> list[Finding]:
    """`judge` of the pair at every SNR that is asked for; nothing where one of the two isn't in the run."""
    if name is None or other is None:
        return []
    found = (pair(run, name, other, snr) for snr in run.snr_db if where(snr))
    return [judge(one) for one in found if one]


def those(run: Run, kind: str, says: str = "", **keys) -> list[str]:
    """The schemes of a type whose names say `says` and whose configs have `keys`."""
    return [scheme["name"] for scheme in run.scenario["schemes"] if scheme["type"] == kind
            and says in scheme["name"] and all(scheme.get(key) == value for key, value in keys.items())]


def named(run: Run, kind: str, says: str = "", **keys) -> str | None:
    """The first of `those`."""
    return next(iter(those(run, kind, says, **keys)), None)


def uses(run: Run, name: str) -> float:
    return float(np.mean([point["uses"] for point in run.points(name)]))


def saved(run: Run, name: str, other: str | None) -> float:
    """The share of the other's uses that a scheme does without."""
    return 1 - uses(run, name) / uses(run, other) if other else np.nan


def config_of(run: Run, name: str) -> dict:
    """What the scenario says of a scheme."""
    return next(scheme for scheme in run.scenario["schemes"] if scheme["name"] == name)


def fixed(run: Run, name: str) -> int | None:
    """The channel uses that a conventional scheme was given for every picture, where it has no other scheme's."""
    config = config_of(run, name)
    return config.get("uses") if "bounds" in config else None


def partners(run: Run, name: str) -> list[str]:
    """The sesc schemes that spend as many channel uses as a conventional one was given: whose budget it has, picture by
    picture, then those that spend as many in all."""
    kinds = {scheme["name"]: scheme["type"] for scheme in run.scenario["schemes"]}
    config = config_of(run, name)
    given = config.get("budget_as") if kinds.get(config.get("budget_as")) == "sesc" else None
    if name in run.series and not given:  # the same budget
        budget = name.removeprefix(run.series[name])
        return [other for other, kind in kinds.items() if kind == "sesc" and other in run.series
                and other.removeprefix(run.series[other]) == budget]
    own = fixed(run, name) or uses(run, given or name)
    apart = {other: abs(uses(run, other) / own - 1) for other, kind in kinds.items()
             if kind == "sesc" and other != given}
    near = sorted((other for other in apart if apart[other] <= EQUAL), key=apart.get)
    return [given, *near] if given else near


def better(run: Run, name: str, snr_db: float) -> str:
    """A scheme or its envelope (which takes a code's waterfall for a step), whichever scores more at an SNR."""
    values = {line["scheme"]: line["ap50"] for line in run.table if line["snr_db"] == snr_db}
    return max((name, f"{name}: envelope"), key=lambda one: values.get(one, -1.0))


def unspent(run: Run, rival: str, ours: str, snr_db: float) -> str:
    """Whether a rival couldn't spend what it was given: no file of its codec is so small."""
    spent, theirs = (next(point["uses"] for point in run.points(name) if point["snr_db"] == snr_db)
                     for name in (rival, ours))
    given = fixed(run, rival) or theirs
    return f"  {rival} spends {spent:,.0f} of {given:,.0f} uses" if spent < (1 - EQUAL) * given else ""


def of_the_paper(run: Run) -> Iterator[Goal]:
    """What sending less costs."""
    usual, full = named(run, "sesc", mu=0.2), named(run, "sesc", mu=0.0)
    for fewer in those(run, "sesc", "23.7 %"):
        share = saved(run, fewer, usual)
        most = 0.02 if share > 0.237 - SHORT else np.inf
        yield ("23.7 % fewer uses than mu = .2 cost at most 2 % of its AP50, relative, below 11 dB (the paper: 9.5 %)"
               f"; {fewer} saves {share:.1%} of the uses here",
               at(run, fewer, usual, lambda p, most=most: loss(p, most), lambda snr: snr < 11))
    for forty in those(run, "sesc", "40 %"):
        share = saved(run, forty, full)
        least = -0.01 if share > 0.4 - SHORT else -np.inf
        yield (f"40 % fewer uses than full cost at most .01; {forty} saves {share:.1%} of the uses here",
               at(run, forty, full, lambda p, least=least: difference(p, least)))
    yield ("full is within .01 of the same network trained without masks",
           at(run, named(run, "sesc", says="reference, full"), named(run, "sesc", says="no masks, full"),
              lambda p: difference(p, -0.01)))


def beside_the_baselines(run: Run) -> Iterator[Goal]:
    """At equal channel uses, against each conventional scheme or its envelope; boxes are the answer itself."""
    steady = run.scenario["link"]["channel"]["model"] == "awgn"
    least = {snr: 1.0 for snr in run.snr_db if snr <= 15} if steady else {
        snr: 2.0 if snr <= 5 else 1.3 if snr == 10 else 1.0 for snr in run.snr_db if snr <= 5 or snr in (10, 20)}
    goal = "1.0 up to 15 dB" if steady else "2 up to 5 dB, 1.3 at 10 dB, 1 at 20 dB"
    for rival in (scheme["name"] for scheme in run.scenario["schemes"] if "bounds" in scheme):
        bounded = " or its envelope" if f"{rival}: envelope" in run.bounds else ""
        for ours in partners(run, rival):
            pairs = [pair(run, ours, better(run, rival, snr), snr) for snr in least]
            yield (f"{ours}, where both may spend as many uses: at least so many times {rival}{bounded}: {goal}",
                   [replace(ratio(one, least[one.snr_db]), note=unspent(run, rival, ours, one.snr_db))
                    for one in pairs if one])
    for boxes in (scheme["name"] for scheme in run.scenario["schemes"] if scheme["type"] == "boxes_ldpc"):
        ours = next(iter(partners(run, boxes)), None) or named(run, "sesc", mu=0.2)
        yield (f"no goal: {ours} minus {boxes}, which sends no picture",
               at(run, ours, boxes, lambda p: difference(p, -np.inf)))


def beside_linear(run: Run) -> Iterator[Goal]:
    linear = named(run, "linear", uses=64, budget_as=None, budget=None)
    if linear and run.scenario["link"]["channel"]["model"] == "awgn":
        most = (1 + EQUAL) * uses(run, linear)
        for name in (name for name in those(run, "sesc") if uses(run, name) <= most):
            yield (f"{name} at least .20 above {linear} at 5 and 10 dB; {uses(run, name):,.0f} uses, of linear "
                   f"{uses(run, linear):,.0f}",
                   at(run, name, linear, lambda p: difference(p, 0.2), lambda snr: snr in (5, 10)))
    for scheme in run.scenario["schemes"]:
        if scheme["type"] == "linear":
            ours = next(iter(partners(run, scheme["name"])), None)
            yield (f"{ours} above {scheme['name']} at equal uses",
                   at(run, ours, scheme["name"], lambda p: difference(p, 0.0)))


def of_the_baselines(run: Run) -> Iterator[Goal]:
    """How strong the conventional arm is: dB that the envelope needs more than a capacity-achieving code."""
    for bound in (name for name in run.bounds if name.endswith(": envelope")):
        best = bound.replace(": envelope", ": capacity bound")
        if best in run.bounds:
            yield (f"{bound} within 2.5 dB of its capacity bound (in dB)",
                   [Finding(snr, gap, gap, gap, most=2.5) for snr, gap in gaps_db(run, bound, best)])


def gaps_db(run: Run, weak: str, strong: str) -> list[tuple[float, float]]:
    """(SNR, how many dB less `strong` needs for as much) at each point of `weak` whose value `strong` reaches too."""
    (snr, value), (other, reached) = (np.array([(p["snr_db"], p["ap50"]) for p in run.points(name, "bound")]).T
                                      for name in (weak, strong))
    reached = np.maximum.accumulate(reached)  # a rising curve can be read backwards
    inside = (value >= reached[0]) & (value <= reached[-1])
    gaps = snr[inside] - np.interp(value[inside], reached, other)
    return list(zip(snr[inside].tolist(), gaps.tolist(), strict=True))


def goals(run: Run) -> list[Goal]:
    """All goals that the run has something to say of."""
    parts = (of_the_paper, beside_the_baselines, beside_linear, of_the_baselines)
    return [goal for part in parts for goal in part(run) if goal[1]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--judge", help="label of a further task of the scenario, under `also`")
    asked = parser.parse_args()
    try:
        run = Run.read(asked.run)
        run = run.judged_by(asked.judge) if asked.judge else run
    except UserError as error:
        raise SystemExit(str(error)) from None
    print(f"{caption.data(run)}\n{caption.channel(run)}; {caption.interval(run)}")
    for warning in run.warnings:
        print(f"Warning: {warning}")
    for goal, found in goals(run):
        print(f"\n{goal}")
        print("\n".join(map(str, found)))


if __name__ == "__main__":
    main()
