"""The guard: resolved once, connected to what was checked, and nowhere else (C23, C30 to C34)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from tryon.collecting import guard as guard_module
from tryon.collecting.guard import CheckedResolver, Guard, look_up, loopback_endpoints
from tryon.collecting.verdicts import RefusedError, Verdict


class Names:
    """Name to what each look-up gives in turn; the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str] | OSError]) -> None:
        self.asked: list[str] = []
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        given = self._answers[name]
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


class Receiver:
    """What Twisted is told."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.complete = False

    def resolutionBegan(self, resolution: Any) -> None:
        self.name = resolution.name

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        self.complete = True


def resolved(guard: Guard, host: str, port: int) -> list[Any]:
    receiver = Receiver()
    CheckedResolver(guard).resolveHostName(receiver, host, port)
    assert receiver.complete
    return receiver.addresses


def admit(guard: Guard, address: str) -> None:
    asyncio.run(guard.admit(address))


def test_the_addresses_that_were_checked_are_connected_to() -> None:
    guard = Guard(Names(a_org=[["8.8.8.8", "2606:4700::1111"]]))
    assert resolved(guard, "a.org", 443) == [], "a host that was not admitted has no address"
    admit(guard, "https://a.org/x")
    found = resolved(guard, "A.org", 443)
    assert found == [IPv4Address("TCP", "8.8.8.8", 443), IPv6Address("TCP", "2606:4700::1111", 443)]
    assert resolved(guard, "a.org", 80) == [] == resolved(guard, "b.org", 443)


def test_c30_a_name_that_changes_its_mind_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(rebind_org=[["8.8.8.8"], ["127.0.0.1"]])
    guard = Guard(names)
    admit(guard, "http://rebind.org/")
    admit(guard, "http://rebind.org/again")
    assert names.asked == ["rebind.org"]
    assert [address.host for address in resolved(guard, "rebind.org", 80)] == ["8.8.8.8"]
    monkeypatch.setattr(guard_module, "REMEMBERED_S", 0.0)
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
        admit(guard, "http://rebind.org/")
    assert [address.host for address in resolved(guard, "rebind.org", 80)] == ["8.8.8.8"]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["fd00::1"], ["8.8.8.8", "10.0.0.1"], ["100.64.0.1"], ["64:ff9b::a00:1"], []]
)
def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    guard = Guard(Names(a_org=[addresses]))
    with pytest.raises(RefusedError) as caught:
        admit(guard, "http://a.org/")
    assert caught.value.verdict is Verdict.PRIVATE_ADDRESS
    assert resolved(guard, "a.org", 80) == []


def test_a_name_without_address_may_have_one_later() -> None:
    guard = Guard(Names(a_org=[OSError(-3, "Temporary failure in name resolution"), ["8.8.8.8"]]))
    with pytest.raises(RefusedError, match="Temporary failure") as caught:
        admit(guard, "http://a.org/")
    assert caught.value.verdict is Verdict.UNREACHABLE
    admit(guard, "http://a.org/")


def test_a_server_of_this_machine_is_admitted_by_name_and_port_only() -> None:
    names = Names()
    guard = Guard(names, ["shop.test:8041"])
    admit(guard, "http://shop.test:8041/x")
    assert [address.host for address in resolved(guard, "shop.test", 8041)] == ["127.0.0.1"]
    assert names.asked == []
    for address in ("http://127.0.0.1:8041/", "http://shop.test:8042/", "http://localhost/"):
        with pytest.raises((RefusedError, KeyError)):
            admit(guard, address)


def test_servers_of_this_machine_are_named_in_the_environment() -> None:
    assert loopback_endpoints({}) == []
    assert loopback_endpoints({"TRYON_COLLECT_LOOPBACK": " A.test:1, b.test:2,"}) == ["a.test:1", "b.test:2"]


def test_the_systems_names() -> None:
    assert "127.0.0.1" in look_up("127.0.0.1")
    with pytest.raises(OSError):
        look_up("name.invalid")
