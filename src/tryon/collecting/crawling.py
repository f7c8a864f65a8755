"""Scrapy's part: connections, time and size limits, unpacking; one job at a time, in the process of the command.

Scrapy's own redirects, retries, cookies and robots.txt are off: `tryon.collecting.fetching` decides each request anew.
A reactor runs once in a process, so `run_crawl` does, too.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from typing import Any

from OpenSSL import SSL
from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.http import Headers, Response
from service_identity import CertificateError, VerificationError
from twisted.internet.error import ConnectionAborted

from tryon.collecting.fetching import OK, Answer, Ask, Exchange, Kind, refusal_by_headers
from tryon.collecting.guard import CheckedResolver, Guard
from tryon.collecting.handler import MAX_HEADER_BYTES
from tryon.collecting.verdicts import RefusedError, Verdict
from tryon.errors import ServiceError

Job = Callable[[Exchange], Awaitable[None]]
_KIND = "tryon_kind"
_NO_REQUESTS: tuple[Request, ...] = ()
SETTINGS: dict[str, Any] = {
    "DOWNLOADER_MIDDLEWARES_BASE": {
        "tryon.collecting.guard.GuardMiddleware": 100,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
        "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
    },
    "SPIDER_MIDDLEWARES_BASE": {},
    "EXTENSIONS_BASE": {},
    "DOWNLOAD_HANDLERS_BASE": {
        "http": "tryon.collecting.handler.BoundedHandler",
        "https": "tryon.collecting.handler.BoundedHandler",
    },
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DOWNLOAD_WARNSIZE": 0,
    "CONCURRENT_REQUESTS": 0,  # turns are given by `politeness.Host`
    "DOWNLOAD_DELAY": 0,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "TELNETCONSOLE_ENABLED": False,
}


def run_crawl(job: Job, guard: Guard, *, contact: str, per_host: int) -> None:
    """Run a job that sends requests; returns when it has ended.

    Args:
        job: called with what sends one request.
        guard: asked before each of them.
        contact: mail or web address that stands in the User-Agent.
        per_host: requests to one host at once.

    Raises:
        ServiceError: it was interrupted.
        Exception: what the job raised.
    """
    settings = SETTINGS | {
        "USER_AGENT": f"tryon/{version('tryon')} (+{contact})",
        "CONCURRENT_REQUESTS_PER_DOMAIN": per_host,
    }
    noisy = [logging.getLogger(name) for name in ("scrapy", "twisted")]
    for logger in noisy:
        logger.propagate = False  # what they tell of is in the ledger
    process = AsyncCrawlerProcess(settings)  # takes the handlers away
    for logger in noisy:
        logger.addHandler(logging.NullHandler())
    outcome: list[BaseException | None] = []
    process.crawl(_JobSpider, guard=guard, job=job, outcome=outcome)
    process.start()
    if not outcome:
        raise ServiceError("the collection was interrupted", remedy="run the same command again: it goes on from here")
    if outcome[0]:
        raise outcome[0]


class _JobSpider(Spider):
    """Runs the job in the place where other spiders list their first addresses."""

    name = "tryon"

    def __init__(self, guard: Guard, job: Job, outcome: list[BaseException | None]) -> None:
        super().__init__()
        self.guard = guard
        self._job = job
        self._outcome = outcome

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "_JobSpider":
        """Also listen for headers, to stop what is no picture before its body comes."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(_stop_at_headers, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """No addresses: the job sends its requests itself."""
        from twisted.internet import reactor

        reactor.installNameResolver(CheckedResolver(self.guard))
        try:
            await self._job(self._exchange)
            self._outcome.append(None)
        except Exception as error:
            self._outcome.append(_first_of(error))
        for request in _NO_REQUESTS:
            yield request

    async def _exchange(self, ask: Ask) -> Answer:
        request = Request(
            ask.address,
            headers=dict(_request_headers(ask)),
            meta={"download_timeout": ask.timeout_s, "download_maxsize": ask.max_bytes, _KIND: ask.kind},
            dont_filter=True,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except RefusedError:
            raise
        except Exception as error:
            raise _refusal_of(error) from error
        return _to_answer(ask, response)


def _first_of(error: Exception) -> Exception:
    """The error itself, or the first of those that several tasks raised."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _request_headers(ask: Ask) -> dict[str, str]:
    """A picture is asked for as it is: it is packed already, and what is packed twice is a trap."""
    usual = {"Accept": "image/jpeg, image/png, image/webp", "Accept-Encoding": "identity"}
    return (usual if ask.kind is Kind.PICTURE else {}) | dict(ask.headers)


def _stop_at_headers(headers: Headers, body_length: int, request: Request, spider: Spider) -> None:
    """Leave the body of an answer that is refused by its headers where it is."""
    if request.meta[_KIND] is Kind.PICTURE and refusal_by_headers(OK, _plain(headers)):
        raise StopDownload(fail=False)


def _to_answer(ask: Ask, response: Response) -> Answer:
    return Answer(response.url, response.status, _plain(response.headers), response.body)


def _plain(headers: Headers) -> dict[str, str]:
    """Names in lower case, several of one name joined by commas."""
    return {
        name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in headers.getlist(name))
        for name in headers
    }


def _refusal_of(error: Exception) -> RefusedError:
    """What a failed exchange means."""
    if isinstance(error, DownloadTimeoutError):
        return RefusedError(Verdict.TIMED_OUT, "no whole answer in time")
    if isinstance(error, ResponseDataLossError):
        return RefusedError(Verdict.CUT_OFF, "the answer ended before its length")
    if isinstance(error, DownloadCancelledError | IgnoreRequest):
        return RefusedError(Verdict.TOO_LARGE, "more bytes than are accepted")
    reasons = [reason.value for reason in getattr(error.__cause__, "reasons", ())] or [error]
    if any(isinstance(reason, ConnectionAborted) for reason in reasons):
        return RefusedError(Verdict.TOO_LARGE, f"headers of more than {MAX_HEADER_BYTES} bytes")
    if any(isinstance(reason, SSL.Error | VerificationError | CertificateError) for reason in reasons):
        return RefusedError(
            Verdict.UNREACHABLE, "its certificate is expired, another host's, or signed by nobody known"
        )
    words = str(reasons[0]) or type(reasons[0]).__name__
    return RefusedError(Verdict.UNREACHABLE, " ".join(words.split())[:200])
