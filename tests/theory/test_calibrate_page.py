"""The page: files, verdicts and exit codes, from a check that costs nothing."""

import csv
import io

import numpy as np
import pytest
from rich.console import Console

from linksim import cli
from linksim.errors import UserError
from linksim.theory import calibrate
from linksim.theory.check import SEEDS, Check, Effort, Line, Panel, Task
from linksim.theory.checks import CHECKS
from linksim.theory.evidence import Count


def coin(probability: float) -> Check:
    """A coin said to be fair."""
    def build(effort):
        def toss(seed):
            return Count(0.5, int(np.random.default_rng(seed).binomial(400, probability)), 400)
        return [Task("coins", "heads", x, toss, sentinel=x == 1) for x in (0, 1)]

    return Check("coin", "A coin", "Heads.", (Panel("coins", "coin", "share of heads"),), build,
                 lambda: [Line("coins", "heads", np.arange(2), np.full(2, 0.5))])


@pytest.mark.parametrize(("probability", "holds"), [(0.5, True), (0.6, False)])
def test_page_and_verdict(tmp_path, monkeypatch, probability, holds):
    monkeypatch.setattr(calibrate, "CHECKS", (coin(probability),))
    console = Console(record=True, width=140, file=io.StringIO())
    assert calibrate.run_calibration(tmp_path / "out", console=console) is holds
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"calibration.html", "calibrate_coin.png", "calibrate_coin.pdf", "points.csv"}
    page = (tmp_path / "out" / "calibration.html").read_text()
    assert "data:image/png;base64," in page and "A coin" in page
    assert ("FAILS" in page) is not holds
    said = console.export_text()
    assert ("holds" in said) is holds and ("fails A coin: coins, heads" in said) is not holds
    with open(tmp_path / "out" / "points.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows[:4]] == [*map(str, SEEDS), "all"]
    assert int(rows[3]["samples"]) == 400 * len(SEEDS)
    assert rows[-1]["curve"] == "heads, whole curve" and int(rows[-1]["samples"]) == 800 * len(SEEDS)
    assert "Of 2 points 0 couldn't fail" in page and "of 1 curves tested whole, 0 couldn't" in " ".join(page.split())
    assert all(row["passed"] == "True" for row in rows) is holds


def test_what_cannot_fail_alone_is_tested_with_its_curve():
    check = coin(0.5)
    found = [(check, Task("coins", "heads", x, None), [Count(0.5, 1, n)] * len(SEEDS))
             for x, n in enumerate((2, 3, 6, 400))]
    results = calibrate.tests(found)
    seeds = [(r.task.x, r.seed) for r in results if r.seed is not None]
    assert seeds == [(3, seed) for seed in SEEDS]  # 400 tosses: each seed alone
    assert calibrate.blind(results) == (4, 2, 2, 1, 0)  # step .01 / 8: 6 and 9 tosses can't reach it, 18 can
    assert [r.task.curve for r in results if r.whole] == ["heads, whole curve"]


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(calibrate, "CHECKS", (coin(0.6),))
    with pytest.raises(SystemExit) as leaving:
        cli.main(["calibrate", "--out", str(tmp_path)])
    assert leaving.value.code == 1
    with pytest.raises(SystemExit) as leaving:
        cli.main(["calibrate", "--out", str(tmp_path), "--only", "coins"])
    assert leaving.value.code == 2 and "'coins'; there are coin" in capsys.readouterr().err.replace("\n", "")


def test_every_check_is_named_once_and_has_its_panels():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        tasks = check.build(Effort())
        names = {panel.name for panel in check.panels}
        assert {task.panel for task in tasks} == names, check.name
        assert any(task.sentinel for task in tasks) or check.name == "ldpc-published", check.name
    with pytest.raises(UserError, match="uncoded, fading"):
        calibrate.chosen("nothing")


def test_thorough_asks_for_more():
    assert Effort(20.0).of(10) == 200 and Effort(0.001).of(10) == 1


@pytest.mark.parametrize("sees", [True, False])
def test_mistakes_on_the_page(tmp_path, monkeypatch, sees):
    """A mistake that no check sees is a failure of the calibration, and the page says so."""
    from linksim.link import draws
    from linksim.theory import checks, mutations

    fair = coin(0.5)

    def build(effort):
        def toss(seed):  # fair as long as nobody touches the draws
            return Count(0.5, 200 if draws.normal is original or not sees else 350, 400)
        return [Task("coins", "heads", 0, toss, sentinel=True)]

    original = draws.normal
    check = Check("coin", fair.title, fair.about, fair.panels, build, fair.lines)
    monkeypatch.setattr(calibrate, "CHECKS", (check,))
    monkeypatch.setattr(checks, "CHECKS", (check,))
    mistake = mutations.Mistake("weighted", "A coin with a heavy side.", lambda: {"linksim.link.draws.normal": None},
                                "coin")
    monkeypatch.setattr(mutations, "MISTAKES", (mistake,))
    holds = calibrate.run_calibration(tmp_path, console=Console(file=io.StringIO()), mutations=True)
    assert holds is sees and draws.normal is original
    page = (tmp_path / "calibration.html").read_text()
    assert "A coin with a heavy side." in page and ("<td class='words'>nothing</td>" in page) is not sees


def test_a_refusal_of_the_link_is_a_catch(monkeypatch):
    from linksim.theory import mutations

    def build(effort):
        def refused(seed):
            raise ValueError("mean power must be 1")
        return [Task("coins", "heads", 0, refused, sentinel=True)]

    check = Check("coin", "A coin", "", (Panel("coins", "", ""),), build, lambda: [])
    caught = mutations.judge(mutations.Mistake("power", "", dict, "coin"), (check,))
    assert caught.caught and caught.by == ["refused by the link: mean power must be 1"]


def test_an_accident_is_no_catch():
    from linksim.theory import mutations

    def build(effort):
        def broken(seed):
            raise ValueError("operands could not be broadcast together")
        return [Task("coins", "heads", 0, broken, sentinel=True)]

    check = Check("coin", "A coin", "", (Panel("coins", "", ""),), build, lambda: [])
    with pytest.raises(ValueError, match="broadcast"):
        mutations.judge(mutations.Mistake("broken", "", dict, "coin"), (check,))
