"""Scrapy's downloader with a limit that it lacks: on the headers of an answer, all of them together."""

from typing import Any

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from twisted.web._newclient import HEADER, STATUS

MAX_HEADER_BYTES = 32 * 2**10  # browsers and servers stop between 8 and 256 KiB


class BoundedHandler(HTTP11DownloadHandler):
    """Cuts the connection of an answer whose headers are too long, so that they are never held in memory."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _bounded(self._pool._factory)


def _bounded(factory: Any) -> Any:
    """A factory of connections that count their headers, from one that does not."""

    class Bounded(factory):  # type: ignore[misc]
        def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
            protocol = super().buildProtocol(addr)
            _count_headers(protocol)
            return protocol

    return Bounded


def _count_headers(protocol: Any) -> None:
    """Make a connection count what it receives until the headers of each answer are over."""
    receive = protocol.dataReceived
    counted_parser: Any = None
    counted = 0

    def counting(data: bytes) -> None:
        nonlocal counted_parser, counted
        parser = protocol._parser
        if parser is not counted_parser:
            counted_parser, counted = parser, 0
        if parser is not None:
            parser.MAX_LENGTH = 2**31  # of one line, which Twisted would end without saying why
        receive(data)
        if parser is not None and parser is protocol._parser and parser.state in (STATUS, HEADER):
            counted += len(data)
            if counted > MAX_HEADER_BYTES:
                protocol.transport.abortConnection()

    protocol.dataReceived = counting
