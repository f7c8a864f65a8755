"""The page of a cleaning: what each check threw out, surest first, and what it nearly threw out. One offline file."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from tryon.cleaning.checks import PIXEL_CHECKS, SHIRT_CHECKS
from tryon.cleaning.verdicts import DECISION, DUPLICATE, NEAR_DUPLICATE, Verdict
from tryon.curating.judging import FAULTS
from tryon.errors import DataError
from tryon.images.files import encode_jpeg, read_image
from tryon.images.resizing import resize_long_side
from tryon.outputs import new_folder, write_text

_SHOWN = 24  # of each sheet: two or three rows of a wide window
_PICTURE_PX = 160
_NEARLY = 0.02  # probability of a fault from which a kept picture is worth a look


@dataclass(frozen=True)
class Card:
    """One picture of a sheet; `picture` and `other` are JPEG data addresses, None if they cannot be decoded."""

    picture: str | None
    caption: str
    other: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A check with the pictures that it refused, and the kept ones nearest to its limit."""

    check: str
    refused: int
    cards: list[Card]
    nearly: list[Card]


def write_page(out: Path, folder: Path, verdicts: Sequence[Verdict], with_shirts: bool) -> None:
    """Write `out/index.html` for one collection."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    checks = [
        *PIXEL_CHECKS,
        *(SHIRT_CHECKS if with_shirts else ()),
        DUPLICATE,
        NEAR_DUPLICATE,
        DECISION,
        *sorted(FAULTS),
    ]
    sheets = [_sheet(check, folder, verdicts) for check in checks]
    text = environment.get_template("page.html.jinja").render(
        name=folder.name,
        total=len(verdicts),
        kept=sum(one.kept for one in verdicts),
        splits=Counter(one.split for one in verdicts if one.kept),
        sheets=[sheet for sheet in sheets if sheet.refused or sheet.nearly],
        with_shirts=with_shirts,
    )
    with new_folder(out) as building:
        write_text(building / "index.html", text)


def _sheet(check: str, folder: Path, verdicts: Sequence[Verdict]) -> Sheet:
    refused = [one for one in verdicts if one.kind == check]
    refused.sort(key=lambda one: (-_probability(one, check), one.picture.key))
    near = [one for one in verdicts if one.kept and _probability(one, check) > _NEARLY]
    near.sort(key=lambda one: (-_probability(one, check), one.picture.key))
    return Sheet(
        check,
        len(refused),
        [_card(one, check, folder) for one in refused[:_SHOWN]],
        [_card(one, check, folder) for one in near[: _SHOWN // 2]],
    )


def _probability(one: Verdict, check: str) -> float:
    return max((finding.probability for finding in one.findings if finding.check == check), default=0.0)


def _card(one: Verdict, check: str, folder: Path) -> Card:
    """A refused picture with its reason, a kept one with the measurement that is nearest to the check's limit."""
    own = [finding for finding in one.findings if finding.check == check]
    caption = one.reason or max(own, key=lambda finding: finding.probability).detail
    twin = one.reason.partition(": ")[2].split(" ")[0] if check in (DUPLICATE, NEAR_DUPLICATE) else ""
    return Card(
        _thumbnail(folder / one.picture.row.file),
        f"{Path(one.picture.row.file).name}: {caption}",
        _thumbnail(folder.parent / twin) if twin else None,
    )


def _thumbnail(path: Path) -> str | None:
    try:
        small = resize_long_side(read_image(path), _PICTURE_PX)
    except DataError:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, quality=85)).decode()
