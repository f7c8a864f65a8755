"""The sections of the report: what the template shows, as plain values.

Each builder reads what it needs below `root` and raises `DataError` for a required file that is absent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tryon.images.files import read_image
from tryon.reporting import charts, figures, pictures, reading
from tryon.reporting.pictures import Embedded, Shown

LARGE_ROWS = 8
# Together with the eight large rows these keep the page under `page.MAX_BYTES`.
GALLERY_BYTES = 2_500_000
MASK_BYTES = 1_800_000
GRID_BYTES = 2_500_000
CASE_BYTES = 1_500_000
MAX_GRIDS = 12
_SLICE_MEASURES = ("found_rate", "mask_iou", "boundary_iou", "border_ciede2000")


@dataclass(frozen=True)
class TryOn:
    """One row: photo, garment, result and, where it is known, the exact answer."""

    title: str
    refusal: str
    pictures: list[Embedded]


@dataclass(frozen=True)
class TryOns:
    """All try-ons: a few large ones and the gallery of all."""

    large: list[TryOn]
    gallery: Shown
    count: int
    refused: int
    has_answers: bool


def try_ons(root: Path, pairs_folder: Path) -> TryOns:
    """The try-ons of the test list; the large ones are spread over photos and patterns, not chosen for quality."""
    pairs = reading.read_pairs(root, pairs_folder)
    fitted = [pair for pair in pairs if pair.result_path]
    return TryOns(
        large=[_large(pair) for pair in spread(fitted, LARGE_ROWS)],
        gallery=pictures.fit_budget(_strips(pairs), len(pairs), GALLERY_BYTES),
        count=len(pairs),
        refused=len(pairs) - len(fitted),
        has_answers=any(pair.answer_path for pair in pairs),
    )


def spread(pairs: list[reading.Pair], count: int) -> list[reading.Pair]:
    """The first `count` pairs with photos, patterns and garments as different as the order allows."""
    chosen: list[reading.Pair] = []
    patterns = list(dict.fromkeys(pair.pattern for pair in pairs))
    while len(chosen) < min(count, len(pairs)):
        wanted = patterns[len(chosen) % len(patterns)]
        photos, garments = {pair.photo for pair in chosen}, {pair.garment for pair in chosen}
        left = [pair for pair in pairs if pair not in chosen]
        chosen.append(min(left, key=lambda p: (p.photo in photos, p.pattern != wanted, p.garment in garments)))
    return chosen


def _large(pair: reading.Pair) -> TryOn:
    parts = (
        (pair.photo_path, "photo", f"photo {pair.photo}"),
        (pair.garment_path, "garment", f"garment {pair.garment}, pattern {pair.pattern}"),
        (pair.result_path, "result", f"result: the person of {pair.photo} wearing garment {pair.garment}"),
        (pair.answer_path, "exact answer", f"exact answer for photo {pair.photo} and garment {pair.garment}"),
    )
    shown = [pictures.embed_file(path, alt, max_width=300, caption=caption) for path, caption, alt in parts if path]
    return TryOn(f"{pair.photo} + {pair.garment} ({pair.pattern})", pair.refusal, shown)


def _strips(pairs: list[reading.Pair]) -> Iterator[Embedded]:
    with_answers = any(pair.answer_path for pair in pairs)
    for pair in pairs:
        paths = [pair.photo_path, pair.garment_path, pair.result_path, *([pair.answer_path] if with_answers else [])]
        sheet = pictures.strip([read_image(path) if path else None for path in paths], cell_px=128)
        caption = f"{pair.photo} + {pair.garment} ({pair.pattern})" + (
            f": refused, {pair.refusal}" if pair.refusal else ""
        )
        outcome = (
            f"refused: {pair.refusal}" if pair.refusal else "result" + (", exact answer" if pair.answer_path else "")
        )
        alt = f"photo {pair.photo}, garment {pair.garment}, {outcome}"
        yield pictures.embed_image(sheet, alt, max_width=600, caption=caption)


@dataclass(frozen=True)
class Data:
    """What was curated and what the checks said."""

    rows: list[tuple[str, str]]
    failed: int
    failures: list[str]
    page: str


def data(root: Path) -> Data:
    """The figures of `metrics/data.json` and the names of the expectations that failed."""
    content = reading.read_json(root / "metrics/data.json", "validate_data")
    counted = reading.numbers(content)
    names = [str(name) for value in content.values() if isinstance(value, list) for name in value]
    return Data(figures.remaining(counted), int(counted.get("expectations_failed", 0)), names, "data/index.html")


@dataclass(frozen=True)
class Slice:
    """One slice of the test shirts: how many, and its measures in the order of their titles."""

    name: str
    shirts: str
    measured: list[str]


@dataclass(frozen=True)
class MaskRCNN:
    """Everything measured of the network that finds the shirt."""

    rows: list[tuple[str, str]]
    losses: list[Markup]
    curves: list[Markup]
    slice_titles: list[str]
    slices: list[Slice]
    overlays: Shown
    worst: Shown


def mask_rcnn(root: Path) -> MaskRCNN:
    """Losses, precision and recall, slices, overlays and worst cases of Mask R-CNN."""
    measured = reading.numbers(reading.read_json(root / "metrics/mask_rcnn.json", "evaluate_mask_rcnn"))
    losses = reading.read_losses(root / "models/mask_rcnn/losses.csv", "train_mask_rcnn")
    folder = root / "reports/mask_rcnn"
    return MaskRCNN(
        rows=figures.remaining(measured),
        losses=loss_charts(losses),
        curves=_precision_recall(folder / "pr_curve.csv"),
        slice_titles=[figures.meaning_of(name).label for name in _SLICE_MEASURES],
        slices=_slices(folder / "slices.csv"),
        overlays=_folder(folder / "overlays", "shirt found in photo", MASK_BYTES // 2, max_width=320),
        worst=_worst(folder, MASK_BYTES // 2),
    )


def _slices(path: Path) -> list[Slice]:
    """The rows of the table of slices; a measure that no shirt of a slice has is empty."""
    rows = reading.read_rows(path, ("slice", "shirts", *_SLICE_MEASURES), "evaluate_mask_rcnn")
    shown = [[row[name] and figures.show(name, float(row[name])) for name in _SLICE_MEASURES] for row in rows]
    return [Slice(row["slice"], row["shirts"], measured) for row, measured in zip(rows, shown, strict=True)]


def _worst(folder: Path, budget_bytes: int) -> Shown:
    """The worst shirts with what was measured of them, in the order of their table."""
    columns = ("picture", "photo", "mask_iou", "boundary_iou", "slices")
    rows = {row["picture"]: row for row in reading.read_rows(folder / "worst.csv", columns, "evaluate_mask_rcnn")}
    captions = {
        picture: f"{row['photo']}: IoU {float(row['mask_iou']):.2f}, boundary IoU {float(row['boundary_iou']):.2f}; "
        + (row["slices"].replace(" ", ", ") or "no slice")
        for picture, row in rows.items()
    }
    return _folder(folder / "worst", "one of the worst masks: photo", budget_bytes, max_width=340, captions=captions)


@dataclass(frozen=True)
class CycleGAN:
    """Everything measured of one pattern's generator."""

    pattern: str
    losses: list[Markup]
    scores: list[Markup]
    epochs: Shown
    rows: list[tuple[str, str]]
    columns: list[str]
    comparisons: list[figures.Comparison]
    verdict: str
    grids: Shown


def cyclegan(root: Path, pattern: str, pattern_count: int) -> CycleGAN:
    """Losses, scores and grids by epoch, scores beside the results without a network, test grids of one pattern."""
    stage = f"evaluate_cyclegan@{pattern}"
    measured = reading.numbers(reading.read_json(root / f"metrics/cyclegan/{pattern}.json", stage))
    model = root / f"models/cyclegan/{pattern}"
    losses = reading.read_losses(model / "losses.csv", f"train_cyclegan@{pattern}")
    scores = reading.read_scores(model / "scores.csv", f"train_cyclegan@{pattern}")
    kept = reading.read_kept_epoch(model / "model.json", f"train_cyclegan@{pattern}")
    columns, comparisons = figures.compare_with_baselines(measured)
    paths = pictures.thin_out(reading.pictures_in(model / "grids"), MAX_GRIDS)
    epochs = (_epoch_grid(path, pattern) for path in paths)
    return CycleGAN(
        pattern=pattern,
        losses=loss_charts(losses),
        scores=[_score_chart(name, points, kept) for name, points in scores.items()],
        epochs=pictures.fit_budget(epochs, len(paths), GRID_BYTES // pattern_count),
        rows=figures.remaining(measured),
        columns=columns,
        comparisons=comparisons,
        verdict=figures.verdict_on_network(columns, comparisons),
        grids=_folder(
            root / f"reports/cyclegan/{pattern}",
            f"{pattern} test grid:",
            GRID_BYTES // pattern_count // 2,
            max_width=900,
        ),
    )


@dataclass(frozen=True)
class Fitting:
    """Every figure of the results, and their best and worst cases."""

    rows: list[tuple[str, str]]
    columns: list[str]
    comparisons: list[figures.Comparison]
    verdict: str
    by_pattern: list[tuple[str, list[figures.Comparison]]]
    cases: Shown


def fitting(root: Path, patterns: list[str]) -> Fitting:
    """The results beside the three that need no network, of all pairs and of those of each pattern."""
    measured = reading.numbers(reading.read_json(root / "metrics/fitting.json", "evaluate_fitting"))
    columns, comparisons = figures.compare_with_baselines(measured)
    return Fitting(
        rows=figures.remaining(measured),
        columns=columns,
        comparisons=comparisons,
        verdict=figures.verdict_on_network(columns, comparisons),
        by_pattern=[
            (pattern, figures.compare_with_baselines(figures.of_slice(measured, pattern))[1]) for pattern in patterns
        ],
        cases=_folder(root / "reports/fitting/cases", "try-on case:", CASE_BYTES, max_width=760),
    )


def timing(root: Path) -> Markup | None:
    """Seconds by stage as bars, longest first; nothing where no stage was timed."""
    path = root / "metrics/timing.json"
    if not path.is_file():
        return None
    stages = reading.numbers(reading.read_json(path, "any").get("stages", {}))
    bars = sorted(stages.items(), key=lambda bar: (-bar[1], bar[0]))
    return charts.bar_chart("Time by stage", bars, "s") if bars else None


def loss_charts(losses: list[reading.LossRow]) -> list[Markup]:
    """One small chart for each component: training as a line, validation dashed."""
    shown = []
    for component in dict.fromkeys(row.component for row in losses):
        rows = [row for row in losses if row.component == component]
        lines = [charts.Line("training", [(row.epoch, row.train) for row in rows])]
        validated = [(row.epoch, row.validation) for row in rows if row.validation is not None]
        if validated:
            lines.append(charts.Line("validation", validated, colour=1, dashed=True))
        chart = charts.line_chart(component, lines, charts.Axis("epoch"), charts.Axis("loss"))
        shown.append(Markup('<figure class="plot"><figcaption>{}</figcaption>{}</figure>').format(component, chart))
    return shown


def _score_chart(name: str, points: list[tuple[float, float]], kept_epoch: int) -> Markup:
    """A score by epoch, a dot at the epoch whose generators were kept."""
    meaning = figures.meaning_of(name)
    lines = [charts.Line("validation", points)]
    lines += [charts.Line("kept", [point], colour=1) for point in points if point[0] == kept_epoch]
    chart = charts.line_chart(meaning.label, lines, charts.Axis("epoch"), charts.Axis(meaning.label))
    better = {"higher": " ↑", "lower": " ↓"}.get(meaning.better, "")
    caption = f"{meaning.label}{better}"
    return Markup('<figure class="plot"><figcaption>{}</figcaption>{}</figure>').format(caption, chart)


def _precision_recall(path: Path) -> list[Markup]:
    """One chart for masks and one for boxes, a line for each IoU."""
    rows = reading.read_rows(path, ("kind", "threshold_iou", "recall", "precision"), "evaluate_mask_rcnn")
    shown = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        lines = []
        for position, threshold in enumerate(sorted({row["threshold_iou"] for row in of_kind}, key=float)):
            points = [(float(r["recall"]), float(r["precision"])) for r in of_kind if r["threshold_iou"] == threshold]
            lines.append(charts.Line(f"IoU {float(threshold):.2f}", points, colour=position, dashed=position % 2 == 1))
        axes = charts.Axis("recall", 0, 1), charts.Axis("precision", 0, 1)
        chart = charts.line_chart(f"Precision by recall: {kind}", lines, *axes, width=480, height=300)
        caption = f"Precision by recall: {kind}"
        shown.append(Markup('<figure class="plot wide"><figcaption>{}</figcaption>{}</figure>').format(caption, chart))
    return shown


def _epoch_grid(path: Path, pattern: str) -> Embedded:
    epoch = "".join(sign for sign in path.stem if sign.isdigit()).lstrip("0") or "0"
    alt = f"{pattern} after epoch {epoch}: input, fake, cycled and identity pictures"
    return pictures.embed_file(path, alt, max_width=760, caption=f"epoch {epoch}")


def _folder(
    folder: Path, what: str, budget_bytes: int, *, max_width: int, captions: Mapping[str, str] | None = None
) -> Shown:
    """The pictures of a folder, captioned by file name as given, or else with their names."""
    paths = reading.pictures_in(folder)
    said = {path: (captions or {}).get(path.name, path.stem.replace("__", " + ")) for path in paths}
    made = (pictures.embed_file(path, f"{what} {path.stem}", max_width=max_width, caption=said[path]) for path in paths)
    return pictures.fit_budget(made, len(paths), budget_bytes)
