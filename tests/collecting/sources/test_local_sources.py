"""Lists of addresses and folders: read where they lie, each fault named with file and line."""

from pathlib import Path

import pytest

from tryon.collecting.searching import Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest, Source
from tryon.collecting.sources.addresses import Addresses
from tryon.collecting.sources.folder import Folder
from tryon.errors import ConfigError


def read(source: Source) -> SearchPage:
    """What a crawler does with a local source: nothing is fetched, a path is read and a folder listed."""
    request: SearchRequest | None = source.first_request("blue t-shirt")
    while request:
        page = source.read(request, _look(Path(request.address)))
        request = page.following
    return page


def _look(path: Path) -> SearchAnswer:
    try:
        names = [str(file.relative_to(path)) for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
        body = "\n".join(sorted(names)).encode() if path.is_dir() else path.read_bytes()
    except OSError as error:
        return SearchAnswer(str(path), 404, {}, str(error.strerror).encode())
    return SearchAnswer(str(path), 200, {}, body)


def test_a_text_file_of_addresses(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\ufeff# ours\nhttps://a.example/1.jpg\n\n  https://a.example/2 b.jpg  \nhttps://a.example/1.jpg\n")
    page = read(Addresses(str(path), licence="CC0"))
    assert page == SearchPage(
        Outcome.RESULTS,
        (Candidate("https://a.example/1.jpg", licence="CC0"), Candidate("https://a.example/2%20b.jpg", licence="CC0")),
    )


def test_a_table_of_addresses_says_more(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "author,address,licence,licence_address,page,title,width,height\n"
        "Ada,https://a.example/1.jpg,CC BY 4.0,https://c.example/by,https://a.example/,One,640,wide\n"
        ",https://a.example/2.jpg,,,,,,\n"
    )
    first, second = read(Addresses(str(path), licence="ours")).candidates
    assert first == Candidate(
        "https://a.example/1.jpg", "https://a.example/", "One", "CC BY 4.0", "https://c.example/by", "Ada", 640, 0
    )
    assert second == Candidate("https://a.example/2.jpg", licence="ours")


@pytest.mark.parametrize(
    ("name", "content", "outcome", "detail"),
    [
        ("list.txt", "# nothing yet\n", Outcome.EMPTY, "holds no address"),
        ("list.txt", "https://a.example/1.jpg\n/etc/passwd\n", Outcome.ERROR, "line 2"),
        ("list.txt", "file:///etc/passwd\n", Outcome.ERROR, "line 1"),
        ("list.txt", "ftp://a.example/1.jpg\n", Outcome.ERROR, "http"),
        ("list.csv", "url\nhttps://a.example/1.jpg\n", Outcome.ERROR, "address"),
        ("list.csv", "address\nhttps://a.example/1.jpg\n,\n", Outcome.ERROR, "row 3"),
        ("list.csv", "address,page\nhttps://a.example/1.jpg,\n,\n", Outcome.ERROR, "line 3"),
        ("list.txt", b"\xff\xfe\x00", Outcome.ERROR, "UTF-8"),
        ("missing.txt", None, Outcome.ERROR, "cannot be read"),
        ("missing.csv", None, Outcome.ERROR, "cannot be read"),
    ],
)
def test_lists_that_cannot_be_used(
    tmp_path: Path, name: str, content: str | bytes | None, outcome: Outcome, detail: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    page = read(Addresses(str(tmp_path / name)))
    assert (page.outcome, page.candidates, page.following) == (outcome, (), None)
    assert detail in page.detail


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of files; whether they are pictures is for the decoder to say."""
    folder = tmp_path / "my pictures"
    (folder / "below").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "below/c.webp", "notes.txt", ".jpg"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return folder


def test_a_folder_gives_its_pictures_and_nothing_from_elsewhere(pictures: Path) -> None:
    page = read(Folder(str(pictures), licence="ours"))
    assert page.outcome == Outcome.RESULTS
    assert [candidate.address for candidate in page.candidates] == [
        str(pictures / name) for name in ("a.png", "b.JPG", "below/c.webp")
    ]
    assert {candidate.licence for candidate in page.candidates} == {"ours"}
    assert page.candidates[0].title == "a"


def test_a_table_in_the_folder_names_licences(pictures: Path) -> None:
    (pictures / "rights.csv").write_text(
        "file,licence,author,page,colour\nbelow/c.webp,CC0,Ada,https://a.example/c,blue\na.png,,,,\n"
    )
    first, second = read(Folder(str(pictures), table="rights.csv", licence="ours")).candidates
    assert first == Candidate(str(pictures / "a.png"), title="a", licence="ours")
    assert second == Candidate(
        str(pictures / "below/c.webp"), "https://a.example/c", title="c", licence="CC0", author="Ada"
    )


@pytest.mark.parametrize("file", ["gone.jpg", "../secret.jpg", "link.jpg", "notes.txt", "/etc/passwd"])
def test_a_table_may_only_list_pictures_of_the_folder(pictures: Path, file: str) -> None:
    (pictures / "rights.csv").write_text(f"file,licence\n{file},CC0\n")
    page = read(Folder(str(pictures), table="rights.csv"))
    assert page.outcome == Outcome.ERROR
    assert "row 2" in page.detail and file in page.detail


def test_an_empty_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    assert read(Folder(str(tmp_path))).outcome == Outcome.EMPTY
    missing = read(Folder(str(tmp_path / "gone")))
    assert (missing.outcome, "cannot be read: No such file" in missing.detail) == (Outcome.ERROR, True)


def test_a_path_is_needed() -> None:
    for source in (Addresses, Folder):
        with pytest.raises(ConfigError, match="path"):
            source()
