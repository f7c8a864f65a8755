"""`tryon experiment`, `compare` and `replay`: runs of the pipeline and their figures."""

from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app
from tryon.errors import DataError, UsageError


@app.command()
def experiment(
    name: Annotated[str, typer.Argument(help="experiments/NAME.yaml")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="A further value, section.key=value.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=20, help="Repetitions; else as many as its file says.")
    ] = None,
) -> None:
    """Run a parameter set in a workspace of its own.

    Run again, it goes on where it stopped.

    \b
    Example:
    tryon experiment tiny --set cyclegan.constant_epochs=2
    """
    from tryon.experiments import run_experiment
    from tryon.reporting.summary import print_summary

    workspaces = run_experiment(Path.cwd(), name, settings or [], seeds)
    report = workspaces[0] / "reports/index.html"
    if len(workspaces) == 1 and report.is_file():
        print_summary(workspaces[0], report)
    else:
        _print_repeated({name: workspaces})


@app.command()
def compare(
    names: Annotated[list[str] | None, typer.Argument(help="Experiments; all that were run if none is given.")] = None,
    slices: Annotated[bool, typer.Option(help="Also figures by slice.")] = False,
) -> None:
    """Show the metrics of several runs side by side.

    `default` is this checkout; the others are experiments, repeated ones as means with 95 % intervals.

    \b
    Example:
    tryon compare default tiny
    """
    from tryon.experiments import grouped_workspaces
    from tryon.reporting.reading import read_metrics

    known = grouped_workspaces(Path.cwd())
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        raise UsageError(f"no workspace {', '.join(unknown)}", needed=f"some of: {', '.join(known)}")
    chosen = {name: known[name] for name in names or known if names or any(map(read_metrics, known[name]))}
    if not any(read_metrics(path) for paths in chosen.values() for path in paths):
        raise DataError("nothing has been measured yet", remedy="run `make repro` or `tryon experiment NAME`")
    _print_repeated(chosen, slices=slices)


@app.command()
def replay() -> None:
    """Send runs recorded while MLflow was away.

    \b
    Example:
    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 tryon replay
    """
    from tryon.tracking import replay_journals

    print(f"{replay_journals()} runs sent")


def _print_repeated(experiments: "dict[str, list[Path]]", *, slices: bool = False) -> None:
    """A table of experiments, and one of their differences where repeated ones stand side by side."""
    from tryon.console import print_table
    from tryon.reporting.repetitions import difference_rows, read_repeated, repeated_rows

    repeated = {name: read_repeated(workspaces) for name, workspaces in experiments.items()}
    print_table(*repeated_rows(repeated, slices=slices))
    titles, rows = difference_rows(repeated)
    if rows:
        print_table(titles, rows)
