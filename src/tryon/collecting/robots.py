"""What a site says to robots: robots.txt before anything is asked of it, opt-out headers before a picture is taken.

As RFC 9309 has it: a robots.txt that is not there (4xx) allows everything, one that cannot be had (5xx, no answer, too
long) allows nothing, what is no rule in it is passed over, and redirects are followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from protego import Protego

ALLOWED, DISALLOWED, OPTED_OUT, UNREACHABLE = "allowed", "disallowed", "opted_out", "unreachable"
NAME = "tryon"  # that a robots.txt calls us by
TOO_MANY = 429
_OPT_OUTS = frozenset({"noai", "noimageai"})


@dataclass(frozen=True)
class Rules:
    """A site's robots.txt, read; None if it cannot be had, and why."""

    parsed: Protego | None
    trouble: str = ""

    def verdict(self, address: str) -> str:
        """`allowed`, `disallowed` or `unreachable`."""
        if self.parsed is None:
            return UNREACHABLE
        return ALLOWED if self.parsed.can_fetch(address, NAME) else DISALLOWED

    @property
    def delay_s(self) -> float:
        """Seconds between two requests that the site asks for; 0 if it does not."""
        return float((self.parsed and self.parsed.crawl_delay(NAME)) or 0.0)


def read_rules(status: int, body: bytes) -> Rules:
    """The rules of an answer to the request for robots.txt."""
    if 200 <= status < 300:
        return Rules(Protego.parse(body.decode("utf-8-sig", errors="ignore")))
    if 400 <= status < 500 and status != TOO_MANY:
        return Rules(Protego.parse(""))
    return Rules(None, f"HTTP status {status}")


def opted_out(headers: Mapping[str, str]) -> str:
    """The header by which an answer forbids to learn from it; empty if none does.

    Args:
        headers: names in lower case; several headers of one name joined by commas.
    """
    for rule in headers.get("x-robots-tag", "").lower().split(","):
        robot, colon, words = rule.rpartition(":")
        if words.strip() in _OPT_OUTS and (not colon or robot.strip() in ("*", NAME)):
            return f"X-Robots-Tag: {words.strip()}"
    if headers.get("tdm-reservation", "").partition(",")[0].strip() == "1":
        return "TDM-Reservation: 1"
    return ""
