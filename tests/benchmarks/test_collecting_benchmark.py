"""The collecting benchmark at a small size: all its promises are kept, and each of them can be broken."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import collecting
from benchmarks.misbehaving_server import Seen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[collecting.Run, collecting.Run]:
    """A collection in one go, and one with two kills."""
    folder = tmp_path_factory.mktemp("bench")
    return collecting.collect(folder / "clean", 120, 0), collecting.collect(folder / "killed", 120, 2)


def test_all_promises_are_kept(runs: tuple[collecting.Run, collecting.Run]) -> None:
    figures = collecting.judge(120, *runs)
    assert [promise for promise, kept in figures["promises"].items() if not kept] == [], json.dumps(figures)
    assert (figures["kills"], figures["faults"], sum(figures["verdicts"].values())) == (2, 6, 120)


def test_a_broken_promise_is_seen(runs: tuple[collecting.Run, collecting.Run], tmp_path: Path) -> None:
    clean, killed = runs
    crowd = [Seen(collecting.HOSTS[0], f"/{n}.jpg", {}, 1.0 + n / 1e4, 9.0, 200) for n in range(200)]
    crowded = replace(clean, seen=clean.seen | {collecting.HOSTS[0]: crowd}, memory_mb=[*range(0, 1000, 10)])
    again = replace(killed, seen={host: seen * 2 for host, seen in killed.seen.items()}, folder=tmp_path)
    (tmp_path / "bench/images").mkdir(parents=True)
    lines = (killed.folder / "bench/ledger.csv").read_text().splitlines(keepends=True)
    (tmp_path / "bench/ledger.csv").write_text("".join(lines[:-1]))
    broken = [promise for promise, kept in collecting.judge(121, crowded, again)["promises"].items() if not kept]
    assert broken == [
        "a row for each candidate, with the verdict of its fault",
        "at most two requests to a host at once",
        "the delay between requests is kept",
        "memory is flat",
        "the same ledger and pictures after the kills",
        "no second download but of what was on its way",
    ]


def test_the_whole_program_prints_and_ends_as_it_should(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, runs: tuple[collecting.Run, collecting.Run]
) -> None:
    clean, killed = runs
    monkeypatch.setattr(collecting, "collect", lambda folder, count, kills: killed if kills else clean)
    for pictures, code in ((120, 0), (121, 1)):
        monkeypatch.setattr(sys, "argv", ["collecting", "--pictures", str(pictures)])
        with pytest.raises(SystemExit) as ended:
            collecting.main()
        assert ended.value.code == code
        assert json.loads(capsys.readouterr().out)["candidates"] == pictures
