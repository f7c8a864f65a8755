"""Marks drawn into all pictures of a host stand out; chance edges and single pictures do not."""

import cv2
import numpy as np

from tryon.cleaning.watermarks import MIN_PICTURES, agreement, host_of, watermarks


def structures(count: int, seed: int, mark: bool) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 3, (count, 96, 96))
    if mark:
        drawn = np.zeros((96, 96), np.uint8)
        cv2.putText(drawn, "SHOP", (8, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 4, 2)
        values += drawn
    return np.clip(np.rint(values), -8, 8).astype(np.int8)


def test_the_host_of_an_address() -> None:
    assert host_of("https://img.example:8080/a.jpg?b") == "img.example"
    assert host_of("") == "" and host_of("C:/pictures/a.jpg") == ""


def test_a_hosts_common_mark_is_found_and_only_there() -> None:
    overlays = {f"m{n}": one for n, one in enumerate(structures(12, 1, mark=True))}
    overlays |= {f"p{n}": one for n, one in enumerate(structures(12, 2, mark=False))}
    hosts = {name: "marked.example" if name[0] == "m" else "plain.example" for name in overlays}
    found = watermarks(overlays, hosts)
    assert min(found[name] for name in found if name[0] == "m") > 0.15
    assert max(found[name] for name in found if name[0] == "p") < 0.08


def test_few_pictures_and_pictures_without_a_host_say_nothing() -> None:
    overlays = {f"{n}": one for n, one in enumerate(structures(2 * MIN_PICTURES - 1, 3, mark=True))}
    hosts = {name: "" if int(name) < MIN_PICTURES else "marked.example" for name in overlays}
    assert set(watermarks(overlays, hosts).values()) == {0.0}


def test_agreement_equals_the_slow_way_and_survives_blank_pictures() -> None:
    values = structures(5, 4, mark=True)
    values[2] = 0
    flat = values.reshape(5, -1).astype(float)
    for number, value in enumerate(agreement(values)):
        others = np.delete(flat, number, axis=0).mean(axis=0)
        norm = np.linalg.norm(flat[number]) * np.linalg.norm(others)
        assert np.isclose(value, flat[number] @ others / norm if norm else 0.0)
