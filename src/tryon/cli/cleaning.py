"""`tryon clean`: which pictures of collections are fit for use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tryon.cli.application import app
from tryon.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from tryon.cleaning.collections import Collection
    from tryon.cleaning.measuring import Model
    from tryon.config import Params


@app.command()
def clean(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Collections: data/collected/...")],
    models: Annotated[Path, typer.Option(help="Folder with mask_rcnn/.")] = Path("models"),
    without_model: Annotated[bool, typer.Option("--without-model", help="Leave out what needs Mask R-CNN.")] = False,
    decisions: Annotated[Path, typer.Option(help="What a person decided.")] = Path("decisions/garments.csv"),
    reports: Annotated[Path, typer.Option(help="Folder of the pages.")] = Path("reports/cleaning"),
) -> None:
    """Find faulty, unfit and duplicate pictures of collections.

    Nothing is deleted: each collection gets cleaning.csv, labels.csv and a page.

    \b
    Example:
    tryon clean data/collected/blue_t_shirt data/collected/striped_t_shirt
    """
    from tryon.cleaning.collections import clean as clean_collections
    from tryon.config import load_params
    from tryon.formats.decisions import read_decisions

    params = load_params()
    collections = [_collection(folder, params) for folder in folders]
    model = None if without_model else _load(models / "mask_rcnn")
    counts = clean_collections(
        collections,
        reports,
        limits=params.cleaning,
        decisions=read_decisions(decisions),
        seed=params.seed,
        model=model,
    )
    for name, count in counts.items():
        refused = ", ".join(f"{kind} {n}" for kind, n in sorted(count.items()) if kind != "kept")
        print(f"{name}: kept {count['kept']} of {count.total()}" + (f" ({refused})" if refused else ""))
        print(f"{reports / name / 'index.html'}")


def _collection(folder: Path, params: "Params") -> "Collection":
    from tryon.cleaning.collections import Collection

    query = params.collecting.queries.get(folder.name)
    if query is None:
        raise ConfigError(
            f"{folder}: params.yaml does not say what this collection shows",
            received=folder.name,
            needed=f"collecting.queries.NAME.labels; there are: {', '.join(sorted(params.collecting.queries))}",
            remedy="add the query, or name a folder of data/collected",
        )
    return Collection(folder, query.labels["colour"], query.labels["pattern"])


def _load(folder: Path) -> "Model":
    if not (folder / "model.json").is_file():
        raise ModelError(
            f"{folder / 'model.json'} is missing: there is no trained model",
            needed="mask_rcnn/ in the folder of --models",
            remedy="run `make repro`, or leave these checks out with --without-model",
        )
    from tryon.cleaning.model import load_model

    return load_model(folder)
