"""Real answers of the services and real block pages, where they are on this machine."""

import json
from pathlib import Path

import pytest

from tests.collecting.sources.replaying import Reply, serving
from tryon.collecting.searching import Outcome, SearchPage, Source
from tryon.collecting.sources.bing_page import BingPage
from tryon.collecting.sources.google_api import KEY_VARIABLE, GoogleApi
from tryon.collecting.sources.google_page import GooglePage
from tryon.collecting.sources.openverse import Openverse
from tryon.collecting.sources.wikimedia_commons import WikimediaCommons
from tryon.collecting.sources.yahoo_page import YahooPage


@pytest.fixture
def answers(shared_data: Path) -> Path:
    """The folder of saved answers."""
    return shared_data / "search_responses"


def first_page(source: type[Source], reply: Reply) -> SearchPage:
    """What a source makes of the answer to its first request."""
    with serving(reply) as server:
        return server.walk(source(base=server.base), at_most=1)[0]  # type: ignore[call-arg]


def test_openverse(answers: Path) -> None:
    page = first_page(Openverse, Reply((answers / "openverse/image_search_200_example.json").read_bytes()))
    (candidate,) = page.candidates
    assert (page.outcome, page.following) == (Outcome.RESULTS, None)
    assert (candidate.title, candidate.author, candidate.licence) == ("Tree Bark Photo", "Tim Sullivan", "CC0")
    assert (candidate.width, candidate.height) == (6016, 4016)
    missing = Reply((answers / "openverse/image_detail_404_example.json").read_bytes(), 404)
    assert first_page(Openverse, missing).detail == "HTTP status 404: Not found."


def test_commons_parts_make_the_whole(answers: Path) -> None:
    folder = answers / "wikimedia_commons"
    parts = [(folder / f"continue_wmc_pretty{name}.json").read_bytes() for name in ("1", "2", "123")]
    with serving(lambda asked: Reply(parts[len(server.asked) - 1])) as server:
        pages = server.walk(WikimediaCommons(server.base), at_most=3)
    assert [len(page.candidates) for page in pages] == [0, 0, 9]
    whole = first_page(WikimediaCommons, Reply(parts[2]))
    assert pages[2].candidates == whole.candidates
    assert server.asked[1].values["gucontinue"] == "Edvard_Munch_-_Night_in_Nice_(1891).jpg|nowiki|1281339"
    assert pages[2].following and "gaicontinue=20151031230201" in pages[2].following.address
    by_title = {candidate.title: candidate for candidate in whole.candidates}
    munch = by_title["Edvard Munch - Night in Nice (1891)"]
    assert (munch.licence, munch.licence_address) == ("Public domain", "")
    heidelberg = by_title["2002-04-02 Hauptstraße, Heidelberg IMG 0404"]
    assert (heidelberg.author, heidelberg.licence) == ("Eckhard Henkel", "CC BY-SA 3.0 de")
    assert {candidate.licence for candidate in whole.candidates} >= {"Public domain"}


def test_commons_single_answers(answers: Path) -> None:
    folder = answers / "wikimedia_commons"
    page = json.loads((folder / "image_data_example.json").read_bytes())
    bare = page | {
        "imageinfo": [json.loads((folder / "image_info_missing_license_url.json").read_bytes())],
        "pageid": 2,
    }
    body = json.dumps({"batchcomplete": "", "query": {"pages": {"1": page, "2": bare}}}).encode()
    with serving(Reply(body)) as server:
        (read,) = server.walk(WikimediaCommons(server.base))
    assert read.outcome == Outcome.RESULTS
    (candidate,) = read.candidates
    assert (candidate.author, candidate.licence) == ("PtrQs", "CC BY-SA 4.0")
    assert candidate.licence_address == "https://creativecommons.org/licenses/by-sa/4.0"
    for name in ("response_small_missing_continue", "response_small_with_continue"):
        without_facts = first_page(WikimediaCommons, Reply((folder / f"{name}.json").read_bytes()))
        assert without_facts.outcome == Outcome.LAYOUT_CHANGED


def test_google_api(answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "not-a-real-key")
    with serving(Reply((answers / "google_cse/image_search_10.json").read_bytes())) as server:
        first, second = server.walk(GoogleApi("engine", server.base))
    assert len(first.candidates) == 10
    assert first.candidates[0].title == "Street View Treks: Petra"
    assert (first.candidates[0].width, first.candidates[0].height) == (1200, 630)
    assert {candidate.licence for candidate in first.candidates} == {""}
    assert server.asked[1].values["start"] == "11"
    assert second.following is None, "the same page again leads nowhere"


@pytest.mark.parametrize(("name", "detail"), [("captcha", "unusual traffic"), ("soft_block", "JavaScript")])
def test_google_block_pages(answers: Path, name: str, detail: str) -> None:
    page = first_page(GooglePage, Reply((answers / f"google/search_{name}.html").read_bytes()))
    assert page.outcome == Outcome.BLOCKED
    assert detail in page.detail


def test_bing_and_yahoo_links(answers: Path) -> None:
    values = json.loads((answers / "excerpts/bing_iusc_m_values.json").read_bytes())["items"]
    escaped = [
        json.dumps(item["m"], ensure_ascii=False).replace("&", "&amp;").replace('"', "&quot;") for item in values
    ]
    links = "".join(f'<li><a class="iusc" m="{value}"></a></li>' for value in escaped)
    bing = first_page(BingPage, Reply(f"<ul class=dgControl_list>{links}</ul>".encode()))
    assert [candidate.address for candidate in bing.candidates] == [item["m"]["murl"] for item in values]
    assert bing.candidates[0].title == "铁路、民航保障游客正常出游"
    href = json.loads((answers / "excerpts/yahoo_view_hrefs.json").read_bytes())["items"][0]["href"]
    yahoo = first_page(YahooPage, Reply(f'<li class="ld"><a href="{href.replace("&", "&amp;")}"></a></li>'.encode()))
    (candidate,) = yahoo.candidates
    assert candidate.address.startswith("https://b2c-contenthub.com/wp-content/uploads/2023/07/Acer_Aspire3.jpg?")
    assert (candidate.width, candidate.height) == (2000, 1361)
    assert candidate.title == "The 5 laptop features that matter most in 2024 | PCWorld"
