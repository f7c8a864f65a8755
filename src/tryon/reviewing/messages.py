"""What the page sends, checked before anything is done with it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tryon.formats.decisions import Decision
from tryon.reviewing.journal import Step

MOST_AT_ONCE = 200
_MOST_CHARACTERS = 300


def _one_line(text: str) -> str:
    """Text that a CSV cell gives back as it was: no control characters, no broken Unicode, no spaces around it."""
    if text and not text.isprintable():
        raise ValueError("one line of printable text is needed")
    return text.strip()


Line = Annotated[str, Field(max_length=_MOST_CHARACTERS), AfterValidator(_one_line)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SentDecision(_Message):
    """A decision without the picture."""

    verdict: Literal["keep", "reject"]
    reason: Line
    person: Annotated[Line, Field(min_length=1)]

    @model_validator(mode="after")
    def _reasoned(self) -> "SentDecision":
        if self.verdict == "reject" and not self.reason:
            raise ValueError("a rejection needs a reason")
        return self


class SentStep(_Message):
    """A decision taken, changed or taken back; `before` is what the window had seen."""

    sha256: Sha256
    before: SentDecision | None
    after: SentDecision | None

    def to_step(self) -> Step:
        """The step as the store takes it."""
        before, after = (
            None if sent is None else Decision(self.sha256, sent.verdict, sent.reason, sent.person)
            for sent in (self.before, self.after)
        )
        return Step(self.sha256, before, after)


class SentSteps(_Message):
    """Steps in their order, and the revision that the window knows."""

    steps: Annotated[list[SentStep], Field(min_length=1, max_length=MOST_AT_ONCE)]
    since: Annotated[int, Field(ge=0)]


class MaskWishes(_Message):
    """The pictures whose masks are wanted, the most wanted first."""

    pictures: Annotated[list[Sha256], Field(max_length=MOST_AT_ONCE)]
