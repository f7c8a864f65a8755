"""Photos of people and annotated shop pictures, filtered and divided into splits: `data/photos`."""

import logging
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

from tryon.config import GarmentsConfig, PhotosConfig
from tryon.curating.candidates import Candidate, refuse_equal_names, shop_candidates, user_candidates
from tryon.curating.copying import copy_annotation, copy_picture
from tryon.curating.filters import main_item, passing_items, picture_reason
from tryon.curating.judging import (
    ANNOTATION_MISSING,
    ANNOTATION_UNREADABLE,
    Judged,
    apply_decisions,
    drop_forgotten,
    limit,
    refuse_many_faults,
    reject_near_duplicates,
    summarise,
)
from tryon.curating.measuring import Measurement, in_threads, measure
from tryon.curating.splitting import SPLITS, divide
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.formats.tables import write_table
from tryon.outputs import new_folder

PHOTO_COLUMNS = (
    "file",
    "split",
    "source",
    "source_path",
    "sha256",
    "phash",
    "width",
    "height",
    "sharpness",
    "luminance",
    "items",
    "category_ids",
    "viewpoint",
    "scale",
    "occlusion",
    "zoom_in",
    "kept",
    "reason",
)

logger = logging.getLogger("tryon")


@dataclass(frozen=True)
class Sources:
    """Where photos come from: a DeepFashion2 folder, and a garment collection whose annotated pictures join them."""

    photos: Path
    garments: Path


@dataclass(frozen=True)
class _Seen:
    """A candidate with what its files hold: enough to judge it and to write its row, without the pixels."""

    candidate: Candidate
    measurement: Measurement
    reason: str
    category_ids: tuple[int, ...] = ()
    main: Item | None = None


def curate_photos(
    sources: Sources,
    out: Path,
    *,
    photos: PhotosConfig,
    garments: GarmentsConfig,
    decisions: Mapping[str, Decision],
    forgotten: Container[str] = frozenset(),
    seed: int,
) -> Counter[str]:
    """Write `out/{train,validation,test}/{image,annos}` and `out/manifest.csv`; JPEG files are copied byte for byte.

    Returns:
        How many pictures were kept in each split (`kept train`, ...), and dropped for each kind of reason.

    Raises:
        DataError: a folder lacks its layout, or too many files are faulty to trust the rest; nothing is written then.
    """
    candidates = user_candidates(sources.photos, photos.splits) + shop_candidates(sources.garments, garments)
    refuse_equal_names(candidates)
    seen = list(in_threads(lambda candidate: _look_at(candidate, photos), candidates))
    judged = [_judge(one, photos, garments, seed) for one in seen]
    for source, folder in (("user", sources.photos), ("shop", sources.garments)):
        refuse_many_faults([one for one, of in zip(judged, seen, strict=True) if of.candidate.source == source], folder)
    judged = reject_near_duplicates(drop_forgotten(apply_decisions(judged, decisions), forgotten))
    worn = {candidate.file for candidate in candidates if candidate.source == "user"}
    judged = limit(judged, photos.max_photos, worn)
    with new_folder(out) as folder:
        for split in SPLITS:
            (folder / split / "image").mkdir(parents=True)
            (folder / split / "annos").mkdir()
        pairs = list(zip(judged, seen, strict=True))
        kept = [(one, of.candidate) for one, of in pairs if one.kept]
        list(in_threads(lambda pair: _copy(*pair, folder / pair[0].split, photos.max_side_px), kept))
        pairs.sort(key=lambda pair: (SPLITS.index(pair[0].split), pair[0].file))
        write_table(folder / "manifest.csv", PHOTO_COLUMNS, [_row(one, of) for one, of in pairs])
    return summarise(judged)


def _look_at(candidate: Candidate, photos: PhotosConfig) -> _Seen:
    measurement = measure(candidate.picture, candidate.sha256)
    if not candidate.annotation.is_file():
        return _Seen(candidate, measurement, measurement.fault or ANNOTATION_MISSING)
    try:
        items = read_annotation(candidate.annotation).items
    except DataError as error:
        logger.warning("%s", error)
        return _Seen(candidate, measurement, measurement.fault or ANNOTATION_UNREADABLE)
    passing, items_reason = passing_items(items, photos, shop=candidate.source == "shop")
    return _Seen(
        candidate,
        measurement,
        reason=measurement.fault or items_reason or picture_reason(measurement, photos),
        category_ids=tuple(sorted(item.category_id for item in items.values())),
        main=main_item(passing or items),
    )


def _judge(seen: _Seen, photos: PhotosConfig, garments: GarmentsConfig, seed: int) -> Judged:
    candidate, shop = seen.candidate, seen.candidate.source == "shop"
    fraction = garments.validation_fraction if shop else photos.validation_fraction
    shared = len(candidate.splits) > 1
    return Judged(
        file=candidate.file,
        split=divide(seen.measurement.sha256, seed, fraction) if shared else candidate.splits[0],
        source_path=candidate.source_path,
        measurement=seen.measurement,
        near_bits=garments.near_duplicate_bits if shop else photos.near_duplicate_bits,
        reason=seen.reason,
    )


def _copy(one: Judged, candidate: Candidate, folder: Path, max_side_px: int) -> None:
    picture = folder / "image" / one.file
    long_side_px = max(one.measurement.width, one.measurement.height)
    motion = copy_picture(candidate.picture, picture, long_side_px, max_side_px)
    copy_annotation(candidate.annotation, folder / "annos" / f"{picture.stem}.json", motion)


def _row(one: Judged, seen: _Seen) -> dict[str, object]:
    measured, main = one.measurement, seen.main
    return {
        "file": one.file,
        "split": one.split,
        "source": seen.candidate.source,
        "source_path": one.source_path,
        "sha256": measured.sha256,
        "phash": measured.phash_hex,
        "width": measured.width,
        "height": measured.height,
        "sharpness": f"{measured.sharpness:.1f}",
        "luminance": f"{measured.luminance:.3f}",
        "items": len(seen.category_ids),
        "category_ids": " ".join(map(str, seen.category_ids)),
        "viewpoint": main.viewpoint if main else None,
        "scale": main.scale if main else None,
        "occlusion": main.occlusion if main else None,
        "zoom_in": main.zoom_in if main else None,
        "kept": int(one.kept),
        "reason": one.reason,
    }
