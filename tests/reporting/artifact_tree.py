"""A small, invented artifact tree as docs/reference/artifacts.md describes it: made-up pictures and figures."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

PATTERNS = ("blue", "striped")
ROOT = Path(__file__).parents[2]


def write_tree(root: Path, *, photos: int = 5, answers: bool = True, side: int = 96) -> None:
    """Fill `root` with everything that write_report reads, except params.yaml."""
    rng = np.random.default_rng(7)
    _write_pictures(root, photos, answers, side, rng)
    _write_metrics(root, photos, answers)
    _write_mask_rcnn(root, side, rng)
    for pattern in PATTERNS:
        _write_cyclegan(root, pattern, rng)
    write_json(
        root / "metrics/timing.json",
        {"machine": {"cores": 2}, "stages": {"train_mask_rcnn": 141.2, "train_cyclegan@blue": 80.0}},
    )
    (root / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  train_mask_rcnn:\n    outs: [{path: models/mask_rcnn, md5: 0123456789abcdef.dir}]\n"
    )


def write_json(path: Path, content: object) -> None:
    """A JSON file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_csv(path: Path, columns: list[str], rows: list[tuple[object, ...]]) -> None:
    """A CSV file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def picture(path: Path, height: int, width: int, shirt: tuple[int, int, int], rng: np.random.Generator) -> None:
    """A head and a shirt on a light ground, so that rows can be told apart by eye."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    image = np.full((height, width, 3), 215, np.float64) + 25 * y[..., None]
    image[(np.hypot(x - 0.5, (y - 0.2) * 1.2) < 0.13)] = (198, 150, 120)
    body = (np.abs(x - 0.5) < 0.24) & (y > 0.36) & (y < 0.9)
    image[body] = shirt
    image[body] *= 0.85 + 0.2 * np.sin(x[body] * 22)[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    noisy = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(path)


def _write_pictures(root: Path, photos: int, answers: bool, side: int, rng: np.random.Generator) -> None:
    colours = {"blue": (40, 80, 190), "striped": (190, 60, 70)}
    pairs, results = [], []
    for number in range(1, photos + 1):
        photo = f"{number:06d}.jpg"
        picture(root / "data/photos/test/image" / photo, side, side, (230, 230, 225), rng)
        for position, (pattern, colour) in enumerate(colours.items()):
            garment = f"{800 + position:06d}.jpg"
            name = f"{photo[:-4]}__{garment[:-4]}.png"
            picture(root / "data/garments" / pattern / garment, side, side * 3 // 4, colour, rng)
            if answers:
                picture(root / "data/rendered/pairs/answers" / name, side, side, colour, rng)
            refused = number == photos and pattern == "striped"
            if not refused:
                picture(root / "data/results" / name, side, side, tuple(int(0.9 * c) for c in colour), rng)
            pairs.append((photo, garment, pattern, f"answers/{name}" if answers else ""))
            results.append(
                (photo, garment, pattern, *(("", "", "no_shirt_in_photo") if refused else (name, f"alpha/{name}", "")))
            )
    write_csv(root / "data/rendered/pairs/pairs.csv", ["photo", "garment", "pattern", "answer"], pairs)
    write_csv(root / "data/results/results.csv", ["photo", "garment", "pattern", "result", "alpha", "refusal"], results)


def _write_metrics(root: Path, photos: int, answers: bool) -> None:
    write_json(
        root / "metrics/data.json",
        {
            "photos_train": 280,
            "photos_validation": 40,
            "photos_test": photos,
            "garments": 81,
            "expectations": 24,
            "expectations_failed": 0,
        },
    )
    mask = {
        "found_rate": 0.979,
        "mask_iou": 0.912,
        "boundary_iou": 0.571,
        "mask_ap": 0.83,
        "mask_ap50": 0.98,
        "mask_ap75": 0.95,
        "box_ap": 0.85,
        "box_ap50": 0.97,
        "border_ciede2000": 5.25,
    }
    write_json(root / "metrics/mask_rcnn.json", mask | {"mask_iou/occlusion_2": 0.87, "mask_iou/occlusion_1": 0.93})
    fitting: dict[str, float] = {"pairs": photos * 2, "refused": 1, "outside_changed_pixels": 0}
    if answers:
        worse = {"": 1.0, "_luminance": 1.2, "_flat_fill": 1.7, "_untouched": 3.4}
        fitting |= {f"ciede2000{suffix}": 9.5 * factor for suffix, factor in worse.items()}
        fitting |= {f"ssim{suffix}": 0.81 / factor**0.3 for suffix, factor in worse.items()}
        fitting |= {"ssim/blue": 0.83, "ssim_luminance/blue": 0.79, "ciede2000/blue": 8.25}
        fitting |= {"psnr": 21.3, "psnr_luminance": 22.0, "psnr_flat_fill": 18.4, "psnr_untouched": 13.9}
    write_json(root / "metrics/fitting.json", fitting)
    for position, pattern in enumerate(PATTERNS):
        scores = {
            "sleeve_retention": 0.93,
            "ciede2000_to_target": 6.0 + position,
            "cycle_ssim": 0.88,
            "background_change": 0.0,
        }
        write_json(root / f"metrics/cyclegan/{pattern}.json", scores | {"ciede2000_to_target_flat_fill": 5.0})


def _write_mask_rcnn(root: Path, side: int, rng: np.random.Generator) -> None:
    rows = []
    for epoch in range(1, 15):
        for scale, component in enumerate(("total", "rpn_objectness", "rpn_box", "class", "box", "mask"), start=1):
            rows.append((epoch, component, 2 / scale / epoch**0.5, 2.2 / scale / epoch**0.4))
    write_csv(root / "models/mask_rcnn/losses.csv", ["epoch", "component", "train", "validation"], rows)
    curve = [
        (kind, t, r / 20, max(0.0, 1 - (r / 20) ** (12 * (1.3 - t))))
        for kind in ("mask", "box")
        for t in (0.5, 0.75, 0.9)
        for r in range(21)
    ]
    folder = root / "reports/mask_rcnn"
    write_csv(folder / "pr_curve.csv", ["kind", "threshold_iou", "recall", "precision"], curve)
    slices = [("background_close", 3, 0.9, 0.7771, 0.4, 9.5), ("occlusion_2", 2, 1.0, 0.87, 0.5, "")]
    measures = ["found_rate", "mask_iou", "boundary_iou", "border_ciede2000"]
    write_csv(folder / "slices.csv", ["slice", "shirts", *measures], slices)
    worst = [(f"{n:06d}.png", f"{n:06d}.jpg", n / 10, n / 20, "scale_1 long_sleeves" if n else "") for n in range(4)]
    write_csv(folder / "worst.csv", ["picture", "photo", "mask_iou", "boundary_iou", "slices"], worst)
    for number in range(4):
        picture(root / f"reports/mask_rcnn/overlays/{number:06d}.png", side, side, (60, 160, 90), rng)
        picture(root / f"reports/mask_rcnn/worst/{number:06d}.png", side, side, (200, 60, 60), rng)


def _write_cyclegan(root: Path, pattern: str, rng: np.random.Generator) -> None:
    components = ("plain_to_pattern", "pattern_to_plain", "cycle", "identity", "pattern_critic", "plain_critic")
    rows = [
        (epoch, name, (5 + position) / epoch**0.5) for epoch in range(1, 17) for position, name in enumerate(components)
    ]
    write_csv(root / f"models/cyclegan/{pattern}/losses.csv", ["epoch", "component", "train"], rows)
    scores = [(epoch, name, 1 / epoch) for epoch in range(1, 17) for name in ("cycle_ssim", "rating")]
    write_csv(root / f"models/cyclegan/{pattern}/scores.csv", ["epoch", "component", "validation"], scores)
    write_json(root / f"models/cyclegan/{pattern}/model.json", {"facts": {"kept_epoch": 12}})
    for epoch in (4, 8, 12, 16):
        picture(root / f"models/cyclegan/{pattern}/grids/epoch_{epoch:03d}.png", 128, 256, (epoch * 12, 80, 190), rng)
    picture(root / f"reports/cyclegan/{pattern}/test.png", 192, 384, (40, 90, 200), rng)
    for case in ("best_000001__000800", "worst_000002__000801"):
        picture(root / f"reports/fitting/cases/{case}.png", 96, 384, (40, 90, 200), rng)
