"""`tryon collect` as a person runs it, against a local server that stands in for Openverse."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.misbehaving_server import Reply, Server, picture
from tryon.formats.ledger import read_ledger


def tryon(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from tryon.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def set_collecting(folder: Path, **values: Any) -> None:
    content = yaml.safe_load((folder / "params.yaml").read_text())
    content["collecting"] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def openverse(*results: dict[str, Any]) -> Reply:
    """An answer of the shape that Openverse gives."""
    given = {
        "title": "Shirt",
        "creator": "Ann",
        "foreign_landing_url": "https://example.org/1",
        "license_version": "4.0",
    }
    body = {"result_count": len(results), "page_count": 1, "page": 1, "results": [given | result for result in results]}
    return Reply(json.dumps(body).encode(), headers={"Content-Type": "application/json"})


@pytest.mark.slow
def test_collect_prints_what_it_kept_and_why_not_the_rest(workspace: Path) -> None:
    with Server() as server:
        home = f"http://pictures.test:{server.port}"
        server.routes = {"pictures.test/1.jpg": Reply(picture(1)), "pictures.test/2.jpg": Reply(b"<html>")}
        results = openverse(
            *({"url": f"{home}/{n}.jpg", "license": "by"} for n in (1, 2)), {"url": f"{home}/3.jpg", "license": "by-nc"}
        )
        settings = {"openverse": {"base": home}}
        query = {"words": "blue", "sources": ["openverse"], "pictures": 9, "labels": {}, "settings": settings}
        set_collecting(
            workspace, contact="me@example.org", queries={"blue": query}, domains=["pictures.test"], page_delay_s=0.01
        )
        server._answer = lambda host, path: results if "/v1/images/" in path else server._by_route(host, path)
        done = tryon(workspace, "collect", "blue", TRYON_COLLECT_LOOPBACK=f"pictures.test:{server.port}")
        assert done.returncode == 0, done.stderr
        assert "/robots.txt" in server.seen[1].path and "/v1/images/" in server.seen[0].path
    assert [line.split() for line in done.stdout.splitlines() if "─" not in line] == [
        ["data/collected/blue:", "1", "of", "3", "candidates", "kept"],
        ["refused", "blue"],
        ["no_licence", "1"],
        ["not_a_picture", "1"],
    ]
    assert "blue: 3 of 3 candidates, 1 pictures" in done.stderr and "0 s left" in done.stderr
    rows = read_ledger(workspace / "data/collected/blue/ledger.csv")
    assert [(row.verdict, row.author, row.licence) for row in rows] == [
        ("kept", "Ann", "CC BY 4.0"), ("not_a_picture", "Ann", "CC BY 4.0"), ("no_licence", "Ann", "CC BY-NC 4.0"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_search_that_fails_is_one_message(workspace: Path) -> None:
    with Server(answer=lambda host, path: Reply(b"no", 403, {"Content-Type": "text/plain"})) as server:
        settings = {"openverse": {"base": f"http://down.test:{server.port}"}}
        query = {"words": "blue", "sources": ["openverse"], "pictures": 9, "labels": {}, "settings": settings}
        set_collecting(workspace, contact="me@example.org", queries={"blue": query})
        done = tryon(workspace, "collect", TRYON_COLLECT_LOOPBACK=f"down.test:{server.port}")
    assert done.returncode == 1
    assert "tryon: nothing was found for blue\n  received: openverse: " in done.stderr
    assert "Traceback" not in done.stderr and "remedy:" in done.stderr


def test_collect_needs_a_contact(workspace: Path) -> None:
    done = tryon(workspace, "collect", "blue_t_shirt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tryon: collecting.contact is empty: services want to know whom to write to\n")
    assert not (workspace / "data").exists()
