"""A folder on this machine whose pictures are one's own, or were given: they pass the same checks as a stranger's."""

from collections.abc import Mapping
from pathlib import Path

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import OK, found, mappings, nothing_found, text, unreadable, web_address
from tryon.errors import ConfigError, DataError
from tryon.formats.tables import parse_table

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
    access = Access.LOCAL
    permission = ""

    def __init__(self, path: str = "", table: str = "", licence: str = "") -> None:
        if not path:
            raise ConfigError("source folder needs the setting `path`", needed="a folder of JPEG, PNG or WebP pictures")
        self._path, self._table, self._licence = Path(path).absolute(), table, licence

    def first_request(self, words: str) -> SearchRequest:
        """The table if there is one, else the folder."""
        if self._table:
            return SearchRequest(str(self._path / self._table), state={"table": True})
        return SearchRequest(str(self._path))

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The pictures in order of their names, after the table that says whose they are."""
        if answer.status != OK:
            return unreadable(Path(request.address), answer)
        try:
            if request.state.get("table"):
                rows = parse_table(answer.body, self._path / self._table, ("file",))
                following = SearchRequest(str(self._path), state={"rows": rows})
                return SearchPage(Outcome.RESULTS, following=following, detail="the table of the folder")
            return self._read_names(mappings(request.state.get("rows")), answer.body.decode("utf-8", "replace"))
        except DataError as error:
            return SearchPage(Outcome.ERROR, detail=str(error))

    def _read_names(self, rows: list[dict[str, str]], listing: str) -> SearchPage:
        there: dict[str, dict[str, str]] = {
            name: {} for name in listing.splitlines() if Path(name).suffix.lower() in ENDINGS
        }
        for number_of_row, row in enumerate(rows, start=2):
            if row["file"] not in there:
                raise DataError(
                    f"table {self._path / self._table}, row {number_of_row}, file",
                    received=row["file"] or "nothing",
                    needed="a JPEG, PNG or WebP picture below the folder",
                    remedy="mend the table, or leave it out to take all pictures",
                )
        wanted = {row["file"]: row for row in rows} if self._table else there
        if not wanted:
            return nothing_found(f"{self._path} holds no picture")
        return found(len(wanted), (self._candidate(name, wanted[name]) for name in sorted(wanted)))

    def _candidate(self, name: str, row: Mapping[str, str]) -> Candidate:
        return Candidate(
            address=str(self._path / name),
            page=web_address(row.get("page")),
            title=text(row.get("title")) or Path(name).stem,
            licence=text(row.get("licence")) or self._licence,
            licence_address=web_address(row.get("licence_address")),
            author=text(row.get("author")),
        )
