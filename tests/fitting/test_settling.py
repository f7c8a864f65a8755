"""How worn cloth settles beside its frame: the table that ships, what is unknown, and the fit that makes it."""

import cloth_settling
import numpy as np
import pytest

from tryon.fitting.frames import Frame, RoundFrame, settling_terms
from tryon.fitting.settling import COLUMNS, SETTLING, SIGHTS, Settler, settler, sights

MIRROR = np.array([[-1, 1, -1], [1, -1, 1]])  # of the terms: x runs the other way


def body(settling: np.ndarray | None = None) -> RoundFrame:
    sides = np.array([[10.0, -15.0, 15.0], [50.0, -17.0, 17.0]])
    frame = RoundFrame(np.array([100.0, 40.0]), np.array([2.0, 0.1]), sides, 2.0)
    return frame if settling is None else frame.settled(settling)


def test_settled_cloth_is_found_again_in_the_picture() -> None:
    settling = np.array([[0.8, -0.3, 0.2], [-0.5, 0.1, 0.4]])
    x, y = (part.astype(np.float32) for part in np.meshgrid(np.arange(75, 126, 5), np.arange(60, 141, 10)))
    along, down = body(settling).to_cloth(x, y)
    assert np.allclose(body(settling).to_picture(along, down), (x, y), atol=0.05)
    framed = body().to_cloth(x, y)
    added = np.tensordot(settling, settling_terms(*framed), axes=1)
    assert np.allclose((along, down), framed + added, atol=1e-4) and np.abs(added).max() > 0.5


def test_the_mirror_image_of_a_shirt_settles_as_the_mirror_image() -> None:
    table, rng = settler(), np.random.default_rng(0)
    seen = table.means + table.deviations * rng.normal(size=len(SIGHTS))
    assert np.array_equal(cloth_settling.mirrored(cloth_settling.mirrored(seen)), seen)
    assert np.allclose(table.terms(cloth_settling.mirrored(seen)), table.terms(seen) * MIRROR, atol=0.02)


def test_what_is_unknown_moves_nothing_and_what_is_far_out_only_so_much() -> None:
    table = settler()
    unknown = np.full(len(SIGHTS), np.nan)
    assert np.allclose(table.terms(unknown).ravel(), table.constants)
    one, far, farther = unknown.copy(), unknown.copy(), unknown.copy()
    row = SIGHTS.index("neck_front_middle x")
    for seen, deviations in ((one, 1), (far, 4), (farther, 400)):
        seen[row] = table.means[row] + deviations * table.deviations[row]
    by_one, by_far, by_farther = (
        np.abs(table.terms(seen) - table.terms(unknown)).max() for seen in (one, far, farther)
    )
    assert by_one > 0.1 and by_far == pytest.approx(4 * by_one) and by_farther == by_far
    wild = table.terms(table.means + 400 * table.deviations * np.sign(table.shared[:, 0]))
    assert np.all(np.abs(wild) <= (6, 2, 2)) and 2 in wild


def test_sights_are_of_the_flat_cloth_and_unknown_at_the_rim() -> None:
    mask = np.zeros((200, 200), bool)
    mask[44:, 70:131] = True
    frame = Frame(np.array([100.0, 40.0]), np.array([2.0, 0.0]))
    seen = dict(zip(SIGHTS, sights(frame, {"nose": np.array([104.0, 20.0])}, mask), strict=True))
    assert (seen["nose x"], seen["nose y"], seen["upper end"]) == (2, -10, 2)
    assert np.isnan(seen["lower end"]) and np.isnan(seen["hem_left x"])
    assert (seen["left at 32 cm"], seen["right at 32 cm"]) == (-15, 15)


def test_the_fit_finds_what_sights_tell_and_leaves_out_what_they_do_not() -> None:
    """A cloth that is moved by half of what the collar is, and by noise that nothing tells."""
    rng = np.random.default_rng(1)
    collar, shirts = SIGHTS.index("neck_front_middle x"), []
    for number in range(300):
        seen = rng.normal(size=len(SIGHTS))
        terms = np.array([0.5 * seen[collar], 0, 0, 0, 0, 0]) + rng.normal(0, 0.05, 6)
        if number % 50 == 0:
            terms += 40  # a shirt that was not this one
        places = tuple(rng.uniform(-15, 15, (2, 40)).astype(np.float32))
        added = np.tensordot(terms.reshape(2, 3), settling_terms(*places), axes=1)
        truth = tuple((place + more).astype(np.float32) for place, more in zip(places, added, strict=True))
        shirts.append(cloth_settling.Settled(seen, places, truth, terms))
    right = [shirt for number, shirt in enumerate(shirts) if number % 50]
    errors = np.array(
        [[cloth_settling.measure(s, None), cloth_settling.measure(s, cloth_settling.fit(shirts))] for s in right[:5]]
    )
    assert np.median(errors[:, 1, 0]) < 0.6 * np.median(errors[:, 0, 0])


def test_a_written_table_is_read_as_it_was(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tryon.fitting import settling

    rng, count = np.random.default_rng(2), len(SIGHTS)
    shapes = (count,), (count,), (count, count), (count, len(SETTLING)), (len(SETTLING),)
    written = Settler(*(np.round(rng.normal(size=shape), 5) for shape in shapes))
    cloth_settling.write(tmp_path / "settling.csv", written)
    assert (tmp_path / "settling.csv").read_text().splitlines()[0].split(",") == list(COLUMNS)
    monkeypatch.setattr(settling, "_TABLE", tmp_path / "settling.csv")
    read = settling.settler.__wrapped__()
    assert all(np.array_equal(one, other) for one, other in zip(read, written, strict=True))
    (tmp_path / "settling.csv").write_text((tmp_path / "settling.csv").read_text().replace("\nnose x,", "\nnase x,"))
    with pytest.raises(ValueError, match="fit it again"):
        settling.settler.__wrapped__()
