"""What the metrics mean: targets, comparisons with results that need no network, and how values are shown."""

import pytest

from tryon.reporting import figures

RENDERED = {
    "data/expectations_failed": 0,
    "mask_rcnn/found_rate": 0.97,
    "mask_rcnn/mask_iou": 0.8999,
    "mask_rcnn/boundary_iou": 0.61,
    "fitting/outside_changed_pixels": 1,
    "fitting/ciede2000": 10.0,
    "fitting/ciede2000_untouched": 20.0,
}


def verdicts(measured: dict[str, float], rendered: bool) -> dict[str, str]:
    return {figure.metric: figure.verdict for figure in figures.headline(measured, rendered)}


def test_a_target_is_met_at_its_limit_and_missed_just_below() -> None:
    found = verdicts(RENDERED, rendered=True)
    assert found["mask_rcnn/found_rate"] == "met"
    assert found["mask_rcnn/mask_iou"] == "not met"
    assert found["fitting/outside_changed_pixels"] == "not met"
    assert found["fitting/ciede2000"] == "met"


def test_real_photos_have_their_own_targets() -> None:
    found = verdicts(RENDERED, rendered=False)
    assert found["mask_rcnn/mask_iou"] == "met"
    assert found["mask_rcnn/found_rate"] == "no target"


def test_a_figure_that_was_not_measured_is_left_out() -> None:
    without_answers = {name: value for name, value in RENDERED.items() if "ciede2000" not in name}
    assert "fitting/ciede2000" not in verdicts(without_answers, rendered=True)


def test_the_limit_of_the_colour_distance_is_half_of_the_untouched_photo() -> None:
    (figure,) = figures.headline({"fitting/ciede2000": 10.1, "fitting/ciede2000_untouched": 20.0}, True)
    assert (figure.verdict, figure.value) == ("not met", "10.10")
    assert figure.target == "at most 10.00 (half of what leaving the photo as it is gives)"


def test_comparison_marks_the_best_by_the_direction_of_the_metric() -> None:
    columns, rows = figures.compare_with_baselines(
        {
            "ssim": 0.8,
            "ssim_luminance": 0.9,
            "psnr": 20.0,
            "psnr_luminance": 19.0,
            "ciede2000": 5,
            "ciede2000_flat_fill": 5,
        }
    )
    assert columns == ["With the networks", "Recoloured by luminance", "Flat fill"]
    best = {row.label: row.best for row in rows}
    assert best == {
        "Colour distance inside the shirt (CIEDE2000)": 0,
        "SSIM inside the shirt": 1,
        "PSNR inside the shirt, dB": 0,
    }
    assert next(row for row in rows if "PSNR" in row.label).values == ("20.00", "19.00", "")


def test_the_verdict_says_where_the_networks_are_beaten() -> None:
    columns, rows = figures.compare_with_baselines(
        {"ssim": 0.8, "ssim_luminance": 0.9, "psnr": 20.0, "psnr_luminance": 1.0}
    )
    said = figures.verdict_on_network(columns, rows)
    assert said == (
        "The networks give the best value in 1 of 2 measures: "
        "“Recoloured by luminance” is better in SSIM inside the shirt."
    )


def test_without_baselines_there_is_nothing_to_compare() -> None:
    columns, rows = figures.compare_with_baselines({"ssim": 0.8})
    assert rows == []
    assert figures.verdict_on_network(columns, rows) == ""


def test_slices_and_compared_metrics_do_not_stand_among_the_rest() -> None:
    rest = figures.remaining({"mask_iou": 0.9, "mask_iou/occlusion_1": 0.8, "ssim": 0.7, "ssim_untouched": 0.2})
    assert rest == [("Mask IoU, mean", "0.900")]


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("photos_train", 1280.0, "1,280"),
        ("refused", 0.5, "0.500"),
        ("ciede2000", 7.126, "7.13"),
        ("fitting/ssim", 1.0, "1.000"),
        ("mask_iou/occlusion_2", 0.5, "0.500"),
        ("fitting/ciede2000/blue", 7.126, "7.13"),
        ("cyclegan/blue/background_change", 0.5, "0.5000"),
        ("never_heard_of", 2.0, "2.000"),
    ],
)
def test_values_have_as_many_decimals_as_their_metric_deserves(metric: str, value: float, shown: str) -> None:
    assert figures.show(metric, value) == shown


def test_every_metric_of_the_design_has_a_meaning() -> None:
    design = (
        "photos_train photos_validation photos_test garments expectations expectations_failed found_rate mask_iou "
        "boundary_iou mask_ap mask_ap50 mask_ap75 box_ap sleeve_retention ciede2000_to_target stripe_frequency_error "
        "stripe_angle_error_deg fold_correlation cycle_ssim background_change pairs refused outside_changed_pixels "
        "ciede2000 ssim psnr border_ciede2000"
    )
    assert set(design.split()) <= set(figures.MEANINGS)


def test_runs_side_by_side_show_what_is_missing_and_hide_slices_unless_asked() -> None:
    measured = {"default": {"mask_rcnn/mask_iou": 0.9, "mask_rcnn/mask_iou/small": 0.7}, "tiny": {"fitting/pairs": 8}}
    measured["tiny"] |= {"fitting/ssim/blue": 0.5, "cyclegan/blue/cycle_ssim": 0.6}
    columns, rows = figures.comparison_rows(measured)
    assert columns == ("metric", "default", "tiny")
    assert rows == [
        ("mask_rcnn/mask_iou", "0.900", "-"),
        ("cyclegan/blue/cycle_ssim", "-", "0.600"),
        ("fitting/pairs", "-", "8"),
    ]
    assert ("mask_rcnn/mask_iou/small", "0.700", "-") in figures.comparison_rows(measured, slices=True)[1]
