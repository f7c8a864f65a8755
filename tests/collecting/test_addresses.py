"""Addresses: every spelling of a place inside is refused, every public one passes, and one request has one address."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tryon.collecting.addresses import MAX_ADDRESS, Target, canonical, is_public, parse_target, require_domain
from tryon.collecting.verdicts import RefusedError, Verdict

INSIDE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "192.0.0.9",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd00::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=6))
def test_no_ipv4_address_hides_in_a_public_ipv6_address(address: ipaddress.IPv6Address) -> None:
    if is_public(str(address)):
        assert address.ipv4_mapped is None and address.sixtofour is None and address.teredo is None


def verdict_of(address: str) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        parse_target(canonical(address))
    return caught.value.verdict


@pytest.mark.parametrize(
    "address",
    [
        "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.1/", "http://127.1/", "http://127.0.0.1./", "http://1.2.3.4.5/",
        "file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "data:image/png;base64,AA", "javascript:1",
        "http://", "http:///p.jpg", "no address", "", "http://user:secret@example.org/", "http://example.org:8080/",
        "https://example.org:80/", "http://example.org:99999/", "http://exa mple.org/", "http://-.org/", "http://a..b/",
        "http://[::1", "http://[1:2]/", "http://example.org/" + "a" * MAX_ADDRESS, "//example.org/x",
    ],
)  # fmt: skip
def test_an_odd_address_is_refused(address: str) -> None:
    assert verdict_of(address) is Verdict.BAD_ADDRESS


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_in_a_url(address: str) -> None:
    assert verdict_of(f"http://[{address}]/" if ":" in address else f"http://{address}/") in (
        Verdict.PRIVATE_ADDRESS,
        Verdict.BAD_ADDRESS,
    )


def test_a_plain_address_has_a_target() -> None:
    assert parse_target("https://upload.example.org/a/b.jpg?x=1") == Target("https", "upload.example.org", 443)
    assert parse_target("http://8.8.8.8/").origin == "http://8.8.8.8"
    assert parse_target("http://[2606:4700::1111]/").origin == "http://[2606:4700::1111]"


def test_only_named_servers_of_this_machine_pass() -> None:
    endpoints = ("shop.test:8041", "127.0.0.1:8042")
    assert parse_target("http://shop.test:8041/x", endpoints=endpoints).origin == "http://shop.test:8041"
    assert parse_target("http://127.0.0.1:8042/", endpoints=endpoints).port == 8042
    for address in ("http://shop.test:8042/", "http://127.0.0.1:8041/", "http://127.0.0.1/"):
        with pytest.raises(RefusedError):
            parse_target(address, endpoints=endpoints)


def test_two_spellings_of_one_request_are_one_address() -> None:
    assert canonical(" HTTP://Example.ORG/é x.jpg#top ") == "http://example.org/%C3%A9%20x.jpg"
    assert canonical("http://bücher.example/") == "http://xn--bcher-kva.example/"
    assert canonical("http://example.org/%2e%2e/a") == "http://example.org/%2e%2e/a"


def test_a_domain_stands_for_the_hosts_below_it() -> None:
    for host in ("wikimedia.org", "upload.wikimedia.org"):
        require_domain(Target("https", host, 443), ["flickr.com", "wikimedia.org"])
    for host in ("evilwikimedia.org", "wikimedia.org.evil.com", "org"):
        with pytest.raises(RefusedError, match=r"not in collecting\.domains"):
            require_domain(Target("https", host, 443), ["wikimedia.org"])
