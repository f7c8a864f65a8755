"""What the metrics mean: their names in words, which way is better, and what this project wants of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

WITHOUT_NETWORK = {
    "_luminance": "Recoloured by luminance",
    "_flat_fill": "Flat fill",
    "_untouched": "Photo left as it is",
}

Better = Literal["higher", "lower", ""]


@dataclass(frozen=True)
class Meaning:
    """A metric in words; `better` is empty for a plain count."""

    label: str
    better: Better = ""
    decimals: int = 3


MEANINGS: dict[str, Meaning] = {
    "photos_train": Meaning("Training photos", decimals=0),
    "photos_validation": Meaning("Validation photos", decimals=0),
    "photos_test": Meaning("Test photos", decimals=0),
    "garments": Meaning("Garments", decimals=0),
    "collected": Meaning("Collected pictures", decimals=0),
    "drifted": Meaning("Measures that drifted from the accepted data", "lower", 0),
    "expectations": Meaning("Expectations checked", decimals=0),
    "expectations_failed": Meaning("Expectations not met", "lower", 0),
    "found_rate": Meaning("Photos in which the shirt was found", "higher"),
    "mask_iou": Meaning("Mask IoU, mean", "higher"),
    "boundary_iou": Meaning("Boundary IoU, mean", "higher"),
    "mask_ap": Meaning("Mask AP, IoU 0.50 to 0.95", "higher"),
    "mask_ap50": Meaning("Mask AP at IoU 0.50", "higher"),
    "mask_ap75": Meaning("Mask AP at IoU 0.75", "higher"),
    "box_ap": Meaning("Box AP, IoU 0.50 to 0.95", "higher"),
    "box_ap50": Meaning("Box AP at IoU 0.50", "higher"),
    "box_ap75": Meaning("Box AP at IoU 0.75", "higher"),
    "landmark_ap": Meaning("Landmark AP, OKS 0.50 to 0.95", "higher"),
    "landmark_ap50": Meaning("Landmark AP at OKS 0.50", "higher"),
    "landmark_ap75": Meaning("Landmark AP at OKS 0.75", "higher"),
    "landmark_ap_visible": Meaning("AP of visible landmarks, OKS 0.50 to 0.95", "higher"),
    "landmark_ap50_visible": Meaning("AP of visible landmarks at OKS 0.50", "higher"),
    "landmark_ap75_visible": Meaning("AP of visible landmarks at OKS 0.75", "higher"),
    "landmark_visibility": Meaning("Visible landmarks told from hidden ones (balanced accuracy)", "higher"),
    "sleeve_retention": Meaning("Sleeve retention (IoU of shirt in and shirt out)", "higher"),
    "silhouette_iou": Meaning("Silhouette kept (IoU of mask in and what was drawn)", "higher"),
    "ciede2000_to_target": Meaning("Colour distance to the target pattern (CIEDE2000)", "lower", 2),
    "stripe_frequency_error": Meaning("Stripe frequency error", "lower"),
    "stripe_angle_error_deg": Meaning("Stripe angle error, degrees", "lower", 1),
    "stripe_phase_error": Meaning("Stripe place error, periods", "lower"),
    "stripe_strength": Meaning("Stripe strength"),
    "stripe_strength_answer": Meaning("Stripe strength of the exact answers"),
    "fold_correlation": Meaning("Folds kept (correlation of lightness)", "higher"),
    "cycle_ssim": Meaning("Cycle SSIM", "higher"),
    "kid_random_network": Meaning("Kernel distance to the pattern, features of a random network", "lower", 5),
    "rating": Meaning("Rating: the epoch with the least is best", "lower"),
    "background_change": Meaning("Change outside the shirt", "lower", 4),
    "pairs": Meaning("Test pairs", decimals=0),
    "refused": Meaning("Pairs refused", "lower", 0),
    "outside_changed_pixels": Meaning("Pixels changed outside the soft mask", "lower", 0),
    "ciede2000": Meaning("Colour distance inside the shirt (CIEDE2000)", "lower", 2),
    "ciede2000_low": Meaning("Colour distance, lower end of the 95 % interval (CIEDE2000)", "", 2),
    "ciede2000_high": Meaning("Colour distance, upper end of the 95 % interval (CIEDE2000)", "", 2),
    "ciede2000_to_garment": Meaning("Colour distance to the garment's mean colour (CIEDE2000)", "lower", 2),
    "pattern_recognised_rate": Meaning("Garments whose pattern was recognised", "higher"),
    "ssim": Meaning("SSIM inside the shirt", "higher"),
    "psnr": Meaning("PSNR inside the shirt, dB", "higher", 2),
    "border_ciede2000": Meaning("Colour distance at the border (CIEDE2000)", "lower", 2),
}


@dataclass(frozen=True)
class Goal:
    """A figure this project wants: the limit may depend on other figures and on whether the photos are rendered."""

    metric: str
    better: Literal["higher", "lower"]
    limit: Callable[[Mapping[str, float], bool], float | None]
    reason: str = ""

    def is_met(self, value: float, limit: float) -> bool:
        """Whether a value reaches the limit."""
        return value >= limit if self.better == "higher" else value <= limit


def _fixed(rendered: float | None, real: float | None) -> Callable[[Mapping[str, float], bool], float | None]:
    return lambda figures, is_rendered: rendered if is_rendered else real


def _half_of_untouched(figures: Mapping[str, float], is_rendered: bool) -> float | None:
    untouched = figures.get("fitting/ciede2000_untouched")
    return None if untouched is None else untouched / 2


GOALS = (
    Goal("data/expectations_failed", "lower", _fixed(0, 0)),
    Goal("mask_rcnn/found_rate", "higher", _fixed(0.97, None)),
    Goal("mask_rcnn/mask_iou", "higher", _fixed(0.95, 0.55)),
    Goal("mask_rcnn/boundary_iou", "higher", _fixed(0.75, None)),
    Goal("mask_rcnn/border_ciede2000", "lower", _fixed(3.0, None)),
    Goal("fitting/outside_changed_pixels", "lower", _fixed(0, 0)),
    Goal("fitting/ciede2000", "lower", _half_of_untouched, "half of what leaving the photo as it is gives"),
)


@dataclass(frozen=True)
class Figure:
    """One headline figure beside its target."""

    metric: str
    label: str
    value: str
    target: str
    verdict: Literal["met", "not met", "no target"]


def headline(figures: Mapping[str, float], rendered: bool) -> list[Figure]:
    """The figures that have a goal, in words; a figure that was not measured (no answers) is left out."""
    rows = []
    for goal in GOALS:
        value = figures.get(goal.metric)
        if value is None:
            continue
        limit = goal.limit(figures, rendered)
        meaning = meaning_of(goal.metric)
        if limit is None:
            rows.append(Figure(goal.metric, meaning.label, show(goal.metric, value), "", "no target"))
            continue
        sign = "at least" if goal.better == "higher" else "at most"
        target = f"{sign} {show(goal.metric, limit)}" + (f" ({goal.reason})" if goal.reason else "")
        verdict: Literal["met", "not met"] = "met" if goal.is_met(value, limit) else "not met"
        rows.append(Figure(goal.metric, meaning.label, show(goal.metric, value), target, verdict))
    return rows


VERDICT_COLOURS = {"met": "green", "not met": "red"}


def figure_rows(headline_figures: Sequence[Figure]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles and rows of the headline table for a terminal."""
    rows: list[tuple[str, ...]] = [
        (figure.label, figure.value, figure.target or "-", figure.verdict) for figure in headline_figures
    ]
    return ("figure", "value", "target", "verdict"), rows


@dataclass(frozen=True)
class Comparison:
    """One metric of a learned result beside the same of the results that need no network."""

    label: str
    better: Better
    values: tuple[str, ...]
    best: int | None


def compare_with_baselines(figures: Mapping[str, float]) -> tuple[list[str], list[Comparison]]:
    """Column titles and rows: every metric that has at least one value without a network beside it."""
    names = [name for name in figures if not name.endswith(tuple(WITHOUT_NETWORK)) and _has_baseline(figures, name)]
    suffixes = [suffix for suffix in WITHOUT_NETWORK if any(name + suffix in figures for name in names)]
    rows = []
    for name in sorted(names, key=_order):
        better = meaning_of(name).better
        values = [figures.get(name + suffix) for suffix in ("", *suffixes)]
        shown = tuple("" if value is None else show(name, value) for value in values)
        rows.append(Comparison(meaning_of(name).label, better, shown, _best(values, better)))
    return ["With the networks", *(WITHOUT_NETWORK[suffix] for suffix in suffixes)], rows


def verdict_on_network(columns: list[str], rows: list[Comparison]) -> str:
    """One honest sentence: in how many measures the learned result is the best, and what beats it in the others."""
    judged = [row for row in rows if row.best is not None]
    if not judged:
        return ""
    won = sum(row.best == 0 for row in judged)
    lost = [f"“{columns[row.best]}” is better in {row.label}" for row in judged if row.best]
    sentence = f"The networks give the best value in {won} of {len(judged)} measures"
    return sentence + (f": {'; '.join(lost)}." if lost else ".")


def of_slice(figures: Mapping[str, float], name: str) -> dict[str, float]:
    """The metrics `metric/NAME` of one slice, without the slice's name."""
    return {metric.removesuffix(f"/{name}"): figures[metric] for metric in figures if metric.endswith(f"/{name}")}


def remaining(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    """(label, value) of the metrics that stand in no comparison and no slice."""
    names = [
        name
        for name in figures
        if not name.endswith(tuple(WITHOUT_NETWORK)) and not _has_baseline(figures, name) and "/" not in name
    ]
    return [(meaning_of(name).label, show(name, figures[name])) for name in sorted(names, key=_order)]


def meaning_of(metric: str) -> Meaning:
    """The meaning of a metric (`STAGE/metric`, `metric/SLICE`); an unknown one keeps its own name."""
    names = [name for name in metric.split("/") if name in MEANINGS]
    return MEANINGS[names[-1]] if names else Meaning(metric.rsplit("/", 1)[-1].replace("_", " "))


def show(metric: str, value: float) -> str:
    """A value with as many decimals as its metric deserves."""
    decimals = meaning_of(metric).decimals
    return f"{value:,.{decimals}f}" if decimals or value == int(value) else f"{value:,.3f}"


def _has_baseline(figures: Mapping[str, float], name: str) -> bool:
    return any(name + suffix in figures for suffix in WITHOUT_NETWORK)


def _best(values: list[float | None], better: Better) -> int | None:
    known = [(value, column) for column, value in enumerate(values) if value is not None]
    if not better or len(known) < 2:
        return None
    best = (max if better == "higher" else min)(value for value, _ in known)
    return next(column for value, column in known if value == best)


def _side_by_side(metric: str) -> tuple[int, str, tuple[int, str]]:
    """By stage, then by folder (pattern), then in the order of the meanings."""
    folder, _, name = metric.rpartition("/")
    stages = ("data", "mask_rcnn", "cyclegan", "fitting")
    stage = folder.split("/")[0]
    return stages.index(stage) if stage in stages else len(stages), folder, _order(name)


def _order(name: str) -> tuple[int, str]:
    known = list(MEANINGS)
    return (known.index(name) if name in known else len(known), name)


def comparison_rows(
    measured: Mapping[str, Mapping[str, float]], *, slices: bool = False
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles and rows of several runs' metrics side by side, one row for each metric that any of them has."""
    names = dict.fromkeys(name for figures in measured.values() for name in figures)
    kept = [name for name in names if slices or name.count("/") == (2 if name.startswith("cyclegan/") else 1)]
    kept.sort(key=_side_by_side)
    rows = [
        (name, *(show(name, figures[name]) if name in figures else "-" for figures in measured.values()))
        for name in kept
    ]
    return ("metric", *measured), rows
