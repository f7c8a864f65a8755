"""What is to be removed, written down before anything is: a run that was killed is completed by the next one."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from tryon import outputs
from tryon.forgetting.picture import TOMBSTONES, Picture, is_of, ledgers
from tryon.forgetting.provenance import Objects, Record, Trace
from tryon.formats.decisions import read_decisions, write_decisions
from tryon.formats.ledger import read_ledger, write_ledger
from tryon.formats.tables import read_table, write_table
from tryon.formats.tombstones import Tombstone, append_tombstones

PLANS = Path(".tryon/forgetting")
PAGES = Path("reports/cleaning")
FORGOTTEN = "forgotten"
_DECISIONS = ("decisions/photos.csv", "decisions/garments.csv")
_LEDGER = "ledger.csv"
_MODELS = "models"
_TEST = "test"  # the folders of the test split: test, testA, testB


@dataclass(frozen=True)
class Plan:
    """Everything to remove; each part may be gone already.

    Args:
        target: the address or sha256 that was asked for.
        time: when it was first asked for.
        reason: why, in the person's words.
        picture: what the picture is recognised by.
        outputs: files of stage outputs in the checkout and its experiments: path -> the output that it belongs to.
        objects: objects of DVC's cache: md5 -> path of the output that it belonged to.
        entries: files of DVC's run cache.
        versions: md5s of the outputs that hold the picture, by path.
        models: `PATH MD5` of each model that was made from one of them -> how.
    """

    target: str
    time: str
    reason: str
    picture: Picture
    outputs: Mapping[str, str]
    objects: Mapping[str, str]
    entries: frozenset[str]
    versions: Mapping[str, list[str]]
    models: Mapping[str, str]

    def __or__(self, other: "Plan") -> "Plan":
        """Both; the first time and reason stay."""
        return replace(
            self,
            picture=self.picture | other.picture,
            outputs={**other.outputs, **self.outputs},
            objects={**other.objects, **self.objects},
            entries=self.entries | other.entries,
            versions={
                path: sorted({*self.versions.get(path, ()), *other.versions.get(path, ())})
                for path in {*self.versions, *other.versions}
            },
            models={**other.models, **self.models},
        )


def make_plan(target: str, time: str, reason: str, picture: Picture, found: Trace) -> Plan:
    """What a trace asks to remove."""
    objects = {
        member: min(found.paths.get(md5, {"an untracked folder"}))
        for md5, members in found.held.items()
        for member in members.values()
    }
    paths = {path for where in found.paths.values() for path in where}
    return Plan(
        target,
        time,
        reason,
        picture,
        outputs=_files_of_outputs(found),
        objects=objects,
        entries=frozenset(record.entry.as_posix() for record in found.writers if record.entry),
        versions={path: sorted(md5 for md5, where in found.paths.items() if path in where) for path in paths},
        models=_models(found),
    )


def load_plan(root: Path, target: str) -> Plan | None:
    """The plan of a run for the same target that did not come to its end."""
    path = _file(root, target)
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    picture = Picture(**{name: frozenset(values) for name, values in content.pop("picture").items()})
    return Plan(**content | {"picture": picture, "entries": frozenset(content["entries"])})


def save_plan(root: Path, plan: Plan) -> None:
    """Write the plan down."""
    content = asdict(plan)
    content["picture"] = {name: sorted(values) for name, values in content["picture"].items()}
    outputs.write_json(_file(root, plan.target), content | {"entries": sorted(plan.entries)})


def done_here(plan: Plan) -> Plan:
    """What is left for a remote: the names of the objects. Files of the same names may be new ones, made without it."""
    return replace(plan, picture=replace(plan.picture, files=frozenset()), outputs={}, entries=frozenset())


def drop_plan(root: Path, plan: Plan) -> None:
    """Nothing of it is left to do."""
    _file(root, plan.target).unlink(missing_ok=True)


def bury(root: Path, plan: Plan) -> None:
    """Write the tombstones: one for each pair of content and address that the ledgers know, or for what is known."""
    pairs = {
        (row.sha256, row.address)
        for ledger in ledgers(root)
        for row in read_ledger(ledger)
        if is_of(row, plan.picture) and (row.sha256 or row.address)
    }
    pairs |= {(sha256, "") for sha256 in plan.picture.sha256s - {sha256 for sha256, _ in pairs}}
    pairs |= {("", address) for address in plan.picture.addresses - {address for _, address in pairs}}
    stones = [Tombstone(sha256, address, plan.time, plan.reason) for sha256, address in sorted(pairs)]
    append_tombstones(root / TOMBSTONES, stones)


def ledger_rows(root: Path, picture: Picture) -> dict[Path, list[int]]:
    """The rows about the picture that are still to be closed, by ledger, as a spreadsheet counts them."""
    found: dict[Path, list[int]] = {}
    for ledger in ledgers(root):
        for number, row in enumerate(read_ledger(ledger), start=2):
            if is_of(row, picture) and row.verdict != FORGOTTEN:
                found.setdefault(ledger, []).append(number)
    return found


def ledgers_about(root: Path, picture: Picture) -> list[Path]:
    """The ledgers with a row about the picture, closed or not."""
    return [ledger for ledger in ledgers(root) if any(is_of(row, picture) for row in read_ledger(ledger))]


def close_ledger_rows(root: Path, plan: Plan) -> None:
    """The rows stay and say `forgotten`: so the collector knows that it has been here."""
    reason = plan.reason or "somebody asked for it"
    for ledger in ledger_rows(root, plan.picture):
        write_ledger(
            ledger,
            [
                replace(row, file="", verdict=FORGOTTEN, reason=reason) if is_of(row, plan.picture) else row
                for row in read_ledger(ledger)
            ],
        )


def table_rows(root: Path, picture: Picture) -> dict[Path, int]:
    """How many rows about the picture the tables beside it have, and the decisions; ledgers aside."""
    found = {path: len(_others(path, picture)[1]) for path in _tables(root, picture)}
    found |= {path: len(_other_lines(path, picture)[1]) for path in _journals(root)}
    for name in _DECISIONS:
        path = root / name
        if path.is_file():
            found[path] = len(picture.sha256s & set(read_decisions(path)))
    return {path: count for path, count in found.items() if count}


def remove_table_rows(root: Path, picture: Picture) -> None:
    """Take these rows out."""
    for path in _tables(root, picture):
        others, removed = _others(path, picture)
        if removed:
            write_table(path, list(removed[0]), others)
    for path in _journals(root):
        kept, mine = _other_lines(path, picture)
        if mine:
            outputs.write_text(path, "".join(kept))
    for name in _DECISIONS:
        path = root / name
        decisions = read_decisions(path) if path.is_file() else {}
        if picture.sha256s & set(decisions):
            write_decisions(path, [one for sha256, one in decisions.items() if sha256 not in picture.sha256s])


def pages(root: Path, picture: Picture) -> list[Path]:
    """The pages of cleaning, with picture sheets, of the collections that met the picture."""
    folders = [root / PAGES / ledger.parent.name for ledger in ledgers_about(root, picture)]
    return [folder for folder in folders if folder.is_dir()]


def remove_pages(root: Path, picture: Picture) -> None:
    """Take these pages away: `tryon clean` draws them anew."""
    for folder in pages(root, picture):
        shutil.rmtree(folder)


def remove_files(root: Path, paths: Iterable[str]) -> None:
    """Remove files, wherever they lie; those that are gone are done."""
    for path in sorted(paths):
        (root / path).unlink(missing_ok=True)


def remove_objects(objects: Objects, plan: Plan) -> None:
    """Remove cached objects; the listings of folders stay, so that an earlier version is whole but for this picture."""
    for md5 in sorted(plan.objects):
        objects.path(md5).unlink(missing_ok=True)


def _files_of_outputs(found: Trace) -> dict[str, str]:
    """The files that hold it in what dvc.lock says lies in the checkout and its experiments."""
    files = {}
    for record in found.records:
        for version in record.writes if record.root else ():
            for name in found.held.get(version.md5, {}):
                within = Path(version.path) / name if version.is_folder else Path(version.path)
                files[((record.root or Path()) / within).as_posix()] = version.path
    return files


def _models(found: Trace) -> dict[str, str]:
    models: dict[str, str] = {}
    for record in found.readers:
        for version in record.writes:
            if PurePosixPath(version.path).parts[0] == _MODELS:
                models.setdefault(f"{version.path} {version.md5}", _how(record, found))
    return models


def _how(record: Record, found: Trace) -> str:
    """Whether a model was trained on it; all that the stage read of it may lie in the test split."""
    members = [member for version in record.reads for member in found.held.get(version.md5, ())]
    folders = [PurePosixPath(member).parts[:-1] for member in members]
    tested = all(any(part.startswith(_TEST) for part in parts) for parts in folders)
    return "not trained on it (it is in the test split)" if tested else "trained on it"


def _tables(root: Path, picture: Picture) -> list[Path]:
    """The tables of the collections that have, or had, a file of the picture, and of all that have a ledger."""
    folders = {(root / file).parent.parent for file in picture.files} | {ledger.parent for ledger in ledgers(root)}
    return sorted(path for folder in folders for path in folder.glob("*.csv") if path.name != _LEDGER)


def _journals(root: Path) -> list[Path]:
    """What programs remember of each picture beside a ledger: one JSON value a line, with its sha256."""
    return sorted(path for ledger in ledgers(root) for path in ledger.parent.glob("*.jsonl"))


def _other_lines(path: Path, picture: Picture) -> tuple[list[str], list[str]]:
    """A journal's lines about other pictures, and those about this one."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    mine = [line for line in lines if any(sha256 in line for sha256 in picture.sha256s)]
    return [line for line in lines if line not in mine], mine


def _others(path: Path, picture: Picture) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """A table's rows about other pictures, and those about this one."""
    own = {PurePosixPath(file).name for file in picture.files if _near(path, file)}
    rows = read_table(path, [])
    mine = [
        row
        for row in rows
        if row.get("sha256") in picture.sha256s or PurePosixPath(row.get("file", "")).name in own - {""}
    ]
    return [row for row in rows if row not in mine], mine


def _near(table: Path, file: str) -> bool:
    return PurePosixPath(file).parent.parent.name == table.parent.name


def _file(root: Path, target: str) -> Path:
    return root / PLANS / f"{hashlib.sha256(target.encode()).hexdigest()[:16]}.json"
