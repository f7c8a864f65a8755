"""The `tryon` command. Results go to stdout, logs to stderr; exit codes: 0 done, 1 expected failure, 2 wrong usage.

Nothing heavy is imported before a command runs, so that `tryon --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tryon.errors import DataError, ModelError, TryonError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

app = typer.Typer(
    name="tryon",
    help="Virtual try-on of T-shirts: a photo and a garment in, the same photo wearing it out.",
    epilog="Exit codes: 0 done, 1 expected failure (one message with a remedy), 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STATE_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; the console script's entry point."""
    from tryon.console import read_environment, set_up_logging

    set_up_logging()
    for name, value in read_environment(Path("infra/env")).items():
        os.environ.setdefault(name, value)
    try:
        app(args=None if argv is None else list(argv), prog_name="tryon")
    except TryonError as error:
        print(f"tryon: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


@app.command()
def doctor() -> None:
    """Check this machine and this checkout, a remedy a line.

    Exit code 1 if something fails.

    \b
    Example:
    tryon doctor
    """
    from tryon.console import print_table
    from tryon.doctor import State, examine

    checks = examine(Path.cwd())
    rows = [(check.name, check.state.value, check.found, check.remedy) for check in checks]
    print_table(("check", "state", "found", "what to do"), rows, STATE_COLOURS)
    failed = [check.name for check in checks if check.state is State.FAIL]
    if failed:
        raise DataError(f"not ready: {', '.join(failed)}", remedy="follow the last column of these lines")


@app.command()
def fit(
    photo: Annotated[Path, typer.Option(help="Photo of a person who wears a shirt (JPEG, PNG, WebP).")],
    garment: Annotated[Path, typer.Option(help="Picture of the T-shirt to put on.")],
    out: Annotated[Path, typer.Option(help="The result, a PNG.")],
    pattern: Annotated[str | None, typer.Option(help="Draw this pattern instead of recognising it.")] = None,
    models: Annotated[Path, typer.Option(help="Folder with mask_rcnn/ and cyclegan/PATTERN/.")] = Path("models"),
) -> None:
    """Put a garment on the person of a photo.

    Pixels outside the shirt stay exactly as they are.

    \b
    Example:
    tryon fit --photo me.jpg --garment shirt.jpg --out result.png
    """
    _require_png(out)
    from tryon.config import load_params
    from tryon.images.decoding import read_untrusted

    params = load_params()
    pictures = read_untrusted(photo), read_untrusted(garment)
    if not (models / "mask_rcnn/model.json").is_file():  # the loader says it too, after seconds of importing
        raise ModelError(
            f"{models / 'mask_rcnn/model.json'} is missing: there is no trained model",
            needed=f"mask_rcnn/ and cyclegan/PATTERN/ in {models}",
            remedy="run `make repro`, or name the folder with --models",
        )
    from tryon.fitting.files import write_result
    from tryon.fitting.fitter import Fitter
    from tryon.tracking import run_key

    fitter = Fitter.load(models / "mask_rcnn", models / "cyclegan", params.fitting, params.cutouts.margin)
    result = fitter.fit(*pictures, pattern)
    write_result(out, result, run_key())
    redrawn = float((result.alpha > 0).mean())
    print(f"{out}: pattern {result.pattern}, {redrawn:.1%} of the photo redrawn")


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="The sheet, a PNG.")],
    count: Annotated[int, typer.Option(min=1, max=200, help="Examples: photo, garment, exact answer.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sheet.")] = 1,
    size: Annotated[int, typer.Option(min=64, max=512, help="Side of each picture, in pixels.")] = 192,
) -> None:
    """Draw a contact sheet of rendered examples.

    \b
    Example:
    tryon render --out sheet.png --count 12 --seed 1
    """
    _require_png(out)
    from tryon.images.files import write_png
    from tryon.images.sheets import grid

    cells = [cell for index in range(count) for cell in _example(seed, index, size)]
    columns = 3 * (2 if count > 1 else 1)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    write_png(out, grid(rows, cell_px=size))
    print(f"{out}: {count} examples of photo, garment and exact answer")


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A DeepFashion2 folder, or a COCO or VIA file.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="A folder for DeepFashion2, else a JSON file.")],
    from_format: Annotated[str, typer.Option("--from", help="deepfashion2, coco or via.")],
    to_format: Annotated[str, typer.Option("--to", help="deepfashion2, coco or via.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the picture files, if they lie elsewhere.")] = None,
) -> None:
    """Convert annotations between DeepFashion2, COCO and VIA.

    \b
    Example:
    tryon convert data/photos/test test.json --from deepfashion2 --to coco
    """
    from tryon.conversion import Format
    from tryon.conversion import convert as convert_annotations

    for option, value in (("--from", from_format), ("--to", to_format)):
        if value not in list(Format):
            raise UsageError(f"{option} names no format", received=value, needed=", ".join(Format))
    count = convert_annotations(
        source, target, from_format=Format(from_format), to_format=Format(to_format), images=images
    )
    print(f"{target}: annotations of {count} pictures")


@app.command()
def adopt(
    to_pattern: Annotated[Path, typer.Argument(metavar="TO_PATTERN", help="*_net_G_A.pth, from plain to the pattern.")],
    to_plain: Annotated[Path, typer.Argument(metavar="TO_PLAIN", help="*_net_G_B.pth, from the pattern to plain.")],
    out: Annotated[Path, typer.Option(help="Model folder to write; its name is the pattern's.")],
    garments: Annotated[Path, typer.Option(help="Cut-outs (RGBA) of garments of the pattern.")],
    size: Annotated[int, typer.Option(min=32, max=1024, help="Side that the generators were trained at.")] = 256,
) -> None:
    """Use generators trained with the PyTorch CycleGAN.

    Nothing in the checkpoints is executed.

    \b
    Example:
    tryon adopt latest_net_G_A.pth latest_net_G_B.pth --garments data/domains/blue/trainB --out models/cyclegan/blue
    """
    if size % 4:
        raise UsageError("--size must be a multiple of 4", received=size)
    from tryon.models.cyclegan.reference.generators import adopt_generators

    found = adopt_generators(to_pattern, to_plain, garments, out, size)
    print(f"{out}: generators of {found.generator_blocks} blocks, {found.generator_filters} filters, {size} px")


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


def _example(seed: int, index: int, size_px: int) -> "tuple[NDArray[np.uint8], ...]":
    """A photo, a garment and the same scene in it; blue and striped garments in turn."""
    from tryon.rendering.dataset import draw_photo, stream
    from tryon.rendering.looks import sample_look
    from tryon.rendering.photo import exact_answer, wear
    from tryon.rendering.shop import render_garment, sample_layout

    drawn, worn, _ = draw_photo(seed, "train", index, size_px)
    rng = stream(seed, index)
    look = sample_look(rng, ("blue", "striped")[index % 2])
    photo = wear(drawn, worn).image
    return photo, render_garment(sample_layout(rng, size_px), look).image, exact_answer(photo, drawn, look)


def _require_png(out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise UsageError("--out must be a PNG file", received=out, remedy=f"use {out.with_suffix('.png')}")
