"""A list of addresses in a file of one's own: a text file with one a line, or a CSV table that says more of each."""

from pathlib import Path

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import OK, found, nothing_found, number, text, unreadable, web_address
from tryon.errors import ConfigError, DataError
from tryon.formats.tables import parse_table

COMMENT = "#"


class Addresses:
    """All addresses of a file, in one answer; the words of a query choose nothing here.

    Args:
        path: of the file. A table (`.csv`) needs the column `address`; it may have `page`, `title`, `licence`,
            `licence_address`, `author`, `width` and `height`.
        licence: of those pictures for which the table names none.
    """

    name = "addresses"
    access = Access.LOCAL
    permission = ""

    def __init__(self, path: str = "", licence: str = "") -> None:
        if not path:
            raise ConfigError("source addresses needs the setting `path`", needed="a text or CSV file of addresses")
        self._path, self._licence = Path(path), licence

    def first_request(self, words: str) -> SearchRequest:
        """The file itself."""
        return SearchRequest(str(self._path))

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The file's addresses; a line that holds none is an error that names it."""
        if answer.status != OK:
            return unreadable(self._path, answer)
        try:
            candidates = [self._candidate(line, row) for line, row in self._rows(answer.body)]
        except DataError as error:
            return SearchPage(Outcome.ERROR, detail=str(error))
        return found(len(candidates), candidates) if candidates else nothing_found(f"{self._path} holds no address")

    def _rows(self, content: bytes) -> list[tuple[int, dict[str, str]]]:
        """What the file says of each address, with the number of its line."""
        if self._path.suffix.lower() == ".csv":
            return list(enumerate(parse_table(content, self._path, ("address",)), start=2))
        try:
            lines = content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DataError(
                f"the list {self._path} cannot be read", received=error, needed="a text file in UTF-8"
            ) from error
        wanted = ((number_of_line, line.strip()) for number_of_line, line in enumerate(lines, start=1))
        return [(number_of_line, {"address": line}) for number_of_line, line in wanted if line and line[0] != COMMENT]

    def _candidate(self, number_of_line: int, row: dict[str, str]) -> Candidate:
        address = web_address(row["address"])
        if not address:
            raise DataError(
                f"the list {self._path}, line {number_of_line}, address",
                received=row["address"] or "nothing",
                needed="an address that starts with http:// or https://",
                remedy="use the source `folder` for files on this machine",
            )
        return Candidate(
            address=address,
            page=web_address(row.get("page")),
            title=text(row.get("title")),
            licence=text(row.get("licence")) or self._licence,
            licence_address=web_address(row.get("licence_address")),
            author=text(row.get("author")),
            width=number(row.get("width")),
            height=number(row.get("height")),
        )
