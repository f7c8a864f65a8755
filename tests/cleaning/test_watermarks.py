"""Marks drawn into all pictures of a host stand out, wherever they are; chance edges and single pictures do not."""

import cv2
import numpy as np
import pytest

from tests.cleaning.collected import Picture
from tryon.cleaning import watermarks as marks
from tryon.cleaning.pixels import measure_pixels
from tryon.cleaning.watermarks import MIN_PICTURES, agreement, host_of, watermarks

SIZE = (256, 192)
PLACES = {"corner": (130, 245), "middle": (50, 130)}


def pictures(count: int, seed: int, place: str = "", size: tuple[int, int] = SIZE) -> list[Picture]:
    """Pictures of smooth noise; with the same word at a place from the lower right corner or the middle."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        height, width = size if len(found) % 3 else (size[0], size[1] - 16)
        noise = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), 3)
        picture = np.clip(120 + 400 * noise, 0, 255).astype(np.uint8)
        if place:
            column, row = PLACES[place]
            shift = 0 if place == "corner" else -(-(SIZE[1] - width) // 2)
            word = np.zeros_like(picture)
            column -= SIZE[1] - width if place == "corner" else shift
            cv2.putText(word, "SHOP", (column, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (1, 1, 1), 1)
            picture = np.where(word > 0, (0.6 * picture + 0.4 * 255).astype(np.uint8), picture)
        found.append(picture)
    return found


def overlays(shown: list[Picture], name: str) -> dict[str, str]:
    return {f"{name}{number}": measure_pixels(one).overlay for number, one in enumerate(shown)}


def test_the_host_of_an_address() -> None:
    assert host_of("https://img.example:8080/a.jpg?b") == "img.example"
    assert host_of("") == "" and host_of("C:/pictures/a.jpg") == ""


@pytest.mark.parametrize("place", PLACES)
def test_a_hosts_common_mark_is_found_and_only_there(place: str) -> None:
    packed = overlays(pictures(20, 1, place), "m") | overlays(pictures(20, 2), "p")
    found = watermarks(packed, {name: f"{name[0]}.example" for name in packed})
    assert np.median([found[name] for name in found if name[0] == "m"]) > 1.0
    assert max(found[name] for name in found if name[0] == "p") < 0.7


def test_few_pictures_and_pictures_without_a_host_say_nothing() -> None:
    packed = overlays(pictures(2 * MIN_PICTURES - 1, 3, "middle"), "")
    hosts = {name: "" if int(name) < MIN_PICTURES else "marked.example" for name in packed}
    assert set(watermarks(packed, hosts).values()) == {0.0}


def test_the_rest_of_a_large_host_is_compared_only_if_it_is_not_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MAX_PICTURES", 20)
    packed = overlays(pictures(20 + MIN_PICTURES - 1, 4, "middle"), "")
    found = watermarks(packed, dict.fromkeys(packed, "marked.example"))
    compared = sorted(packed)[:20]
    assert np.median([found[name] for name in compared]) > 0.7
    assert {found[name] for name in packed if name not in compared} == {0.0}


def test_blank_pictures_agree_with_nothing() -> None:
    blank = np.zeros((40, 30), np.int8)
    assert agreement([blank] * 20).tolist() == [0.0] * 20


def test_what_one_picture_alone_shows_is_no_mark() -> None:
    noise = np.random.default_rng(6).integers(-1, 2, (24, 64, 64)).astype(np.int8)
    alone, shared = noise.copy(), noise.copy()
    alone[0, 10:14, 10:40] = 1
    shared[:, 10:14, 10:40] = 1
    opposite = shared.copy()
    opposite[0, 10:14, 10:40] = -1
    assert agreement(list(alone))[0] < 0.7
    assert min(agreement(list(shared))) > 5.0
    assert agreement(list(opposite))[0] < 0.7, "the others' mark is not in it"
