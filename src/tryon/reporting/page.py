"""`reports/index.html`: one offline file of at most 10 MB, and its headline figures."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tryon.config import Params
from tryon.errors import DataError
from tryon.outputs import write_bytes
from tryon.reporting import facts, figures, reading, sections
from tryon.reporting.figures import Figure

MAX_BYTES = 10_000_000
RENDERED_PHOTOS = "data/rendered/photos"
_TEMPLATES = Path(__file__).parent / "templates"


def write_report(root: Path, out: Path, params: Params, run_key: str) -> list[Figure]:
    """Write the report of the run in `root` and return its headline figures.

    Raises:
        DataError: a required artifact is missing or damaged; nothing is written then.
    """
    content = render_page(root, params, run_key).encode()
    if len(content) > MAX_BYTES:
        raise DataError(
            f"{out} would be larger than a page should be",
            received=f"{len(content):,} bytes",
            needed=f"at most {MAX_BYTES:,}",
            remedy="lower `cyclegan.grid_every_epochs`' number of grids or the number of patterns",
        )
    write_bytes(out, content)
    return headline(root, params)


def headline(root: Path, params: Params) -> list[Figure]:
    """The headline figures of a run beside their targets, from its metrics."""
    return figures.headline(reading.read_metrics(root), params.photos.path == RENDERED_PHOTOS)


def render_page(root: Path, params: Params, run_key: str) -> str:
    """The whole page as HTML; texts are escaped, pictures are data addresses, nothing is loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return (
        environment.get_template("report.html")
        .render(
            style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of this package
            script=Markup((_TEMPLATES / "epochs.js").read_text(encoding="utf-8")),  # noqa: S704 - a file of this package
            rendered=params.photos.path == RENDERED_PHOTOS,
            headline=headline(root, params),
            try_ons=sections.try_ons(root, root / params.fitting.pairs_path),
            data=sections.data(root),
            mask_rcnn=sections.mask_rcnn(root),
            cyclegans=[sections.cyclegan(root, pattern, len(params.patterns)) for pattern in params.patterns],
            fitting=sections.fitting(root, params.patterns),
            facts=facts.collect_facts(root, params, run_key),
            timing=sections.timing(root),
        )
        .lstrip()
    )
