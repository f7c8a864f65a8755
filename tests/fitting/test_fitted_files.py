"""Files in, files out: the PNG's text, the alpha that means untouched, pairs and their refusals."""

from pathlib import Path

import numpy as np
import pytest

from tests.fitting.stand_ins import BLUE, CONFIG, ColourPredictor, FlatGenerator, garment, photo
from tryon.fitting import Fitter
from tryon.fitting.files import alpha_to_u8, write_result
from tryon.fitting.pairs import PairFitter
from tryon.images.files import read_image, read_png_text, write_png

TWICE = np.ones((2, 2, 1), np.uint8)  # uploads have 128 pixels a side or more


def person() -> np.ndarray:
    return np.kron(photo(), TWICE)


@pytest.fixture
def fitter() -> Fitter:
    generators = {"blue": FlatGenerator(BLUE), "striped": FlatGenerator(BLUE, striped=True)}
    return Fitter(ColourPredictor(), generators, CONFIG, margin=0.06)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    write_png(tmp_path / "person.png", person())
    write_png(tmp_path / "shirt.png", np.kron(garment(BLUE), TWICE))
    write_png(tmp_path / "grey.png", np.full((60, 60, 3), 99, np.uint8))
    return tmp_path


def test_a_result_file_says_what_it_is_and_which_run_made_it(fitter: Fitter, pictures: Path) -> None:
    result = fitter.fit(read_image(pictures / "person.png"), read_image(pictures / "shirt.png"))
    write_result(pictures / "out.png", result, "0123456789abcdef")
    assert np.array_equal(read_image(pictures / "out.png"), result.image)
    text = read_png_text(pictures / "out.png")
    assert text["Comment"] == "AI-generated composite"
    assert (text["run_key"], text["pattern"]) == ("0123456789abcdef", "blue")


def test_alpha_of_8_bits_is_0_only_where_nothing_was_touched() -> None:
    alpha = np.array([0.0, 1e-6, 0.5, 1.0], np.float32)
    assert alpha_to_u8(alpha).tolist() == [0, 1, 128, 255]


def test_pairs_share_segmentation_and_write_results_by_name(fitter: Fitter, pictures: Path) -> None:
    calls: list[int] = []
    segment = fitter.segment
    fitter.segment = lambda each: (calls.append(1), segment(each))[1]  # type: ignore[method-assign]
    pairs = PairFitter(fitter, pictures / "results", "key")
    first = pairs.fit(pictures / "person.png", pictures / "shirt.png")
    again = pairs.fit(pictures / "person.png", pictures / "shirt.png")
    assert len(calls) == 2
    assert first == again
    assert first["result"] == "person__shirt.png"
    assert first["recognised"] == "blue"
    assert len(first["garment_lab"].split()) == 3
    result, alpha = (read_image(pictures / "results" / first[name]) for name in ("result", "alpha"))
    untouched = alpha[..., 0] == 0
    assert np.array_equal(result[untouched], person()[untouched])


def test_pairs_that_cannot_be_fitted_have_a_reason(fitter: Fitter, pictures: Path) -> None:
    pairs = PairFitter(fitter, pictures / "results", "key")
    assert pairs.fit(None, pictures / "shirt.png") == {"refusal": "not_curated"}
    assert pairs.fit(pictures / "grey.png", pictures / "shirt.png") == {"refusal": "no_shirt_in_photo"}
    assert pairs.fit(pictures / "person.png", pictures / "grey.png") == {"refusal": "no_garment_in_picture"}
    assert not (pictures / "results").exists()
