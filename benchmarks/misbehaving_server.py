"""A real HTTP(S) server on this machine that behaves, or does not, as each path of each host says.

What the collecting benchmark and the tests of the crawler share.
"""

import asyncio
import io
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image


def picture(number: int, width: int = 160, height: int = 140, format_name: str = "JPEG") -> bytes:
    """A picture of its own for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, format_name)
    return buffer.getvalue()


@dataclass
class Seen:
    """One request that arrived: `began` and `ended` on the monotonic clock."""

    host: str
    path: str
    headers: dict[str, str]
    began: float
    ended: float = 0.0
    status: int = 0


@dataclass
class Reply:
    """What to send, or `behave` to do it by hand; a header may be a function that is called when it is sent."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, Any] = field(default_factory=lambda: {"Content-Type": "image/jpeg"})
    behave: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
    length: int | None = None

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        length = len(self.body) if self.length is None else self.length
        headers = {"Content-Length": str(length)} | self.headers
        headers = {name: value() if callable(value) else value for name, value in headers.items()}
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in headers.items() if value)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


NOT_FOUND = Reply(b"no", 404, {"Content-Type": "text/plain"})
Route = Reply | list[Reply]


class Server:
    """Answers by `host` (without port) and path; a list of replies is gone through, the last one stays.

    Args:
        routes: `host/path` to what is sent; `/robots.txt` is 404 where nothing is said.
        answer: instead of routes: called with host and path.
        context: of TLS; plain HTTP without.
    """

    def __init__(
        self,
        routes: dict[str, Route] | None = None,
        *,
        answer: Callable[[str, str], Reply] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.routes = routes or {}
        self.seen: list[Seen] = []
        self.port = 0
        self._answer = answer or self._by_route
        self._context = context
        self._counts: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def requests(self, host: str, path: str | None = None) -> list[Seen]:
        """What arrived for a host, robots.txt only if it is named."""
        return [s for s in self.seen if s.host == host and (s.path == path if path else s.path != "/robots.txt")]

    def _by_route(self, host: str, path: str) -> Reply:
        route = self.routes.get(host + path, NOT_FOUND)
        if isinstance(route, Reply):
            return route
        count = self._counts[host + path] = self._counts.get(host + path, 0) + 1
        return route[min(count, len(route)) - 1]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda *_: None)  # clients that hang up
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._context, limit=2**20)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        server.close()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
                seen = Seen(headers["host"].partition(":")[0], first.split()[1], headers, time.monotonic())
                self.seen.append(seen)
                reply = self._answer(seen.host, seen.path)
                seen.status = reply.status
                try:
                    if reply.behave:
                        await _until_gone(reply.behave(writer), reader)
                        return
                    writer.write(reply.head + reply.body)
                    await writer.drain()
                finally:
                    seen.ended = time.monotonic()
                if reply.length is not None:
                    return
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return
        finally:
            writer.close()


async def _until_gone(behaviour: Awaitable[None], reader: asyncio.StreamReader) -> None:
    """Misbehave until it is over, or until the client has hung up."""
    tasks = [asyncio.ensure_future(behaviour), asyncio.ensure_future(reader.read())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def listing(candidates: list[dict[str, Any]], following: str = "") -> Reply:
    """A page of the tiny source."""
    body = json.dumps({"candidates": candidates, "following": following}).encode()
    return Reply(body, headers={"Content-Type": "application/json"})


def candidate(address: str, **fields: Any) -> dict[str, Any]:
    """What a source says of a picture."""
    return {"address": address, "licence": "CC0", **fields}
