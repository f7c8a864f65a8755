"""Who may talk to the review page: this machine's browser, at the secret address, and no other page that it shows.

Host is checked against DNS rebinding, the token in the path keeps other programs and pages out, the Origin of a POST
must be the page itself. Every answer carries headers under which the page can load nothing from outside.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
MAX_BODY_BYTES = 256 * 1024


def new_token() -> str:
    """A secret of 192 bits for the page's address."""
    return secrets.token_urlsafe(24)


class Guard:
    """The application behind the checks.

    Args:
        app: what answers; it sees paths without the token.
        token: first part of the page's path.
        port: that the page is served at.
    """

    def __init__(self, app: Asgi, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = tuple(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        dressed = _with_headers(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, dressed)
            return
        await self._app({**scope, "root_path": f"/{self._token}"}, _limited(receive), dressed)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if host not in self._hosts:
            return refuse(421, "this address is not answered for", f"open http://{self._hosts[0]} with its secret path")
        first = scope["path"].removeprefix("/").partition("/")[0]
        if not secrets.compare_digest(first.encode(), self._token.encode()):
            return refuse(404, "there is nothing here", "open the address that `tryon curate` printed last")
        if scope["method"] not in ("GET", "HEAD") and headers.get("origin") != f"http://{host}":
            return refuse(403, "decisions are taken from the page itself only", "use the page")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return refuse(413, "that is too much at once", f"send at most {MAX_BODY_BYTES} bytes")
        return None


def refuse(status: int, error: str, remedy: str) -> JSONResponse:
    """An answer that says what is wrong and what to do."""
    return JSONResponse({"error": error, "remedy": remedy}, status)


def _with_headers(send: Send) -> Send:
    extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def dressed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return dressed


def _limited(receive: Receive) -> Receive:
    """The body, ended as if the sender had gone once it is longer than allowed, whatever its length was said to be."""
    total = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        return {"type": "http.disconnect"} if total > MAX_BODY_BYTES else message

    return counted
