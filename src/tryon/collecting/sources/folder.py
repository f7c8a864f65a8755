"""A folder on this machine whose pictures are one's own, or were given: they pass the same checks as a stranger's."""

import os
from pathlib import Path

from tryon.collecting.searching import Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import found, nothing_found, web_address
from tryon.errors import ConfigError, DataError
from tryon.formats.tables import read_table

# What the decoder reads (tryon.images.normalising); files of other names are no pictures to this source.
ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class Folder:
    """All pictures of a folder and those below it, in one answer; the words of a query choose nothing here.

    Args:
        path: of the folder.
        table: a CSV table in it with a column `file` (relative to the folder) and any of `page`, `title`, `licence`,
            `licence_address` and `author`; then only the pictures that it lists are taken.
        licence: of those pictures for which the table names none.
    """

    name = "folder"
    permission = ""

    def __init__(self, path: str = "", table: str = "", licence: str = "") -> None:
        if not path:
            raise ConfigError("source folder needs the setting `path`", needed="a folder of JPEG, PNG or WebP pictures")
        self._path, self._table, self._licence = Path(path).resolve(), table, licence

    def first_request(self, words: str) -> SearchRequest:
        """Its address is that of the folder: nothing has to be fetched."""
        return SearchRequest(self._path.as_uri(), state={"words": words})

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The folder's pictures in order of their paths; the path is the address."""
        try:
            rows = self._listed() if self._table else {path: {} for path in self._pictures()}
        except DataError as error:
            return SearchPage(Outcome.ERROR, detail=str(error))
        if not rows:
            return nothing_found(f"{self._path} holds no picture")
        return found(len(rows), (self._candidate(path, rows[path]) for path in sorted(rows)))

    def _pictures(self) -> list[Path]:
        """Regular files below the folder; what a link leads to elsewhere is not in the folder."""
        if not self._path.is_dir():
            raise DataError(f"{self._path} is no folder", remedy="correct `path` in the query's settings")
        paths = (Path(top, name) for top, _, names in os.walk(self._path) for name in names)
        return [path for path in paths if path.suffix.lower() in ENDINGS and path.is_file() and not path.is_symlink()]

    def _listed(self) -> dict[Path, dict[str, str]]:
        """The pictures that the table lists, each with its row."""
        there = set(self._pictures())
        rows = {}
        for line_number, row in enumerate(read_table(self._path / self._table, ("file",)), start=2):
            path = self._path / row["file"]
            if path not in there:
                raise DataError(
                    f"table {self._path / self._table}, row {line_number}, file",
                    received=row["file"] or "nothing",
                    needed="a JPEG, PNG or WebP picture below the folder",
                    remedy="mend the table, or leave it out to take all pictures",
                )
            rows[path] = row
        return rows

    def _candidate(self, path: Path, row: dict[str, str]) -> Candidate:
        return Candidate(
            address=str(path),
            page=web_address(row.get("page")),
            title=row.get("title", "") or path.stem,
            licence=row.get("licence", "") or self._licence,
            licence_address=web_address(row.get("licence_address")),
            author=row.get("author", ""),
        )
