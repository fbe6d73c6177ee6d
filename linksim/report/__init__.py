"""Figures, the page and the terminal's table, drawn from a run's folder alone."""

from pathlib import Path


def draw(run_dir: Path) -> list[Path]:
    """Draw everything a run folder has the data for; returns the files written, the page last.

    run_dir holds scenario.yaml, provenance.json and table.parquet, and where they were measured
    symbols_vs_mu.csv and examples.npz (see `linksim.report.store`).
    Writes map_vs_snr (map_vs_uses, where schemes ran at several budgets), uses_by_purpose, symbols_vs_mu,
    feasibility (PNG and PDF each), examples.png, paired.csv and report.html.
    UserError where a file is missing or damaged. Drawing twice gives the same bytes.
    """
    from linksim.report import budgets, examples, feasibility, mu, page, paired, snr, uses
    from linksim.report.store import Run

    run = Run.read(Path(run_dir))
    written = [*(budgets if run.series else snr).draw(run), *uses.draw(run)]
    if run.mu:
        written += mu.draw(run)
    if run.feasibility:
        written += feasibility.draw(run)
    if run.examples is not None:
        written += examples.draw(run)
    return [*written, *paired.write(run), page.write(run, written)]
