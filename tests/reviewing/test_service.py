"""The page's service without a browser: who is let in, what is answered, what is refused."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.reviewing.made_collections import keep, key, reject, write_collection
from tests.reviewing.served import TOKEN, serving
from tryon.formats.decisions import write_decisions
from tryon.reviewing.guarding import MAX_BODY_BYTES
from tryon.reviewing.messages import MOST_AT_ONCE
from tryon.reviewing.pictures import read_collection
from tryon.reviewing.running import open_review
from tryon.reviewing.service import REASONS, Review

KEEP = {"verdict": "keep", "reason": "", "person": "anna"}
REJECT = {"verdict": "reject", "reason": "no shirt", "person": "anna"}


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Review, httpx.Client]]:
    """A review of four shirts, and a client of its real server."""
    write_collection(folder / "shirts", 4, doubts=[0.1, 0.9, 0.5, 0.3], refused=[1])
    write_decisions(folder / "decisions.csv", [keep(3), reject(77)])
    collection = read_collection(folder / "shirts")
    with (
        open_review(collection, folder / "decisions.csv", "anna", None) as review,
        serving(review) as place,
        httpx.Client(base_url=place, headers={"Origin": place}) as client,
    ):
        yield review, client


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Review, httpx.Client]]:
    with opened(tmp_path) as pair:
        yield pair


@pytest.fixture
def review(both: tuple[Review, httpx.Client]) -> Review:
    return both[0]


@pytest.fixture
def client(both: tuple[Review, httpx.Client]) -> httpx.Client:
    return both[1]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Review, httpx.Client]]:
    """One for all requests that must change nothing."""
    with opened(tmp_path_factory.mktemp("review")) as pair:
        yield pair


def port_of(client: httpx.Client) -> int:
    assert client.base_url.port is not None
    return client.base_url.port


def step(number: int, before: dict[str, str] | None, after: dict[str, str] | None) -> dict[str, object]:
    return {"sha256": key(number), "before": before, "after": after}


def post(client: httpx.Client, *steps: dict[str, object], since: int = 0) -> httpx.Response:
    return client.post(f"/{TOKEN}/decisions", json={"steps": steps, "since": since})


@pytest.mark.parametrize("host", ["evil.example:PORT", "127.0.0.1:9", "127.0.0.1", "[::1]:PORT", "0.0.0.0:PORT"])
def test_other_hosts_are_not_answered(untouched: tuple[Review, httpx.Client], host: str) -> None:
    client = untouched[1]
    answer = client.get(f"/{TOKEN}/", headers={"Host": host.replace("PORT", str(port_of(client)))})
    assert answer.status_code == 421 and "remedy" in answer.json()


@pytest.mark.parametrize("path", ["/", "/pictures", "/wrong/pictures", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", "/%20/", "//"])
def test_without_the_token_there_is_nothing(untouched: tuple[Review, httpx.Client], path: str) -> None:
    client = untouched[1]
    answer = client.get(path)
    assert answer.status_code == 404 and "tryon curate" in answer.json()["remedy"]


OTHER_PAGES = ["http://localhost:PORT", "http://127.0.0.1:3000", "https://127.0.0.1:PORT", "null", "", None]


@pytest.mark.parametrize("origin", OTHER_PAGES)
@pytest.mark.parametrize("path", ["decisions", "masks"])
def test_a_post_from_another_page_is_refused(
    untouched: tuple[Review, httpx.Client], path: str, origin: str | None
) -> None:
    review, client = untouched
    headers = {} if origin is None else {"Origin": origin.replace("PORT", str(port_of(client)))}
    answer = httpx.post(f"{client.base_url}/{TOKEN}/{path}", json={"steps": [step(0, None, KEEP)]}, headers=headers)
    assert answer.status_code == 403
    assert key(0) not in review.store.decisions()


def test_localhost_is_the_same_machine(untouched: tuple[Review, httpx.Client]) -> None:
    client = untouched[1]
    host = f"localhost:{port_of(client)}"
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert client.post(f"/{TOKEN}/masks", json={"pictures": []}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", [f"/{TOKEN}/", f"/{TOKEN}/pictures", f"/{TOKEN}/previews/small/{key(0)}", "/nothing"])
def test_every_answer_may_load_nothing_from_outside(untouched: tuple[Review, httpx.Client], path: str) -> None:
    client = untouched[1]
    headers = client.get(path).headers
    policy = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_the_page_names_no_other_place(untouched: tuple[Review, httpx.Client]) -> None:
    client = untouched[1]
    page = client.get(f"/{TOKEN}/").text
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["icon.svg", "review.css", "review.js"]
    for name in ("review.css", "review.js", "saving.js", "showing.js", "drawing.js", "state.js"):
        text = client.get(f"/{TOKEN}/{name}").text
        assert "url(" not in text and "@import" not in text
        assert "innerHTML" not in text and not re.search(r"https?://\w", text)


def test_the_list_of_pictures(untouched: tuple[Review, httpx.Client]) -> None:
    client = untouched[1]
    told = client.get(f"/{TOKEN}/pictures").json()
    assert [picture["sha256"] for picture in told["pictures"]] == [key(number) for number in (1, 2, 3, 0)]
    assert told["order"] == "by cleaning's doubt, most doubtful first"
    assert (told["person"], told["reasons"], told["revision"]) == ("anna", list(REASONS), 0)
    first, third = told["pictures"][0], told["pictures"][2]
    assert (first["cleaning"], first["doubt"], first["decision"]) == ("blurred: 12, at least 40", 0.9, None)
    assert third["decision"] == KEEP


def test_previews(untouched: tuple[Review, httpx.Client]) -> None:
    client = untouched[1]
    answer = client.get(f"/{TOKEN}/previews/large/{key(0)}")
    assert answer.headers["content-type"] == "image/jpeg" and answer.content.startswith(b"\xff\xd8")
    for path in (f"previews/huge/{key(0)}", f"previews/small/{key(4)}", "previews/small/..%2f..%2fledger.csv"):
        assert client.get(f"/{TOKEN}/{path}").status_code == 404


def test_a_picture_that_is_gone_is_said(client: httpx.Client, review: Review) -> None:
    review.collection.pictures[0].path.unlink()
    answer = client.get(f"/{TOKEN}/previews/small/{review.collection.pictures[0].sha256}")
    assert answer.status_code == 422 and "cannot be read" in answer.json()["error"]


def test_decisions_are_taken_in_their_order(client: httpx.Client, review: Review) -> None:
    answer = post(client, step(0, None, KEEP), step(0, KEEP, REJECT), step(3, KEEP, None)).json()
    assert answer["held"] == [True, True, True]
    assert answer["decisions"] == {key(0): REJECT, key(3): None}
    assert review.store.decisions() == {key(0): reject(0), key(77): reject(77)}
    again = post(client, step(1, None, KEEP), since=answer["revision"]).json()
    assert again["decisions"] == {key(1): KEEP}


def test_a_window_behind_learns_what_holds(client: httpx.Client) -> None:
    revision = post(client, step(0, None, KEEP)).json()["revision"]
    answer = post(client, step(0, None, REJECT), since=revision).json()
    assert (answer["held"], answer["decisions"]) == ([False], {key(0): KEEP})
    assert client.get(f"/{TOKEN}/changes?since=0").json()["decisions"] == {key(0): KEEP}


def test_contested_pictures_are_told(client: httpx.Client, review: Review) -> None:
    post(client, step(0, None, REJECT))
    write_decisions(review.store.path, [keep(0, "ben")])
    review.store.fold()
    assert client.get(f"/{TOKEN}/changes?since=0").json()["contested"] == {key(0): REJECT}
    assert client.get(f"/{TOKEN}/pictures").json()["contested"] == {key(0): REJECT}


def test_a_full_disk_is_told(client: httpx.Client, review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(review.store._journal, "append", refuse)
    answer = post(client, step(0, None, KEEP))
    assert answer.status_code == 507 and "No space left" in answer.json()["error"]
    assert key(0) not in review.store.decisions()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"steps": [], "since": 0}',
        json.dumps({"steps": [step(0, None, KEEP)] * (MOST_AT_ONCE + 1), "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, KEEP)], "since": -1}).encode(),
        json.dumps({"steps": [step(0, None, KEEP)], "since": 0, "more": 1}).encode(),
        json.dumps({"steps": [step(0, None, KEEP | {"verdict": "maybe"})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, KEEP | {"person": " "})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, REJECT | {"reason": " "})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, REJECT | {"reason": "two\nlines"})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, REJECT | {"reason": "half \ud800"})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, REJECT | {"reason": "x" * 301})], "since": 0}).encode(),
        json.dumps({"steps": [step(0, None, KEEP) | {"sha256": "../x"}], "since": 0}).encode(),
        json.dumps({"steps": [step(4, None, KEEP)], "since": 0}).encode(),
    ],
)
def test_malformed_decisions_are_refused_and_nothing_is_stored(
    untouched: tuple[Review, httpx.Client], body: bytes
) -> None:
    review, client = untouched
    answer = client.post(f"/{TOKEN}/decisions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (404, 422) and set(answer.json()) == {"error", "remedy"}
    assert review.store.revision == 0


def test_a_body_that_is_too_long_is_refused(untouched: tuple[Review, httpx.Client]) -> None:
    review, client = untouched

    def flood() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1000 + 2):
            yield b" " * 1000

    answer = client.post(f"/{TOKEN}/decisions", content=flood(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert client.post(f"/{TOKEN}/decisions", content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert review.store.revision == 0


@pytest.mark.parametrize("path", ["docs", "openapi.json", "redoc", "page/review.html", "ledger.csv", "changes?since=x"])
def test_nothing_else_is_served(untouched: tuple[Review, httpx.Client], path: str) -> None:
    client = untouched[1]
    assert client.get(f"/{TOKEN}/{path}").status_code in (404, 422)


def test_a_reason_like_a_formula_comes_back_as_it_was(client: httpx.Client, review: Review) -> None:
    post(client, step(0, None, REJECT | {"reason": '=HYPERLINK("x"), "무늬"'}))
    review.store.fold()
    review.store.fold()
    assert review.store.decisions()[key(0)].reason == '=HYPERLINK("x"), "무늬"'
    assert "'=HYPERLINK" in review.store.path.read_text()
