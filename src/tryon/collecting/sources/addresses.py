"""A list of addresses in a file of one's own: a text file with one a line, or a CSV table that says more of each."""

from pathlib import Path

from tryon.collecting.searching import Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import found, nothing_found, number, web_address
from tryon.errors import ConfigError, DataError
from tryon.formats.tables import read_table

COMMENT = "#"


class Addresses:
    """All addresses of a file, in one answer; the words of a query choose nothing here.

    Args:
        path: of the file. A table (`.csv`) needs the column `address`; it may have `page`, `title`, `licence`,
            `licence_address`, `author`, `width` and `height`.
        licence: of those pictures for which the table names none.
    """

    name = "addresses"
    permission = ""

    def __init__(self, path: str = "", licence: str = "") -> None:
        if not path:
            raise ConfigError("source addresses needs the setting `path`", needed="a text or CSV file of addresses")
        self._path, self._licence = Path(path), licence

    def first_request(self, words: str) -> SearchRequest:
        """Its address is that of the file: nothing has to be fetched."""
        return SearchRequest(self._path.absolute().as_uri(), state={"words": words})

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The file's addresses; a line that holds none is an error that names it."""
        try:
            rows = self._rows()
            candidates = [self._candidate(number_of_line, row) for number_of_line, row in rows]
        except DataError as error:
            return SearchPage(Outcome.ERROR, detail=str(error))
        return found(len(candidates), candidates) if candidates else nothing_found(f"{self._path} holds no address")

    def _rows(self) -> list[tuple[int, dict[str, str]]]:
        if self._path.suffix.lower() == ".csv":
            return list(enumerate(read_table(self._path, ("address",)), start=2))
        try:
            lines = self._path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"the list {self._path} cannot be read", received=error, needed="a text file in UTF-8"
            ) from error
        wanted = ((line_number, line.strip()) for line_number, line in enumerate(lines, start=1))
        return [(line_number, {"address": line}) for line_number, line in wanted if line and line[0] != COMMENT]

    def _candidate(self, line_number: int, row: dict[str, str]) -> Candidate:
        address = web_address(row["address"])
        if not address:
            raise DataError(
                f"the list {self._path}, line {line_number}, address",
                received=row["address"] or "nothing",
                needed="an address that starts with http:// or https://",
                remedy="use the source `folder` for files on this machine",
            )
        return Candidate(
            address=address,
            page=web_address(row.get("page")),
            title=row.get("title", ""),
            licence=row.get("licence", "") or self._licence,
            licence_address=web_address(row.get("licence_address")),
            author=row.get("author", ""),
            width=number(row.get("width")),
            height=number(row.get("height")),
        )
