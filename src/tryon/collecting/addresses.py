"""Which addresses may be asked for anything: http(s) at the usual ports, plain names, public hosts.

What looks like a number to one program is an address to another (2130706433, 0177.0.0.1 and 127.1 are all 127.0.0.1):
a host that is all digits must be four of them in the usual form.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from w3lib.url import safe_url_string

from tryon.collecting.verdicts import RefusedError, Verdict

PORTS = {"http": 80, "https": 443}
MAX_ADDRESS = 2_048  # characters; longer ones are traps more often than pictures
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
# Not public, whatever else their registry says: carrier networks, translation and tunnels that carry an IPv4 address.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
                    "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20",
                    "5f00::/16", "fec0::/10")
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A host that an address leads to."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """`scheme://host`, with the port where it is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{name}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


def canonical(address: str) -> str:
    """The address as it is sent: escaped, its host in ASCII; two spellings of one request are one address.

    Raises:
        RefusedError: it cannot be sent.
    """
    try:
        parts = urlsplit(safe_url_string(address.strip()))
        _ = parts.port
    except ValueError as error:
        raise _bad(f"no address: {error}") from error
    return parts._replace(netloc=parts.netloc.lower(), fragment="").geturl()


def parse_target(address: str, *, endpoints: Collection[str] = ()) -> Target:
    """The host of an address.

    Args:
        address: as `canonical` gives it.
        endpoints: `host:port` that are allowed beside the usual ports.

    Raises:
        RefusedError: the address is not one that may be asked.
    """
    if len(address) > MAX_ADDRESS:
        raise _bad(f"{len(address)} characters, at most {MAX_ADDRESS} are accepted")
    parts = urlsplit(address)
    if parts.scheme not in PORTS:
        raise _bad(f"{parts.scheme or 'no'} scheme, http or https is needed")
    if "@" in parts.netloc:
        raise _bad("a user name in the address")
    host = (parts.hostname or "").lower()
    target = Target(parts.scheme, host, parts.port or PORTS[parts.scheme])
    if target.endpoint in endpoints:
        return target
    if target.port != PORTS[target.scheme]:
        raise _bad(f"port {target.port}, only the usual {PORTS[target.scheme]} is accepted")
    _check_spelling(host)
    return target


def require_domain(target: Target, domains: Iterable[str]) -> None:
    """Check that a host is one of the domains or below one.

    Raises:
        RefusedError: it is not.
    """
    if not any(target.host == domain or target.host.endswith("." + domain) for domain in domains):
        raise RefusedError(Verdict.DOMAIN, f"{target.host} is not in collecting.domains")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip.version == network.version and ip in network for network in _NEVER):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _check_spelling(host: str) -> None:
    if ":" in host:
        _require_public(host, host)
        return
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise _bad(f"host {host} is a number that is spelled oddly") from error
        _require_public(host, host)
    elif not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise _bad(f"host {host or 'missing'}, a name is needed")


def _require_public(host: str, address: str) -> None:
    try:
        public = is_public(address)
    except ValueError as error:
        raise _bad(f"host {host} is no IP address") from error
    if not public:
        raise RefusedError(Verdict.PRIVATE_ADDRESS, f"{host} is not a public address")


def _bad(reason: str) -> RefusedError:
    return RefusedError(Verdict.BAD_ADDRESS, reason)
