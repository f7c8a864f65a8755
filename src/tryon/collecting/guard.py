"""The guard between the crawler and the network: a name is resolved once, and what was checked is connected to.

Names that lead to one address when they are checked and to another when they are connected to are an old trick; here
the second look is never taken. Scrapy's own resolver is replaced: a host that has not been admitted has no address.
"""

import asyncio
import functools
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from tryon.collecting.addresses import Target, canonical, is_public, parse_target, require_domain
from tryon.collecting.verdicts import RefusedError, Verdict

Lookup = Callable[[str], Sequence[str]]
REMEMBERED_S = 60.0
LOOPBACK = "127.0.0.1"


def look_up(name: str) -> Sequence[str]:
    """The IP addresses of a name, as the system's resolver says; blocks.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Admits addresses and remembers where their hosts are.

    Args:
        lookup: name to IP addresses; blocks; OSError where there are none.
        loopback: `host:port` of servers of this machine that are admitted all the same: for tests.
    """

    def __init__(self, lookup: Lookup = look_up, loopback: Sequence[str] = ()) -> None:
        self._lookup = lookup
        self._loopback = frozenset(loopback)
        self._admitted: dict[tuple[str, int], tuple[float, Sequence[str]]] = {}

    def check(self, address: str, domains: Sequence[str] | None = None) -> Target:
        """The host of an address, by its spelling alone; one of the domains where some are given.

        Raises:
            RefusedError: it may not be asked.
        """
        target = parse_target(canonical(address), endpoints=self._loopback)
        if domains is not None:
            require_domain(target, domains)
        return target

    async def admit(self, address: str) -> None:
        """Resolve the host of an address and remember where it is.

        Raises:
            RefusedError: one of its addresses is not public, or there is none.
        """
        target = self.check(address)
        key = (target.host, target.port)
        since, _ = self._admitted.get(key, (-REMEMBERED_S, ()))
        if time.monotonic() - since >= REMEMBERED_S:
            self._admitted[key] = (time.monotonic(), await self._resolve(target))

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where an admitted host is; nowhere for any other."""
        return self._admitted.get((host.strip("[]").lower(), port), (0.0, ()))[1]

    async def _resolve(self, target: Target) -> Sequence[str]:
        if target.endpoint in self._loopback:
            return [LOOPBACK]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(None, functools.partial(self._lookup, target.host))
        except OSError as error:
            raise RefusedError(Verdict.UNREACHABLE, f"{target.host} has no address: {error.strerror}") from error
        inside = [address for address in found if not is_public(address)]
        if inside or not found:
            raise RefusedError(
                Verdict.PRIVATE_ADDRESS,
                f"{target.host} leads to {', '.join(inside) or 'no address'}, which is not public",
            )
        return found


class GuardMiddleware:
    """Scrapy's place for the guard: no request reaches the downloader without it."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GuardMiddleware":
        """The guard is the spider's."""
        return cls(crawler.spider.guard)  # type: ignore[union-attr]

    async def process_request(self, request: Request) -> None:
        """Let the request pass or raise."""
        await self._guard.admit(request.url)


@implementer(IHostnameResolver)
class CheckedResolver:
    """Twisted's resolver of names: gives the addresses that were checked, and no others."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """See IHostnameResolver."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        for address in self._guard.addresses(hostName, portNumber):
            kind = IPv6Address if ":" in address else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    """A resolution that is over when it begins."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """See IHostResolution; nothing is left to be stopped."""


def loopback_endpoints(environment: Mapping[str, str]) -> list[str]:
    """`host:port` of the servers in TRYON_COLLECT_LOOPBACK (separated by commas); none where it is not set."""
    return [word.strip().lower() for word in environment.get("TRYON_COLLECT_LOOPBACK", "").split(",") if word.strip()]
