"""What result pages of search engines have in common: gates in front of them, and the answer that nothing was found."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from parsel import Selector

from tryon.collecting.searching import Outcome, SearchAnswer, SearchPage
from tryon.collecting.sources.reading import layout_changed, nothing_found, refusal, text

# Gates carry these words in the names and addresses of their forms, frames and boxes, whatever their language.
GATES = ("captcha", "challenge", "turnstile")
CONSENT_HOSTS = ("consent.", "guce.")


def without_results(
    answer: SearchAnswer, page: Selector, *, first: bool, nothing: Sequence[str], wanted: str
) -> SearchPage:
    """Why a page holds no results: a gate, a refusal, the end of them, or a layout that is not known any more.

    Args:
        answer: in which no result was found.
        page: the same, parsed.
        first: whether it is the first page. The first page shows that results stand where they are looked for, so that
            a later one without any is the end.
        nothing: phrases, in lower case, with which the service says that nothing was found.
        wanted: what was looked for, in words.
    """
    before = gate(answer, page)
    if before:
        return before
    said = says(page, nothing)
    if said or not first:
        return nothing_found(f"the page says: {said}" if said else "no more results")
    return layout_changed(f"no {wanted} in the page")


def gate(answer: SearchAnswer, page: Selector) -> SearchPage | None:
    """The page that stands in front of the results, if it does: consent, a puzzle, or a refusal by status."""
    host = urlsplit(answer.address).hostname or ""
    if host.startswith(CONSENT_HOSTS) or page.css('form[action*="//consent."], form[action*="//guce."]'):
        return blocked("a page that asks for consent to cookies")
    for word in GATES:
        if page.css(f'form[id*="{word}"], form[action*="{word}"], iframe[src*="{word}"], div[class*="{word}"]'):
            return blocked(f"a page that asks whether we are a robot ({word})")
    return refusal(answer)


def blocked(what: str) -> SearchPage:
    """The service takes us for a robot, which we are: nothing is tried to get round it."""
    return SearchPage(Outcome.BLOCKED, detail=what)


def says(page: Selector, phrases: Sequence[str]) -> str:
    """The first of the phrases (in lower case) that stand in the text of a page; empty if none does."""
    words = text(" ".join(page.xpath("//body//text()[not(ancestor::script or ancestor::style)]").getall())).lower()
    return next((phrase for phrase in phrases if phrase in words), "")
