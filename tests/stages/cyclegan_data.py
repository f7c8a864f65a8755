"""Tiny cut-outs and stand-ins for the CycleGAN stages: shirts in two looks, a run that only remembers."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import yaml

SIDE = 64
MASK = np.zeros((SIDE, SIDE), np.uint8)
MASK[6:60, 16:48] = 255
MASK[10:24, 6:58] = 255
PLAIN, BLUE = (170, 60, 60), (40, 80, 170)


def shirt(colour: tuple[int, int, int], seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, (SIDE, SIDE, 3))
    return np.where(MASK[..., None] > 0, np.clip(np.array(colour) + noise, 0, 255), 128).astype(np.uint8)


def write_cutouts(root: Path, per_split: int = 4) -> None:
    """`data/cutouts` and `data/garments/manifest.csv` with plain and blue shop garments and worn shirts of each."""
    folder = root / "data/cutouts"
    folder.mkdir(parents=True)
    garments, rows = {}, ["file,pattern,split,kept"]
    for split in ("train", "test"):
        for pattern, colour in (("plain", PLAIN), ("blue", BLUE)):
            for _ in range(per_split):
                name = f"{len(garments):06d}.jpg"
                garments[name] = shirt(colour, seed=len(garments))
                rows.append(f"{name},{pattern},{split},1")
    (root / "data/garments").mkdir()
    (root / "data/garments/manifest.csv").write_text("\n".join(rows) + "\n")
    _save(folder / "garments.npz", garments)
    for number, split in enumerate(("train", "validation", "test")):
        worn = {f"9{number}.jpg": shirt(PLAIN, 90 + number), f"8{number}.jpg": shirt(BLUE, 80 + number)}
        if split == "validation":
            worn |= {"7.jpg": shirt(PLAIN, 7), "6.jpg": shirt(BLUE, 6)}
        _save(folder / f"worn_{split}.npz", worn)


def _save(path: Path, pictures: dict[str, np.ndarray]) -> None:
    images = np.stack(list(pictures.values()))
    np.savez(path, images=images, masks=np.stack([MASK] * len(images)), names=np.array(list(pictures)))


def use_tiny_parameters(root: Path, **changes: object) -> None:
    """Rewrite params.yaml to networks that train in seconds."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["domains"] |= {"source": "plain", "min_pictures": 2, "max_pictures": 6}
    params["cyclegan"] |= {
        "size_px": 32,
        "generator_filters": 4,
        "generator_blocks": 1,
        "critic_filters": 4,
        "constant_epochs": 2,
        "decay_epochs": 1,
        "steps_per_epoch": 2,
        "grid_every_epochs": 2,
        "threads": 0,
        **changes,
    }
    if params["cyclegan"]["mode"] == "conditional":
        params["patterns"] = ["all"]
    (root / "params.yaml").write_text(yaml.safe_dump(params))


class RememberedRun:
    """What a stage recorded."""

    def __init__(self) -> None:
        self.metrics: list[tuple[int | None, dict[str, float]]] = []
        self.pictures: list[str] = []
        self.files: list[str] = []

    def log_metrics(self, metrics, step=None) -> None:
        self.metrics.append((step, dict(metrics)))

    def log_picture(self, name, rgb, step=None) -> None:
        assert rgb.dtype == np.uint8
        self.pictures.append(name)

    def log_file(self, path, folder="") -> None:
        assert Path(path).is_file()
        self.files.append(Path(path).name)


def remember_runs(monkeypatch) -> RememberedRun:
    """Let the stages record into memory; MLflow itself is tested in tests/tracking."""
    run = RememberedRun()

    @contextmanager
    def start_run(stage, parameters, inputs):
        run.stage, run.parameters = stage, parameters
        assert all(Path(path).exists() for path in inputs.values())
        yield run

    monkeypatch.setattr("tryon.tracking.start_run", start_run)
    return run


def detector_by_colour(folder: Path) -> SimpleNamespace:
    """Stands in for a trained Mask R-CNN: everything that is not the neutral ground is shirt."""

    def predict(pictures):
        masks = [np.abs(picture.astype(int) - 128).sum(axis=2) > 12 for picture in pictures]
        return [SimpleNamespace(masks=mask[None]) for mask in masks]

    return SimpleNamespace(predict=predict, config=SimpleNamespace(image_size_px=128))
