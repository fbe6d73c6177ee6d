"""The door: every command of `linksim`. What is wrong is said in one message (exit code 2).

Nothing heavy is imported at the head of this file: `--help` and `list` load no TensorFlow.
"""

import logging
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from linksim.errors import UserError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's notes about its own build aren't the user's

app = typer.Typer(
    name="linksim", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False,
    add_completion=False, help="""
Which system lets the receiver's task work best on this channel, with this many channel uses?

A scenario asks it, a run answers it with a table and figures:

    linksim run scenarios/rayleigh_slow.yaml
""")


@app.command()
def run(
    scenarios: Annotated[list[Path], typer.Argument(
        metavar="SCENARIO...", help="YAML file with the question, e.g. scenarios/awgn.yaml; several share workers")],
    out: Annotated[Path | None, typer.Option(
        help="Folder for everything it writes; of several scenarios, the one that holds a folder for each. "
             "[default: results/<name>]")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=(
        "Change any key of the scenario; as often as needed. Lists by index, schemes also by name or type."
    ))] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace an earlier run in the folder.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=(
        "Look at all that the run needs, guess its time and memory; measure nothing, write nothing."))] = False,
    executor: Annotated[str, typer.Option(help="Who measures: local, or ray.")] = "local",
    address: Annotated[str | None, typer.Option(
        help="A running Ray cluster, e.g. auto, or 10.0.0.1:6379. [default: one is started here]")] = None,
    workers: Annotated[int | None, typer.Option(
        help="How many processes measure. [default: local 1, ray one for every GPU or else core]")] = None,
):
    """Measure every scheme of a scenario at every SNR; leave table, figures and provenance in a folder.

    A run that was stopped goes on where it was: give the same command again.

    [bold]Examples[/bold]

        linksim run scenarios/rayleigh_slow.yaml
        linksim run scenarios/awgn.yaml --set pictures=16 --out results/quick
        linksim run scenarios/awgn.yaml --set schemes.0.mu=0.4 --fresh
        linksim run results/awgn/scenario.yaml --out again    # the plan is in it
        linksim run scenarios/awgn.yaml --dry-run
        linksim run scenarios/awgn.yaml scenarios/rayleigh_slow.yaml --executor ray
    """
    from linksim.scenario import load

    questions = [load(scenario, changes or []) for scenario in scenarios]
    named = [asked.name for asked in questions]
    if len(set(named)) < len(named):
        raise UserError(f"several scenarios need different names, each its own folder (found {', '.join(named)})")
    outs = [out or Path("results") / named[0]] if len(named) == 1 else [
        (out or Path("results")) / name for name in named]
    console = _console()
    for asked, folder in zip(questions, outs, strict=True):
        console.print(f"[bold]{escape(asked.name)}[/bold]: {len(asked.schemes)} schemes, {len(asked.snr_db)} SNRs, "
                      f"{asked.pictures} pictures x {asked.realisations}, into {escape(str(folder))}", highlight=False)
    try:
        _wake_tensorflow()
        if dry_run:
            from linksim.experiment.rehearsal import rehearse

            for asked, folder in zip(questions, outs, strict=True):
                rehearse(asked, folder, fresh, console)
            return
        from linksim.experiment.engine import run_all
        from linksim.experiment.executors import choose
        from linksim.report import draw
        from linksim.report.table import print_table

        run_all(list(zip(questions, outs, strict=True)), fresh, console, choose(executor, address, workers))
        for folder in outs:
            draw(folder)
            print_table(folder, console)
            console.print(f"Everything is in {escape(str(folder))}")
    except KeyboardInterrupt:
        again = ["linksim", "run", *map(str, scenarios), "--out", str(outs[0] if len(outs) == 1 else outs[0].parent),
                 *(f"--set={change}" for change in changes or [])]
        _error(f"Stopped. Every finished part is kept. Go on with:\n    {shlex.join(again)}")
        raise typer.Exit(130) from None


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="What the file holds: yolov5")],
    file: Annotated[Path, typer.Argument(help="ONNX file as YOLOv5's own export.py writes it")],
    out: Annotated[Path | None, typer.Option(
        help="Weights file to write. [default: FILE's name with .npz]")] = None,
):
    """Bring in weights that you have: official YOLOv5 from its ONNX export. Nothing in the file is run.

    [bold]Example[/bold]

        linksim import yolov5 yolov5n.onnx --out yolov5n.npz
        linksim run scenarios/voc_rayleigh_slow.yaml --set source.path=VOCdevkit \\
            --set task.weights=yolov5n.npz
    """
    if kind != "yolov5":
        raise UserError(f"can't import {kind!r}; known: yolov5")
    if not file.is_file():
        raise UserError(f"no file at {file}")
    from linksim.tasks.yolov5.onnx_import import import_yolov5

    written = import_yolov5(file, out or Path(file.name).with_suffix(".npz"))
    Console().print(f"Written: {escape(str(written))}", highlight=False)


@app.command()
def train(
    recipe: Annotated[str | None, typer.Argument(help="Name of a recipe; left out, they are listed")] = None,
    out: Annotated[Path | None, typer.Option(
        help="Weights file (.npz) to write, with its card and its validation curve beside it; left out, the recipe's "
             "options are told")] = None,
    minutes: Annotated[float, typer.Option(help="Wall-clock time to train for, interruptions left out")] = 30.0,
    options: Annotated[list[str] | None, typer.Option(
        "--set", metavar="KEY=VALUE", help="An option of the recipe; as often as needed.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace what an earlier training left.")] = False,
):
    """Train weights by one of the recipes that made the shipped ones.

    Stopped, by Ctrl-C too, it goes on where it was: give the same command again.
    The card of shipped weights (linksim/weights/NAME.json) holds the command
    that made them, and the time it took.

    [bold]On a GPU[/bold] any Keras backend will do; TensorFlow and Sionna aren't needed.
    Take along the photographs as a folder, the detector, and the air as arrays:

        linksim import yolov5 yolov5n.onnx --out coco.npz
        linksim train air --out air.npz    # where TensorFlow and Sionna are

        pip install --no-deps -e . && pip install "jax\\[cuda12]" keras pillow \\
            pydantic pyyaml typer rich scipy matplotlib
        KERAS_BACKEND=jax linksim train sesc --out mine.npz --minutes 60 \\
            --set 'sources=\\[{type: folder, path: photos}]' \\
            --set detector=coco.npz --set input_size=640 \\
            --set air=air.npz --set batch=64

    [bold]Examples[/bold]

        linksim train             # the recipes
        linksim train sesc        # its options
        linksim train yolov5 --minutes 60 --out yolov5n-mine.npz
    """
    from linksim.training.recipes import describe, kept, prepare

    if recipe is None or out is None:
        Console().print(escape(describe(recipe)), highlight=False, soft_wrap=True)
        raise typer.Exit(0 if recipe is None or not (options or fresh) else 2)
    begin = prepare(recipe, out, minutes, options or [], fresh)
    try:
        _wake_keras()
        begin()
    except KeyboardInterrupt:
        again = ["linksim", "train", recipe, "--out", str(out), "--minutes", f"{minutes:g}",
                 *(f"--set={option}" for option in options or [])]
        left = "The checkpoint is kept." if kept(out) else "There was no checkpoint yet."
        _error(f"Stopped. {left} Go on with:\n    {shlex.join(again)}")
        raise typer.Exit(130) from None


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="Folder that a run has left; several are compared")],
    out: Annotated[Path, typer.Option(help="Where a comparison goes.")] = Path("results/compare"),
):
    """Draw the figures of a finished run again, from its folder alone; of several runs, the comparison.

    [bold]Examples[/bold]

        linksim report results/rayleigh_slow
        linksim report results/awgn results/rayleigh_slow results/tdl_a_30kmh --out results/channels
    """
    if len(folders) == 1:
        from linksim.report import draw

        written = draw(folders[0])
    else:
        from linksim.report.compare import draw as compare

        written = compare(folders, out)
    for path in written:
        Console().print(escape(str(path)), highlight=False)


@app.command()
def calibrate(
    out: Annotated[Path, typer.Option(help="Folder for the page, its figures and its points.")] = Path(
        "results/calibration"),
    thorough: Annotated[bool, typer.Option(
        "--thorough", help="Twenty times as many samples: hours, intervals 4.5 times tighter.")] = False,
    only: Annotated[str | None, typer.Option(metavar="NAME", help="One check, e.g. uncoded.")] = None,
    mutations: Annotated[bool, typer.Option(
        "--mutations", help="Also make deliberate mistakes in the link and show which check catches each.")] = False,
):
    """Hold the link to theory: simulate closed forms and published tables again, and judge every point.

    Exit code 1 when a check fails.

    [bold]Examples[/bold]

        linksim calibrate
        linksim calibrate --only uncoded --thorough
        linksim calibrate --mutations --out results/calibration
    """
    console = _console()
    try:
        _wake_tensorflow()
        from linksim.theory.calibrate import run_calibration

        holds = run_calibration(out, thorough, console, only, mutations)
    except KeyboardInterrupt:
        _error("Stopped before the end; no page was written.")
        raise typer.Exit(130) from None
    if not holds:
        raise typer.Exit(1)


@app.command("list")
def list_():
    """What a scenario can name: sources, schemes, channels, tasks; shipped weights; training recipes."""
    from linksim.doctor import inventory

    Console().print(inventory())


@app.command()
def doctor():
    """What this machine has: versions, devices, OpenJPEG, shipped weights; and what is missing."""
    from contextlib import suppress

    from linksim.doctor import examine

    with suppress(ImportError):  # examine() reports it
        _wake_tensorflow()
    found, missing = examine()
    console = Console()
    console.print(found)
    for line in missing:
        console.print(f"[red]missing[/red] {escape(line)}", highlight=False)
    if missing:
        raise typer.Exit(1)
    console.print("Nothing is missing.")


def main(arguments: list[str] | None = None) -> None:
    """Run the door; arguments: the command line without the program's name, or None for the process's own."""
    try:
        app(args=arguments)
    except UserError as error:
        _error(str(error))
        sys.exit(2)


def _console() -> Console:
    """The terminal; a log file gets lines wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _wake_tensorflow() -> None:
    """Load TensorFlow without what it prints about itself before its log level holds, or advises later on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _wake_keras() -> None:
    """Load what Keras computes with; TensorFlow unless the user says otherwise."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if find_spec(backend) is None:
        raise UserError(f"KERAS_BACKEND is {backend}, which isn't installed; install it, or set "
                        "another one: tensorflow, jax, torch")
    if backend == "tensorflow":
        _wake_tensorflow()


def _error(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[red]linksim:[/red] {escape(message)}", highlight=False)


if __name__ == "__main__":
    main()
