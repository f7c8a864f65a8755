"""robots.txt and opt-out headers."""

import pytest

from tryon.collecting.robots import ALLOWED, DISALLOWED, UNREACHABLE, opted_out, read_rules

PICTURE = "https://a.org/pictures/1.jpg"


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"User-agent: *\nDisallow: /pictures/\n", DISALLOWED),
        (200, b"User-agent: *\nDisallow: /pages/\n", ALLOWED),
        (200, b"User-agent: tryon\nDisallow: /\n\nUser-agent: *\nAllow: /\n", DISALLOWED),
        (200, b"User-agent: other\nDisallow: /\n", ALLOWED),
        (200, b"User-agent: *\nDisallow: /\nAllow: /pictures/*.jpg$\n", ALLOWED),
        (200, b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\r\n", DISALLOWED),
        (200, "# 로봇\nUser-agent: *\nDisallow: /\n".encode("euc-kr"), DISALLOWED),
        (200, b"<html><body>Not here</body></html>", ALLOWED),
        (200, b"", ALLOWED),
        (200, b"\0\0\xff", ALLOWED),
        (404, b"User-agent: *\nDisallow: /\n", ALLOWED),
        (403, b"", ALLOWED),
        (410, b"", ALLOWED),
        (429, b"", UNREACHABLE),
        (500, b"", UNREACHABLE),
        (503, b"", UNREACHABLE),
        (304, b"", UNREACHABLE),
    ],
)
def test_what_a_site_allows(status: int, body: bytes, verdict: str) -> None:
    assert read_rules(status, body).verdict(PICTURE) == verdict


def test_the_delay_between_requests() -> None:
    assert read_rules(200, b"User-agent: *\nCrawl-delay: 30\n").delay_s == 30
    assert read_rules(200, b"User-agent: *\nDisallow:\n").delay_s == 0
    assert read_rules(500, b"").delay_s == 0


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-robots-tag": "noai"}, "X-Robots-Tag: noai"),
        ({"x-robots-tag": "noindex, NoImageAI"}, "X-Robots-Tag: noimageai"),
        ({"x-robots-tag": "tryon: noai"}, "X-Robots-Tag: noai"),
        ({"tdm-reservation": "1"}, "TDM-Reservation: 1"),
        ({"tdm-reservation": "1, 1"}, "TDM-Reservation: 1"),
        ({"x-robots-tag": "otherbot: noai"}, ""),
        ({"x-robots-tag": "noindex, nofollow"}, ""),
        ({"tdm-reservation": "0"}, ""),
        ({}, ""),
    ],
)
def test_opt_out_headers(headers: dict[str, str], said: str) -> None:
    assert opted_out(headers) == said
