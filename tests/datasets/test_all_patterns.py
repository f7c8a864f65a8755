"""The sides of the model of all patterns: who is in, and that nothing of an unseen pattern is trained on."""

import numpy as np
import pytest

from tests.datasets.test_domains import CONFIG, save_cutouts, shirt
from tryon.datasets.all_patterns import belongs_to, gather_all_sides, patterns_tested
from tryon.datasets.domains import CutOutPicture, write_domains
from tryon.errors import DataError
from tryon.images.patterns import measure_look

GARMENTS = {
    "plain": ("white", {}),
    "blue": ("blue", {}),
    "striped": ("red", {"stripes": True}),
    "dotted": ("green", {"dots": True}),
}


@pytest.fixture
def material(tmp_path):
    """Two training garments and one of each other split for each pattern; a worn shirt of each in each split."""
    garments, rows = {}, ["file,pattern,split,kept"]
    for split, count in (("train", 2), ("validation", 1), ("test", 1)):
        for pattern, (colour, options) in GARMENTS.items():
            for _ in range(count):
                name = f"{len(garments):06d}.jpg"
                garments[name] = shirt(colour, **options, seed=len(garments))
                rows.append(f"{name},{pattern},{split},1")
        worn = {f"{pattern}.jpg": shirt(c, **o, shade=0.05, seed=99) for pattern, (c, o) in GARMENTS.items()}
        save_cutouts(tmp_path / f"worn_{split}.npz", worn)
    save_cutouts(tmp_path / "garments.npz", garments)
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def gather(folder, unseen=()):
    return gather_all_sides(folder, folder / "manifest.csv", "plain", list(unseen), 2).pictures


def test_side_b_holds_every_pattern_and_worn_shirts_of_them(material):
    sides = gather(material)
    assert sorted({cut.pattern for cut in sides["trainB"]}) == ["", *sorted(GARMENTS)]
    assert {"blue.jpg", "striped.jpg"} <= {cut.name for cut in sides["trainB"]}
    assert sorted({cut.pattern for cut in sides["testB"]}) == sorted(GARMENTS)
    assert {cut.pattern for cut in sides["trainA"]} == {"plain", ""}
    assert "striped.jpg" not in {cut.name for cut in sides["trainA"]}


@pytest.mark.parametrize("unseen", [["striped"], ["blue", "dotted"]])
def test_an_unseen_pattern_is_in_the_test_alone(material, unseen):
    sides = gather(material, unseen)
    trained = {(cut.pattern, cut.name) for cut in sides["trainB"]}
    assert not {pattern for pattern, _ in trained} & set(unseen)
    assert not {f"{name}.jpg" for name in unseen} & {name for _, name in trained}
    assert set(unseen) <= {cut.pattern for cut in sides["testB"]}


def test_what_was_written_tells_tested_and_unseen_patterns(material, tmp_path):
    sides = gather_all_sides(material, material / "manifest.csv", "plain", ["dotted"], 2)
    write_domains(sides, tmp_path / "all", 32, CONFIG, seed=3)
    tested, unseen = patterns_tested(tmp_path / "all")
    assert tested == [cut.pattern for cut in sides.pictures["testB"]]
    assert unseen == ["dotted"]


@pytest.mark.parametrize(("source", "unseen"), [("plaid", []), ("plain", ["tartan"])])
def test_patterns_without_garments_are_refused(material, source, unseen):
    with pytest.raises(DataError, match=f"no training garment of {(unseen or [source])[0]}"):
        gather_all_sides(material, material / "manifest.csv", source, unseen, 2)


def test_a_worn_shirt_belongs_to_the_garment_that_it_looks_most_like():
    def cut(colour, **options):
        image, mask = shirt(colour, **options)
        return CutOutPicture(image, mask, "x", "garment", measure_look(image, mask > 127))

    garments = {"blue": [cut("blue")], "mixed": [cut("green"), cut("red")]}
    assert belongs_to(cut("red", shade=0.05).look, garments) == "mixed"
    assert belongs_to(cut("blue", seed=4).look, garments) == "blue"
    assert belongs_to(cut("white").look, garments) is None
    assert np.isfinite(cut("white").look.lab).all()
