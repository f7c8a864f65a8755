"""`tryon unpack`: what it prints, where it takes the password from, and what it refuses."""

import getpass
import sys
from pathlib import Path

import pytest

from tests.archives.made_archives import PASSWORD, WANTED, contents, expected, files, write_archive
from tests.cli.test_cli import Outcome
from tryon.cli.archiving import PASSWORD_VARIABLE


@pytest.fixture
def archive(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encrypted archive in the current directory, and the password in the environment."""
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    return write_archive(workspace / "train.zip")


def test_the_pictures_that_pass_the_filters_are_written_and_counted(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(capsys, "unpack", "train.zip", "--out", "out")
    assert (outcome.code, outcome.out) == (0, "out/train: 3 of 6 pictures, category 3, faulty 0\n")
    assert files(archive.parent / "out").items() >= expected(WANTED).items()


def test_categories_and_limit_replace_those_of_the_parameters(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(capsys, "unpack", "train.zip", "--out", "out", "--categories", "8", "--limit", "2")
    assert (outcome.code, outcome.out) == (0, "out/train: 2 of 6 pictures, category 2, faulty 0\n")
    outcome = Outcome(capsys, "unpack", "train.zip", "--out", "both", "--categories", "8", "--categories", "1")
    assert (outcome.code, outcome.out) == (0, "both/train: 6 of 6 pictures, faulty 0\n")


def test_z37_the_password_is_asked_for_on_a_terminal(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: PASSWORD)
    assert Outcome(capsys, "unpack", "train.zip", "--out", "out").code == 0


def test_z37_without_a_terminal_the_variable_is_named(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    outcome = Outcome(capsys, "unpack", "train.zip", "--out", "out")
    assert outcome.code == 2 and "tryon: the archive is encrypted and there is no password" in outcome.err
    assert PASSWORD_VARIABLE in outcome.err and "Traceback" not in outcome.err


def test_z37_the_password_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--password" not in Outcome(capsys, "unpack", "--help").out
    assert Outcome(capsys, "unpack", "train.zip", "--out", "out", "--password", "x").code == 2


def test_an_archive_of_pictures_alone_is_refused_with_a_remedy(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = {name: content for name, content in contents(top="test/").items() if "image" in name}
    write_archive(archive.parent / "test.zip", pictures)
    outcome = Outcome(capsys, "unpack", "test.zip", "--out", "out")
    assert outcome.code == 1 and outcome.err == (
        "tryon: test.zip holds 6 pictures and 0 annotations, 0 of them pairs\n"
        "  received: members beside them: none\n"
        "  needed: TOP/image/NNNNNN.jpg with TOP/annos/NNNNNN.json, at most 2 of them alone\n"
        "  remedy: fetch the archive again; of DeepFashion2's test pictures no annotations are published\n"
    )
