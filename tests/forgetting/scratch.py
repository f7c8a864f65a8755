"""A small DVC repository that has collected, curated and trained on five shirts: the real curation, then toy stages."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.curating.made_data import add_photo, annotate, item, of_one_pattern, picture
from tryon.formats.ledger import LedgerRow, write_ledger
from tryon.formats.tables import write_table
from tryon.images.files import write_jpeg
from tryon.images.hashing import perceptual_hash

ROOT = Path(__file__).parents[2]
COLLECTION = "data/collected/shirts"
# The fifth looks nearly like the first: a copy of another size, from another address.
SEEDS = (1, 2, 3, 4, 1)

TOY_STAGES = """
import csv, io, sys
from pathlib import Path
import numpy as np

def table(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

kept = [row for row in csv.DictReader(open("data/garments/manifest.csv")) if row["kept"] == "1"]
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
if sys.argv[1] == "segment":
    names = np.array([row["file"] for row in kept])
    np.savez(out / "garments.npz", names=names, images=np.zeros((len(names), 2, 2), np.uint8))
    table(out / "manifest.csv", [{"name": name, "area": "0.2"} for name in names])
elif sys.argv[1] == "domains":
    names = list(np.load("data/cutouts/garments.npz")["names"])
    (out / "trainA").mkdir()
    for number, name in enumerate(names):
        (out / f"trainA/{number:06d}.png").write_bytes(b"crop of " + name.encode())
    table(out / "manifest.csv", [{"file": f"trainA/{n:06d}.png", "origin": name} for n, name in enumerate(names)])
elif sys.argv[1] == "train":
    crops = sorted(Path("data/domains/blue/trainA").iterdir())
    (out / "weights.h5").write_bytes(b"weights of " + str(len(crops)).encode())
    (out / "grids").mkdir()
    (out / "grids/epoch_001.png").write_bytes(b"".join(crop.read_bytes() for crop in crops))
else:
    (out / "index.html").write_text("<img src='data:image/png;base64,'>" * len(kept))
"""

STAGES = {
    "curate_garments": {
        "cmd": f"python -m stages.curate_garments --garments {COLLECTION} --decisions decisions/garments.csv "
        "--forgotten decisions/forgotten.csv --out data/garments",
        "deps": [COLLECTION, "decisions/garments.csv", "decisions/forgotten.csv"],
        "outs": ["data/garments"],
    },
    "segment_garments": {
        "cmd": "python toy.py segment data/cutouts",
        "deps": ["data/garments"],
        "outs": ["data/cutouts"],
    },
    "prepare_domains": {
        "cmd": "python toy.py domains data/domains/blue",
        "deps": ["data/cutouts", "data/garments"],
        "outs": ["data/domains/blue"],
    },
    "train_cyclegan": {
        "cmd": "python toy.py train models/cyclegan/blue",
        "deps": ["data/domains/blue"],
        "outs": ["models/cyclegan/blue"],
    },
    "write_report": {"cmd": "python toy.py report reports", "deps": ["data/garments"], "outs": ["reports"]},
}


def sha256(number: int) -> str:
    """Of the bytes as they came: not those of the stored file."""
    return hashlib.sha256(b"as it came %d" % number).hexdigest()


def address(number: int) -> str:
    """Where picture `number` of the collection came from."""
    return f"https://shop.example/{number}.jpg"


def stored(number: int) -> str:
    """The file of picture `number`, relative to the repository."""
    return f"{COLLECTION}/images/{sha256(number)[:20]}.jpg"


def dvc(folder: Path, *arguments: str) -> str:
    """Run DVC in a repository; its output."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
    }
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def build(folder: Path) -> None:
    """A repository whose pipeline has run."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["photos"]["path"] = "source/photos"
    params["garments"]["path"] = COLLECTION
    of_one_pattern(params, "blue", {"colour": ["blue"]})
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "toy.py").write_text(TOY_STAGES)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    (folder / "decisions").mkdir()
    (folder / "decisions/forgotten.csv").write_text("sha256,address,time,reason\n")
    decided = "".join(f"{sha256(number)},keep,,ada\n" for number in (0, 1))
    (folder / "decisions/garments.csv").write_text("sha256,verdict,reason,person\n" + decided)
    add_photo(folder / "source/photos", "train", "000050")
    collect(folder / COLLECTION)
    dvc(folder, "init", "--no-scm", "--quiet")
    dvc(folder, "remote", "add", "store", str(folder.parent / "store"))
    dvc(folder, "add", "--quiet", COLLECTION)
    dvc(folder, "repro", "--quiet")
    dvc(folder, "push", "--quiet", "--remote", "store")


def collect(folder: Path) -> None:
    """Five kept pictures and one that was refused, with what cleaning and an annotator wrote beside the ledger."""
    rows, labels = [], []
    for number, seed in enumerate(SEEDS):
        image = picture(seed, side=160 if number < 4 else 200)
        name = Path(stored(number)).name
        write_jpeg(folder / "images" / name, image)
        rows.append(_row(number, file=f"images/{name}", phash=f"{perceptual_hash(image):016x}", verdict="kept"))
        labels.append({"file": name, "split": "train", "colour": "blue", "pattern": "plain", "view": "flat"})
    rows.append(_row(9, file="", phash="", verdict="too_small"))
    annotate(folder / "annos" / f"{Path(stored(0)).stem}.json", item(viewpoint=1), source="shop")
    write_ledger(folder / "ledger.csv", rows)
    write_table(folder / "labels.csv", list(labels[0]), labels)
    cleaning = [
        {"file": row.file, "sha256": row.sha256, "kept": 1, "reason": "", "doubt": 0} for row in rows if row.file
    ]
    write_table(folder / "cleaning.csv", list(cleaning[0]), cleaning)
    lines = [json.dumps({"sha256": row.sha256, "thumbnail": "AAAA"}) + "\n" for row in rows if row.file]
    (folder / "measurements.jsonl").write_text("".join(lines))


def _row(number: int, *, file: str, phash: str, verdict: str) -> LedgerRow:
    return LedgerRow(
        file=file,
        sha256=sha256(number),
        phash=phash,
        query="blue t-shirt",
        source="openverse",
        address=address(number),
        page=f"https://shop.example/page/{number}",
        title="a shirt",
        licence="CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
        author="ada",
        time="2026-11-22T15:04:05Z",
        robots="allowed",
        status=200,
        width=160,
        height=160,
        verdict=verdict,
    )
