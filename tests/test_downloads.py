"""Downloads from a real local server: whole or absent, checked, continued after a kill, and one message offline."""

import functools
import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tryon.downloads import Published, cache_folder, fetch
from tryon.errors import ServiceError

CONTENT = bytes(range(256)) * 12000  # three chunks


class Server(ThreadingHTTPServer):
    """Serves CONTENT under any path and remembers the ranges that it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        self.ranges: list[str | None] = []
        self.content, self.knows_ranges, self.cut_after, self.stall = CONTENT, True, 0, threading.Event()
        self.stalls = False
        super().__init__(("127.0.0.1", 0), Handler)

    def published(self) -> Published:
        md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        return Published(f"http://127.0.0.1:{self.server_port}/release/weights.h5", len(CONTENT), md5)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        body = server.content[start:]
        self.wfile.write(body[: server.cut_after] if server.cut_after else body)
        if server.stalls:
            self.wfile.flush()
            server.stall.wait(30)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=functools.partial(running.serve_forever, poll_interval=0.02))
        thread.start()
        yield running
        running.stall.set()
        running.shutdown()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_comes_once_and_is_checked_again(server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tryon")
    for _ in range(2):
        assert fetch(server.published(), tmp_path / "cache").read_bytes() == CONTENT
    assert server.ranges == [None]
    assert names(tmp_path / "cache") == ["weights.h5", "weights.h5.lock"]
    assert "weights.h5: 2 of 2 MB" in caplog.text


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_cut_off_fetch_goes_on_where_it_stopped(server: Server, tmp_path: Path, knows_ranges: bool) -> None:
    server.cut_after, server.knows_ranges = 1_500_000, knows_ranges
    with pytest.raises(ServiceError, match=r"weights\.h5 was cut off"):
        fetch(server.published(), tmp_path)
    part = tmp_path / "weights.h5.part"
    assert not (tmp_path / "weights.h5").exists() and part.read_bytes() == CONTENT[: part.stat().st_size]
    server.cut_after = 0
    assert fetch(server.published(), tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={1_500_000}-"]


def test_a_killed_fetch_leaves_no_file_and_goes_on(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.stalls = 1_500_000, True
    published = server.published()
    program = (
        "import sys; from pathlib import Path; from tryon.downloads import Published, fetch;"
        "fetch(Published(sys.argv[1], int(sys.argv[2]), sys.argv[3]), Path(sys.argv[4]))"
    )
    command = [sys.executable, "-c", program, published.url, str(published.size), published.md5, str(tmp_path)]
    child = subprocess.Popen(command)
    while not (part := tmp_path / "weights.h5.part").exists() or part.stat().st_size < 2**20:
        assert child.poll() is None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "weights.h5").exists()
    server.cut_after, server.stalls = 0, False
    assert fetch(published, tmp_path).read_bytes() == CONTENT
    assert server.ranges[-1] not in (None, "bytes=0-")


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"more", b"<html>not found</html>" * 200000])
def test_another_file_is_refused_and_removed(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(ServiceError, match=r"not the published file[\s\S]*needed: 3072000 bytes, md5"):
        fetch(server.published(), tmp_path)
    assert names(tmp_path) == ["weights.h5.lock"]


def test_a_file_damaged_on_the_disk_is_refused_and_fetched_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ServiceError, match="has been removed"):
        fetch(server.published(), tmp_path)
    assert fetch(server.published(), tmp_path).read_bytes() == CONTENT


def test_offline_is_one_message_with_the_place_to_put_the_file(tmp_path: Path) -> None:
    with Server() as closed:
        published = closed.published()
    with pytest.raises(ServiceError) as caught:
        fetch(published, tmp_path)
    said = str(caught.value)
    assert "weights.h5 could not be fetched from http://127.0.0.1" in said
    assert "Connection refused" in said and f"put it at {tmp_path / 'weights.h5'}" in said


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with Server() as closed:
        published = closed.published()
    with pytest.raises(ServiceError, match=r"taken/weights cannot be made[\s\S]*remedy: set XDG_CACHE_HOME"):
        fetch(published, tmp_path / "taken/weights")


def test_a_file_put_there_by_hand_needs_no_network(tmp_path: Path) -> None:
    with Server() as closed:
        published = closed.published()
    (tmp_path / "weights.h5").write_bytes(CONTENT)
    assert fetch(published, tmp_path) == tmp_path / "weights.h5"


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tryon"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/tryon"
