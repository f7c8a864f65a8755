"""The rendered dataset on disk: photos in DeepFashion2's layout, a garment collection, and pairs with exact answers.

Every picture is drawn from its own random stream, named by seed, kind, split and index, so that it does not depend on
how many others are drawn or in which order.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tryon.config import RenderConfig
from tryon.errors import ConfigError
from tryon.formats.deepfashion2 import write_annotation
from tryon.formats.tables import write_table
from tryon.images.files import decode_own, encode_jpeg, encode_png
from tryon.outputs import new_folder
from tryon.rendering.annotation import annotate_garment, annotate_photo, visible_mask
from tryon.rendering.looks import Look, sample_look
from tryon.rendering.photo import DrawnScene, draw, exact_answer, wear
from tryon.rendering.scene import sample_scene
from tryon.rendering.shop import Layout, render_garment, sample_layout

Watch = Callable[[Iterable[Any]], Iterable[Any]]

SPLITS = ("train", "validation", "test")
LABEL_COLUMNS = ("file", "split", "colour", "pattern", "view", "small_logo")
PAIR_COLUMNS = ("photo", "garment", "pattern", "answer")
MAIN_FAMILIES = ("plain", "blue", "striped")  # the product families that a CycleGAN is trained from and for
OTHER_FAMILIES = ("striped_other", "dotted", "checked", "print", "other")
FAMILIES = (*MAIN_FAMILIES, *OTHER_FAMILIES)
_WORN_SHARES = {"plain": 0.40, "blue": 0.20, "striped": 0.20, "striped_other": 0.04, "dotted": 0.05, "checked": 0.05,
                "print": 0.04, "other": 0.02}  # fmt: skip
_PHOTO, _GARMENT = 0, 1
_FIRST_GARMENT = 100_001  # so that a photo and a garment never share a file name
_MIN_VISIBLE_SHARE = 0.02  # of the picture; a scene that shows less shirt is drawn anew
_OTHERS_PER_MAIN = 4


@dataclass(frozen=True)
class GarmentEntry:
    """One garment of the collection: number, split, family, look and how it lies."""

    number: int
    split: str
    family: str
    look: Look
    layout: Layout

    @property
    def file_name(self) -> str:
        return f"{self.number:06d}.jpg"


def write_dataset(
    config: RenderConfig, seed: int, photos: Path, garments: Path, pairs: Path, *, workers: int = 1, watch: Watch = iter
) -> None:
    """Write all three folders, each whole or not at all; the same bytes with any number of workers.

    Args:
        workers: processes that draw; 1 draws in this one.
        watch: passes on what it is given, one at a time, as pictures get ready (`tryon.console.track`).

    Raises:
        ConfigError: an answer pattern is no family of garments, or has no test garment.
    """
    collection = list(plan_garments(config, seed))
    answers = _answer_garments(config, collection)
    places = [(split, index) for split in SPLITS for index in range(config.photos[split])]  # type: ignore[index]
    with _mapping(workers) as mapping:
        with new_folder(garments) as folder:
            (folder / "images").mkdir()
            (folder / "annos").mkdir()
            listed = list(watch(mapping(partial(_write_garment, folder), collection)))
            write_table(folder / "labels.csv", LABEL_COLUMNS, listed)
        with new_folder(photos) as photo_folder, new_folder(pairs) as pair_folder:
            (pair_folder / "answers").mkdir()
            for split in dict.fromkeys(split for split, _ in places):
                for part in ("image", "annos"):
                    (photo_folder / split / part).mkdir(parents=True)
            draw_one = partial(_write_photo, config, seed, photo_folder, pair_folder, answers)
            rows = [row for some in watch(mapping(draw_one, enumerate(places, start=1))) for row in some]
            write_table(pair_folder / "pairs.csv", PAIR_COLUMNS, rows)


def plan_garments(config: RenderConfig, seed: int) -> Iterator[GarmentEntry]:
    """Every garment of the collection, numbered by split and family."""
    number = _FIRST_GARMENT
    for split in SPLITS:
        count = config.garments_per_pattern[split]  # type: ignore[index]
        for kind, family in enumerate(FAMILIES):
            wanted = count if family in MAIN_FAMILIES else -(-count // _OTHERS_PER_MAIN)
            for index in range(wanted):
                rng = stream(seed, _GARMENT, SPLITS.index(split), kind, index)
                look = sample_look(rng, family)
                yield GarmentEntry(number, split, family, look, sample_layout(rng, config.size_px))
                number += 1


def draw_photo(seed: int, split: str, index: int, size_px: int) -> tuple[DrawnScene, Look, str]:
    """The scene, worn look and family of one photo; scenes in which too little of the shirt shows are passed over."""
    for attempt in range(50):
        rng = stream(seed, _PHOTO, SPLITS.index(split), index, attempt)
        family = _worn_family(rng, split, index)
        look = sample_look(rng, family)
        drawn = draw(sample_scene(rng, size_px, look.ground))
        if visible_mask(drawn.alpha).mean() >= _MIN_VISIBLE_SHARE:
            return drawn, look, family
    raise AssertionError("fifty scenes in a row hide the shirt")


def stream(seed: int, *key: int) -> np.random.Generator:
    """The random stream of one picture."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _worn_family(rng: np.random.Generator, split: str, index: int) -> str:
    """What a person wears: a mix; two of three people of the test split wear plain and get answers."""
    families = list(_WORN_SHARES)
    shares = np.array(list(_WORN_SHARES.values()))
    if split == "test":
        if index % 3 != 2:
            return "plain"
        families, shares = families[1:], shares[1:]
    return families[rng.choice(len(families), p=shares / shares.sum())]


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """`map`, done by several processes if so wished."""
    if workers == 1:
        yield map
        return
    # Started anew rather than forked: a copy of this process would hold the locks of threads that it lacks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        yield partial(pool.map, chunksize=4)


def _start_worker() -> None:
    """Draw with one thread, and end with the process that asked for the pictures, even if that is killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker without a parent"
    parent.join()
    os._exit(1)


def _write_photo(
    config: RenderConfig, seed: int, photo_folder: Path, pair_folder: Path, answers: dict[str, list[GarmentEntry]],
    numbered: tuple[int, tuple[str, int]],
) -> list[dict[str, str]]:  # fmt: skip
    """Write one photo with its annotation and, in the test split, its answers; returns the rows of pairs.csv."""
    number, (split, index) = numbered
    drawn, look, family = draw_photo(seed, split, index, config.size_px)
    content = encode_jpeg(wear(drawn, look).image)
    name = f"{number:06d}"
    (photo_folder / split / "image" / f"{name}.jpg").write_bytes(content)
    write_annotation(photo_folder / split / "annos" / f"{name}.json", annotate_photo(drawn))
    if split != "test" or family != "plain":
        return []
    decoded = decode_own(content, name)
    rows = []
    for pattern, choices in answers.items():
        garment = choices[index % len(choices)]
        answer = f"answers/{name}__{garment.number:06d}.png"
        (pair_folder / answer).write_bytes(encode_png(exact_answer(decoded, drawn, garment.look)))
        rows.append({"photo": f"{name}.jpg", "garment": garment.file_name, "pattern": pattern, "answer": answer})
    return rows


def _write_garment(folder: Path, entry: GarmentEntry) -> dict[str, str | int]:
    """Write one garment with its annotation; returns its row of labels.csv."""
    garment = render_garment(entry.layout, entry.look)
    (folder / "images" / entry.file_name).write_bytes(encode_jpeg(garment.image))
    write_annotation(folder / "annos" / f"{entry.number:06d}.json", annotate_garment(garment, entry.layout.frame))
    return {"file": entry.file_name, "split": entry.split, "colour": entry.look.colour,
            "pattern": entry.look.pattern, "view": entry.layout.view, "small_logo": 0}  # fmt: skip


def _answer_garments(config: RenderConfig, collection: list[GarmentEntry]) -> dict[str, list[GarmentEntry]]:
    """The test garments of every answer pattern."""
    found = {p: [g for g in collection if g.split == "test" and g.family == p] for p in config.answer_patterns}
    missing = [pattern for pattern, garments in found.items() if not garments]
    if missing and config.photos["test"] > 0:
        raise ConfigError(
            "render.answer_patterns: no test garment has this pattern",
            received=", ".join(missing),
            needed=f"some of {', '.join(FAMILIES)}, and render.garments_per_pattern.test at least 1",
            remedy="correct the render section of params.yaml",
        )
    return found
