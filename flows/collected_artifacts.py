"""What a collection shows in Prefect's pages: its steps, counts by verdict, a sheet of pictures, and a summary."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from flows.artifacts import Rows, as_key, data_uri
from flows.collection_steps import COLLECTED
from tryon.formats.ledger import read_ledger
from tryon.formats.tables import read_table
from tryon.images.sheets import grid

LEDGER, CLEANING = "ledger.csv", "cleaning.csv"
SHEET_COLUMNS, SHEET_ROWS = 6, 4
CELL_PX = 140


def show_collections(workspace: Path, queries: Sequence[str], steps: Rows) -> None:
    """The tables of steps and of counts, a sheet of each collection that has pictures, and the summary."""
    create_table_artifact(table=steps, key="collect-steps", description="Every step of this run")
    counts = [row for query in queries for row in count_verdicts(workspace / COLLECTED / query)]
    if counts:
        create_table_artifact(table=counts, key="collect-verdicts", description="Pictures by verdict, kept or not")
    for query in queries:
        sheet = picture_sheet(workspace / COLLECTED / query)
        if sheet:
            description = f"The newest pictures of {query} that may be used"
            create_image_artifact(image_url=sheet, key=f"collected-{as_key(query)}", description=description)
    create_markdown_artifact(markdown=summary(steps, counts), key="collect-summary")


def count_verdicts(folder: Path) -> Rows:
    """Candidates of a collection by the verdict of the ledger, and kept pictures by that of the cleaning."""
    rows: Rows = []
    if (folder / LEDGER).is_file():
        verdicts = Counter(row.verdict for row in read_ledger(folder / LEDGER))
        rows += _as_rows(folder.name, "collect", verdicts)
    if (folder / CLEANING).is_file():
        cleaned = read_table(folder / CLEANING, ("kept", "reason"))
        kinds = Counter("kept" if row["kept"] == "1" else row["reason"].partition(":")[0] for row in cleaned)
        rows += _as_rows(folder.name, "clean", kinds)
    return rows


def has_pictures(folder: Path) -> bool:
    """Whether anything was kept, so that there is something to clean."""
    return (folder / LEDGER).is_file() and any(row.kept for row in read_ledger(folder / LEDGER))


def picture_sheet(folder: Path) -> str | None:
    """The 24 newest pictures that the cleaning kept, or the ledger before any cleaning; None without any."""
    files = _usable_files(folder)[-SHEET_COLUMNS * SHEET_ROWS :]
    if not files:
        return None
    pictures = [np.asarray(Image.open(folder / file).convert("RGB")) for file in files]
    rows = [pictures[start : start + SHEET_COLUMNS] for start in range(0, len(pictures), SHEET_COLUMNS)]
    return data_uri(Image.fromarray(grid(rows, CELL_PX)))


def summary(steps: Rows, counts: Rows) -> str:
    """What became of each query, what may be used of it, and what is left to do, in Markdown."""
    usable = {row["query"]: row["pictures"] for row in counts if row["verdict"] == "kept"}  # cleaning's row comes last
    lines = ["# Collections", "", "| query | usable pictures | steps |", "|---|---|---|"]
    for query in dict.fromkeys(row["query"] for row in steps if row["step"] == "collect"):
        done = ", ".join(f"{row['step']}: {row['result']}" for row in steps if query in row["query"].split())
        lines.append(f"| `{query}` | {usable.get(query, 0)} | {done} |")
    tracked = [row["query"] for row in steps if row["step"] == "track" and row["result"] == "ran"]
    if tracked:
        files = " ".join(f"{COLLECTED}/{query}.dvc" for query in tracked)
        lines += ["", f"To keep this state: `git add {files}` and commit."]
    return "\n".join(lines) + "\n"


def _as_rows(query: str, step: str, verdicts: "Counter[str]") -> Rows:
    return [
        {"query": query, "step": step, "verdict": verdict, "pictures": count}
        for verdict, count in verdicts.most_common()
    ]


def _usable_files(folder: Path) -> list[str]:
    """Files of the pictures that may be used, the newest last."""
    if not (folder / LEDGER).is_file():
        return []
    files = [row.file for row in sorted(read_ledger(folder / LEDGER), key=lambda row: row.time) if row.kept]
    if not (folder / CLEANING).is_file():
        return files
    usable = {row["file"] for row in read_table(folder / CLEANING, ("file", "kept")) if row["kept"] == "1"}
    return [file for file in files if file in usable]
