"""What a rebuild shows in Prefect's pages: stages, metrics, sheets of results and of each pattern, and a summary."""

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

PICTURE_FOLDERS = ("reports/fitting/cases", "data/results")
SHEET_WIDTH_PX = 900
SHEET_PICTURES = 6
REPORT = Path("reports/index.html")

Rows = list[dict[str, Any]]


def show_stages(rows: Rows) -> None:
    """A table with one row a stage: name, kind, result and seconds."""
    create_table_artifact(table=rows, key="stages", description="Every stage of this run")


def show_results(workspace: Path, stages: Rows, run_key: str) -> None:
    """The metrics table, the pictures (if there are any) and the summary."""
    metrics = read_metrics(workspace)
    if metrics:
        create_table_artifact(table=metrics, key="metrics", description="All figures under metrics/")
    sheet = results_sheet(workspace)
    if sheet:
        create_image_artifact(image_url=sheet, key="results-sheet", description="Fitted pictures of this run")
    for pattern, grids in pattern_sheets(workspace).items():
        description = f"CycleGAN of {pattern}: input, fake, cycled and identity pictures, first and last grid"
        create_image_artifact(image_url=grids, key=f"cyclegan-{as_key(pattern)}", description=description)
    create_markdown_artifact(markdown=summary(workspace, stages, metrics, run_key), key="rebuild-summary")


def read_metrics(workspace: Path) -> Rows:
    """Every figure of the metrics files as file, name and value; timing is not a metric."""
    rows: Rows = []
    for file in sorted((workspace / "metrics").rglob("*.json")):
        if file.name != "timing.json":
            content = json.loads(file.read_text(encoding="utf-8"))
            rows += [
                {"file": file.relative_to(workspace).as_posix(), "metric": name, "value": value}
                for name, value in sorted(content.items())
                if isinstance(value, int | float)
            ]
    return rows


def results_sheet(workspace: Path) -> str | None:
    """Up to six pictures of the first folder that has some, one below the other, as a data URI; None without any."""
    for folder in PICTURE_FOLDERS:
        files = sorted((workspace / folder).glob("*.png"))[:SHEET_PICTURES]
        if files:
            return data_uri(_stacked([Image.open(file).convert("RGB") for file in files]))
    return None


def pattern_sheets(workspace: Path) -> dict[str, str]:
    """The first and the last grid of each trained pattern, one below the other, as a data URI."""
    sheets = {}
    for folder in sorted((workspace / "models/cyclegan").glob("*/grids")):
        pages = sorted(folder.glob("epoch_*.png"))
        if pages:
            shown = dict.fromkeys([pages[0], pages[-1]])
            sheets[folder.parent.name] = data_uri(_stacked([Image.open(page).convert("RGB") for page in shown]))
    return sheets


def summary(workspace: Path, stages: Rows, metrics: Rows, run_key: str) -> str:
    """What ran, the seconds, the run key and where the report is, in Markdown."""
    counts = Counter(row["result"] for row in stages)
    lines = ["# Rebuild", "", ", ".join(f"{count} {result}" for result, count in counts.items()), ""]
    lines += [f"- run key `{run_key}`", f"- seconds in stages: {sum(row['seconds'] for row in stages):.0f}"]
    report = workspace / REPORT
    if report.is_file():
        lines.append(f"- report: [{REPORT.as_posix()}]({report.resolve().as_uri()})")
    lines += ["", "| metric | value |", "|---|---|"] if metrics else []
    lines += [f"| `{row['file']}` {row['metric']} | {row['value']:.4g} |" for row in metrics]
    return "\n".join(lines) + "\n"


def as_key(name: str) -> str:
    """Prefect's keys have dashes where our names have underscores."""
    return name.replace("_", "-")


def _stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    width = min(SHEET_WIDTH_PX, max(picture.width for picture in pictures))
    scaled = [picture.resize((width, max(1, round(picture.height * width / picture.width)))) for picture in pictures]
    sheet = Image.new("RGB", (width, sum(picture.height for picture in scaled)))
    top = 0
    for picture in scaled:
        sheet.paste(picture, (0, top))
        top += picture.height
    return sheet


def data_uri(picture: Image.Image) -> str:
    """A picture as an address that holds it, as JPEG."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
