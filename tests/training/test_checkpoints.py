"""Checkpoints: what is saved is loaded, and whatever happens to one slot, the other one serves."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest

from tryon.training.checkpoints import CheckpointStore

ARRAYS = {
    "weight/conv/0": np.arange(6, dtype=np.float32).reshape(2, 3),
    "count": np.array(7),
    "flags": np.array([True, False]),
}


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "run")


def slots(store: CheckpointStore) -> list[Path]:
    return sorted(store.folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)


def test_arrays_and_state_come_back(store: CheckpointStore) -> None:
    store.save(3, ARRAYS, {"rows": [{"epoch": 1, "loss": 0.1}], "sums": {}})
    found = store.load_latest()
    assert found is not None and found.step == 3 and found.state == {"rows": [{"epoch": 1, "loss": 0.1}], "sums": {}}
    assert set(found.arrays) == set(ARRAYS)
    for name, value in ARRAYS.items():
        assert found.arrays[name].dtype == value.dtype and np.array_equal(found.arrays[name], value)


def test_nothing_saved_is_none(store: CheckpointStore) -> None:
    assert store.load_latest() is None
    store.clear()


def test_the_newest_of_two_slots_is_loaded(store: CheckpointStore) -> None:
    for step in (1, 2, 3):
        store.save(step, ARRAYS, {})
        found = store.load_latest()
        assert found is not None and found.step == step
    assert len(slots(store)) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_slot_is_passed_over_and_said(
    store: CheckpointStore, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.save(1, ARRAYS, {})
    store.save(2, ARRAYS, {})
    newest = next(path for path in slots(store) if path.name == "slot_b.ckpt")
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 255
    newest.write_bytes(
        {"cut": bytes(content[:200]), "flipped": bytes(content), "empty": b"", "other": b"\x80\x04."}[damage]
    )
    with caplog.at_level(logging.WARNING, "tryon"):
        found = store.load_latest()
    assert found is not None and found.step == 1
    assert "slot_b.ckpt is damaged" in caplog.text


def test_a_damaged_slot_is_the_next_to_be_written(store: CheckpointStore) -> None:
    store.save(1, ARRAYS, {})
    store.save(2, ARRAYS, {})
    (store.folder / "slot_a.ckpt").write_bytes(b"damaged")
    (store.folder / "slot_b.ckpt").read_bytes()
    store.save(3, ARRAYS, {})
    (store.folder / "slot_a.ckpt").unlink()
    found = store.load_latest()
    assert found is not None and found.step == 2


def test_both_damaged_is_none(store: CheckpointStore) -> None:
    store.save(1, ARRAYS, {})
    for path in slots(store):
        path.write_bytes(b"damaged")
    assert store.load_latest() is None


def test_a_signed_file_with_objects_inside_is_not_unpickled(store: CheckpointStore) -> None:
    import hashlib

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (Path("trap_was_sprung"),))

    memory = io.BytesIO()
    np.savez(memory, __state__=np.array([Trap()], dtype=object))
    payload = memory.getvalue()
    store.folder.mkdir()
    head = b"tryon checkpoint 1\n" + hashlib.sha256(payload).hexdigest().encode() + b"\n"
    (store.folder / "slot_a.ckpt").write_bytes(head + payload)
    assert store.load_latest() is None and not Path("trap_was_sprung").exists()


def test_a_killed_write_leaves_the_old_slot(store: CheckpointStore) -> None:
    store.save(1, ARRAYS, {})
    (store.folder / "slot_b.ckpt.tmp").write_bytes(b"half")
    found = store.load_latest()
    assert found is not None and found.step == 1


def test_clear_removes_the_folder(store: CheckpointStore) -> None:
    store.save(1, ARRAYS, {})
    store.clear()
    assert not store.folder.exists() and store.load_latest() is None


def test_a_state_that_json_cannot_hold_is_our_bug(store: CheckpointStore) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        store.save(1, ARRAYS, {"loss": float("nan")})
