"""The crawler's bad answers (C01 to C72): what a server does, and what the ledger must say of it."""

import asyncio
import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import brotli

from benchmarks.misbehaving_server import Reply, Route, picture

JPEG = picture(1)
HTML = b"<html><body>no</body></html>"
TRIES = 4
PLAIN = {"Content-Type": "text/plain"}


@dataclass
class Case:
    """A host `NAME.bad.test` with its routes.

    Args:
        verdicts: of its candidates, in their order.
        routes: path to what is sent.
        requests: how many requests for `/p.jpg` may arrive; None: not counted.
        reason: words that stand in the first row's reason.
        robots: what the first row says of robots.txt.
        candidates: paths, or whole addresses, that are offered, with what else the source says.
    """

    verdicts: list[str]
    routes: dict[str, Route]
    requests: int | None = 1
    reason: str = ""
    robots: str | None = None
    candidates: list[tuple[str, dict[str, Any]]] = field(default_factory=lambda: [("/p.jpg", {})])


def one(verdict: str, reply: Route, **options: Any) -> Case:
    """A host with one picture."""
    return Case([verdict], {"/p.jpg": reply}, **options)


def redirect(location: str) -> Reply:
    return Reply(status=302, headers={"Location": location})


def inside(location: str, verdict: str = "private_address", **options: Any) -> Case:
    """A redirect to somewhere that nobody from outside should get at."""
    return one(verdict, redirect(location), **options)


def robots(body: bytes, verdict: str, said: str, status: int = 200, **options: Any) -> Case:
    """A host whose robots.txt says something."""
    routes: dict[str, Route] = {"/p.jpg": Reply(JPEG), "/robots.txt": Reply(body, status, PLAIN)}
    return Case([verdict], routes, robots=said, requests=int(said == "allowed"), **options)


def behaving(action: Callable[[asyncio.StreamWriter], Any], verdict: str, **options: Any) -> Case:
    return one(verdict, Reply(behave=action), **options)


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(Reply(JPEG).head)
    for byte in JPEG:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG)
    while True:
        writer.write(bytes(65_536))
        await writer.drain()


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: more\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.write(Reply(JPEG).head + JPEG[:1000])
    await writer.drain()
    await asyncio.sleep(0.1)
    connection = writer.get_extra_info("socket")
    connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: a reset instead of an end
    writer.transport.abort()


async def silent_end(writer: asyncio.StreamWriter) -> None:
    writer.close()


def heads(*lines: bytes) -> Callable[[asyncio.StreamWriter], Any]:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + JPEG)
        await writer.drain()

    return send


def packed(body: bytes, encoding: str) -> Reply:
    return Reply(body, headers={"Content-Type": "image/jpeg", "Content-Encoding": encoding})


def busy(status: int, wait: Any = "") -> Reply:
    return Reply(b"later", status, PLAIN | {"Retry-After": wait})


def in_two_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


def offers(*addresses: str, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(address, fields) for address in addresses]


def cases() -> dict[str, Case]:
    """All that are told by one host's answers."""
    zeros = bytes(30_000_000)
    many = [f"/p.jpg?session={n}" for n in range(20)]
    tags = b"<html>" + b"<b>" * 10**6
    refresh = b'<html><meta http-equiv="refresh" content="0;url=http://169.254.169.254/"></html>'
    return {
        "C01": one("not_a_picture", Reply(HTML)),
        "C02": one("wrong_type", Reply(JPEG, headers={"Content-Type": "text/html"})),
        "C03": one("kept", Reply(JPEG, headers={})),
        "C04": one("cut_off", Reply(JPEG, length=len(JPEG) + 5_000), requests=TRIES),
        "C05": one("damaged", Reply(JPEG, length=len(JPEG) // 2)),
        "C06": one("too_large", packed(gzip.compress(zeros), "gzip")),
        "C07": one("too_large", packed(gzip.compress(brotli.compress(zeros, quality=1)), "br, gzip")),
        "C08": behaving(endless_body, "too_large"),
        "C09": behaving(drip, "timed_out", requests=TRIES),
        "C10": behaving(endless_headers, "timed_out", requests=TRIES),
        "C11": behaving(heads(b"X-Long: " + b"a" * 65_536), "too_large", reason="headers"),
        "C12": behaving(heads(*[b"X-%d: 1" % n for n in range(10_000)]), "too_large", reason="headers"),
        "C13": one("empty", Reply(b"")),
        "C14": one("empty", Reply(status=204)),
        "C15": one("http_error", Reply(JPEG, 206), reason="206"),
        "C16": one("http_error", Reply(status=304), reason="304"),
        "C17": one("redirects", redirect("/p.jpg"), requests=6),
        "C18": Case(["redirects"], {"/p.jpg": redirect("/1")} | {f"/{n}": redirect(f"/{n + 1}") for n in range(30)}),
        "C19": inside("http://127.0.0.1/"),
        "C20": inside("http://169.254.169.254/latest/meta-data/"),
        "C21": inside("http://10.1.2.3/"),
        "C21b": inside("http://192.168.1.1/"),
        "C22": inside("http://[::1]/"),
        "C22b": inside("http://[fd00::1]/"),
        "C22c": inside("http://[::ffff:127.0.0.1]/"),
        "C23": inside("http://100.64.0.1/"),
        "C24": inside("http://0.0.0.0/"),
        "C25": inside("http://2130706433/", "bad_address"),
        "C25b": inside("http://0177.0.0.1/", "bad_address"),
        "C26": inside("file:///etc/passwd", "bad_address"),
        "C27": inside("ftp://example.org/p.jpg", "bad_address"),
        "C27b": inside("gopher://example.org/p.jpg", "bad_address"),
        "C27c": inside("data:image/jpeg;base64,AAAA", "bad_address"),
        "C31": inside("http://six.bad.test/p.jpg"),
        "C32": inside("http://cname.bad.test/p.jpg"),
        "C33": inside("http://nowhere.bad.test/p.jpg", "unreachable", requests=TRIES),
        "C39": behaving(reset, "cut_off", requests=TRIES),
        "C40": behaving(silent_end, "unreachable", requests=None),
        "C41": one("kept", [busy(500)] * 3 + [Reply(JPEG)], requests=4),
        "C42": one("kept", [busy(503, "1"), Reply(JPEG)], requests=2),
        "C43": one("kept", [busy(503, in_two_seconds), Reply(JPEG)], requests=2),
        "C44": one("kept", [busy(429, "0"), Reply(JPEG)], requests=2),
        "C45": Case(
            ["host_stopped", "host_stopped"],
            {"/p.jpg": busy(429, "1000000000"), "/q.jpg": busy(429, "1000000000")},
            requests=None,
            reason="asks to be left alone for 1000000000 s",
            candidates=offers("/p.jpg", "/q.jpg"),
        ),
        "C46": one("kept", [busy(429), Reply(JPEG)], requests=2),
        "C47": one("kept", [busy(503, "soon"), Reply(JPEG)], requests=2),
        "C48": one("kept", [busy(408), busy(425), Reply(JPEG)], requests=3),
        "C49": one("http_error", Reply(b"no", 403, PLAIN)),
        "C50": robots(b"oh", "robots", "unreachable", 503),
        "C51": robots(b"# long\n" * 1_500_000, "robots", "unreachable"),
        "C52": robots(HTML, "kept", "allowed"),
        "C53": robots(b"User-agent: *\nDisallow: /\n", "robots", "disallowed"),
        "C54": Case(
            ["kept", "duplicate"],
            {"/p.jpg": Reply(JPEG), "/q.jpg": Reply(JPEG), "/robots.txt": Reply(b"User-agent: *\nCrawl-delay: 1\n")},
            candidates=offers("/p.jpg", "/q.jpg"),
        ),
        "C55": Case(
            ["robots"],
            {"/p.jpg": Reply(JPEG), "/robots.txt": redirect("http://c53.bad.test:PORT/robots.txt")},
            requests=0,
            robots="disallowed",
        ),
        "C56": Case(["kept"], {"/p.jpg": Reply(JPEG)}, candidates=offers(*["/p.jpg"] * 1_000)),
        "C58": Case(
            ["kept"] + ["duplicate"] * 19,
            {path: Reply(JPEG) for path in many},
            requests=None,
            candidates=offers(*many),
        ),
        "C59": Case(
            ["kept", "bad_address"],
            {"/p" + "a" * 1_970: Reply(JPEG)},
            requests=None,
            candidates=offers("/p" + "a" * 1_970, "/p" + "a" * 2_100),
        ),
        "C60": Case(["kept"], {"/%2e%2e/%2e%2e/p.jpg": Reply(JPEG)}, None, candidates=offers("/%2e%2e/%2e%2e/p.jpg")),
        "C61": one(
            "kept", Reply(JPEG, headers={"Content-Type": "image/jpeg", "Content-Disposition": 'f; filename="../../x"'})
        ),
        "C62": Case(
            ["kept", "kept"],
            {"/P.jpg": Reply(picture(2)), "/p.jpg": Reply(picture(3))},
            candidates=offers("/P.jpg", "/p.jpg"),
        ),
        "C63": Case(
            ["kept", "kept"],
            {"/%C3%A9.jpg": Reply(picture(4)), "/e%CC%81.jpg": Reply(picture(5))},
            requests=None,
            candidates=offers("/é.jpg", "/e\u0301.jpg"),
        ),
        "C64": one("wrong_type", Reply(b"<svg><script/></svg>", headers={"Content-Type": "image/svg+xml"})),
        "C64b": one("not_a_picture", Reply(b"<svg><script/></svg>")),
        "C65": one("not_a_picture", Reply(tags[:900_000])),
        "C66": one("not_a_picture", Reply(refresh)),
        "C67": robots("# 안내\nUser-agent: *\nDisallow: /p\n".encode("euc-kr"), "robots", "disallowed"),
        "C68": one("not_a_picture", Reply(bytes(1_000)), candidates=offers("/p.jpg", title="a\0b", author="c\nd")),
        "C69": one("not_a_picture", Reply(b'<html><script type="application/ld+json">{"a":</script></html>')),
        "C70": one("no_licence", Reply(JPEG), requests=0, candidates=offers("/p.jpg", licence="")),
        "C70b": one("no_licence", Reply(JPEG), requests=0, candidates=offers("/p.jpg", licence="CC BY-NC 4.0")),
        "C71": one("opted_out", Reply(JPEG, headers={"X-Robots-Tag": "noindex, noai"}), robots="opted_out"),
        "C71b": one("opted_out", Reply(JPEG, headers={"TDM-Reservation": "1"}), robots="opted_out"),
        "C72": one("gone", Reply(b"gone", 410, PLAIN)),
    }


LOOKUPS = {"six.bad.test": ["fd00::1"], "cname.bad.test": ["93.184.215.14", "10.0.0.7"]}
