"""Where a picture's mask comes from, and how far it is: its annotation, else the model, else there is none."""

from collections.abc import Mapping, Sequence

from tryon.errors import DataError
from tryon.reviewing.annotated import AnnotatedMasks
from tryon.reviewing.drawing import draw_overlay
from tryon.reviewing.finding import BackgroundFinder
from tryon.reviewing.pictures import Picture

READY, WAITING, NONE = "ready", "waiting", "none"


class Overlays:
    """The masks of pictures as PNG files.

    Args:
        finder: the model; None: annotations only.
    """

    def __init__(self, finder: BackgroundFinder | None) -> None:
        self._annotated = AnnotatedMasks()
        self._finder = finder
        self._drawn: dict[str, tuple[bytes | None, str]] = {}

    def prepare(self, pictures: Sequence[Picture]) -> Mapping[str, Mapping[str, str]]:
        """For each picture the `state` of its mask (ready, waiting, none), and in `words` what it is or why there is
        none. Those that wait are looked at next."""
        answers, waiting = {}, []
        for picture in pictures:
            drawn = self._draw(picture)
            if drawn is None:
                waiting.append(picture)
                answers[picture.sha256] = {"state": WAITING, "words": "the model is looking for the shirt"}
            else:
                answers[picture.sha256] = {"state": NONE if drawn[0] is None else READY, "words": drawn[1]}
        if waiting and self._finder is not None:
            self._finder.wish(waiting)
        return answers

    def png(self, picture: Picture) -> bytes:
        """A picture's mask, once `prepare` said that it is ready.

        Raises:
            DataError: it is not.
        """
        drawn = self._draw(picture)
        if drawn is None or drawn[0] is None:
            raise DataError(f"{picture.name} has no mask", needed="a mask that is ready", remedy="ask for it first")
        return drawn[0]

    def _draw(self, picture: Picture) -> tuple[bytes | None, str] | None:
        """The overlay and words about it; None while the model has not looked."""
        if picture.sha256 not in self._drawn:
            drawn = self._from_annotation(picture) or self._from_model(picture)
            if drawn is None:
                return None
            self._drawn[picture.sha256] = drawn
        return self._drawn[picture.sha256]

    def _from_annotation(self, picture: Picture) -> tuple[bytes | None, str] | None:
        try:
            masks = self._annotated.masks(picture)
        except DataError as error:
            return None, f"its annotation cannot be used: {error}"
        if masks is None:
            return None
        return (draw_overlay(masks), f"{_count(len(masks))}, annotated") if masks else (None, "annotated: no shirt")

    def _from_model(self, picture: Picture) -> tuple[bytes | None, str] | None:
        if self._finder is None:
            return None, "no annotation; start with --models to have masks found"
        found = self._finder.found(picture.sha256)
        if found is None:
            return (None, f"the model cannot be used: {self._finder.failure}") if self._finder.failure else None
        if found.fault:
            return None, f"the model could not look: {found.fault}"
        if not found.masks:
            return None, "the model found no shirt"
        return draw_overlay(found.masks), f"{_count(len(found.masks))}, score {found.score:.2f}"


def _count(shirts: int) -> str:
    return f"{shirts} shirt" + ("s" if shirts > 1 else "")
