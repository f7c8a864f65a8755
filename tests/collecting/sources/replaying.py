"""Saved answers behind a real local HTTP server, and what a crawler does with a source, without any politeness."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from tryon.collecting.searching import SearchAnswer, SearchPage, SearchRequest, Source

SAVED = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Reply:
    """What the server sends."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it came: path, the first of each value of its query, headers in lower case."""

    path: str
    values: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Replay:
    """A running server: its address, and what it was asked."""

    base: str
    asked: list[Asked]

    def walk(self, source: Source, words: str = "blue t-shirt", at_most: int = 50) -> list[SearchPage]:
        """What a source reads, request after request, until there is none to follow."""
        pages: list[SearchPage] = []
        request: SearchRequest | None = source.first_request(words)
        while request and len(pages) < at_most:
            # A crawler may be killed between two requests: what a source remembers must survive a file.
            request = SearchRequest(request.address, request.headers, json.loads(json.dumps(request.state)))
            pages.append(source.read(request, fetch(request)))
            request = pages[-1].following
        return pages


def saved(name: str, status: int = 200, **headers: str) -> Reply:
    """A saved answer."""
    kind = "application/json" if name.endswith(".json") else "text/html; charset=utf-8"
    content = (SAVED / name).read_bytes()
    return Reply(content, status, {"Content-Type": kind} | {key.replace("_", "-"): headers[key] for key in headers})


def as_json(content: Any, status: int = 200) -> Reply:
    """An answer of JSON."""
    return Reply(json.dumps(content).encode(), status, {"Content-Type": "application/json"})


def fetch(request: SearchRequest) -> SearchAnswer:
    """The answer to a request, up to five redirects later."""
    address = request.address
    for _ in range(6):
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", f"{parts.path}?{parts.query}", headers=dict(request.headers))
        response = connection.getresponse()
        body, headers = response.read(), {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        if response.status not in (301, 302) or "location" not in headers:
            break
        address = urljoin(address, headers["location"])
    return SearchAnswer(address, response.status, headers, body)


@contextmanager
def serving(answer: Callable[[Asked], Reply] | Reply) -> Iterator[Replay]:
    """A server that gives one answer to everything, or what a function makes of each request."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            values = {name: given[0] for name, given in parse_qs(parts.query, keep_blank_values=True).items()}
            asked.append(Asked(parts.path, values, {name.lower(): value for name, value in self.headers.items()}))
            reply = answer if isinstance(answer, Reply) else answer(asked[-1])
            self.send_response(reply.status)
            for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Replay(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
