"""Uploads: each kind of bad file has its refusal, the child is guarded, and only pixels come out."""

import dataclasses
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tryon.errors import DataError, DecodeError
from tryon.images import decoding
from tryon.images.decoding import DEFAULT_LIMITS, RefusedError, decode_untrusted, decode_within_limits, read_untrusted


def encoded(image: Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **({"compress_level": 1} if format_name == "PNG" else {}), **options)
    return buffer.getvalue()


def noise(width: int = 300, height: int = 200) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


JPEG = encoded(noise(), "JPEG", quality=90)
PNG = encoded(noise())
FRAMES = [Image.new("RGB", (200, 200), (80 * i, 200 - 70 * i, 9)) for i in range(3)]


def test_child_gives_the_same_pixels() -> None:
    np.testing.assert_array_equal(decode_untrusted(PNG), np.asarray(noise()))


def test_child_takes_less_than_a_second_and_loads_no_network() -> None:
    started = time.monotonic()
    decode_untrusted(JPEG)
    assert time.monotonic() - started < 4  # far less on a free core; other work may share it here
    code = "import sys, tryon.images.decode_child; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "pandas", "matplotlib", "mlflow"} & set(loaded)


REFUSALS = {
    "text": (b"hello" * 100, "not_a_picture"),
    "html": (b"<html><body>no</body></html>" * 10, "not_a_picture"),
    "gif": (encoded(noise().convert("P"), "GIF"), "not_a_picture"),
    "tiff": (encoded(noise(), "TIFF"), "not_a_picture"),
    "bmp": (encoded(noise(), "BMP"), "not_a_picture"),
    "bomb": (encoded(Image.new("1", (13_000, 13_000))), "too_large"),
    "many_pixels": (encoded(Image.new("1", (6_000, 6_000))), "too_large"),
    "one_line": (encoded(Image.new("1", (11_000, 130))), "wrong_shape"),
    "one_pixel": (encoded(Image.new("RGB", (1, 1))), "too_small"),
    "narrow": (encoded(Image.new("RGB", (900, 200))), "wrong_shape"),
    "small": (encoded(Image.new("RGB", (300, 127))), "too_small"),
    "half_jpeg": (JPEG[: len(JPEG) // 2], "damaged"),
    "jpeg_without_end": (JPEG[:-2], "damaged"),
    "jpeg_head": (JPEG[:300], "damaged"),
    "half_png": (PNG[: len(PNG) // 2], "damaged"),
    "png_without_end": (PNG[:-6], "damaged"),
    "png_wrong_sum": (PNG[:5000] + bytes([PNG[5000] ^ 255]) + PNG[5001:], "damaged"),
    "animated_png": (encoded(FRAMES[0], save_all=True, append_images=FRAMES[1:]), "animated"),
    "animated_webp": (encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "animated"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_files_are_refused_with_their_kind(name: str) -> None:
    content, kind = REFUSALS[name]
    with pytest.raises(RefusedError) as caught:
        decode_within_limits(content, DEFAULT_LIMITS)
    assert caught.value.args[0] == kind, caught.value.args


@pytest.mark.parametrize("name", ["text", "bomb", "half_jpeg"])
def test_refusals_of_the_child_carry_a_remedy(name: str) -> None:
    content, kind = REFUSALS[name]
    with pytest.raises(DecodeError, match=kind) as caught:
        decode_untrusted(content)
    assert caught.value.remedy and caught.value.needed and caught.value.received


def test_empty_and_too_long_files_start_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a child was started"))
    with pytest.raises(DecodeError, match="not_a_picture"):
        decode_untrusted(b"")
    with pytest.raises(DecodeError, match="too_large"):
        decode_untrusted(bytes(101), dataclasses.replace(DEFAULT_LIMITS, max_bytes=100))


def test_child_is_killed_at_the_time_limit() -> None:
    with pytest.raises(DecodeError, match="damaged") as caught:
        decode_untrusted(PNG, dataclasses.replace(DEFAULT_LIMITS, timeout_s=0.02))
    assert "longer than 0.02 s" in str(caught.value)


def test_child_has_a_memory_limit() -> None:
    content = encoded(Image.new("RGB", (4_900, 4_900)))
    assert decode_untrusted(content).shape == (1024, 1024, 3)
    with pytest.raises(DecodeError) as caught:
        decode_untrusted(content, dataclasses.replace(DEFAULT_LIMITS, memory_bytes=300 * 2**20))
    assert caught.value.remedy


def test_text_bomb_is_refused_or_passed_over() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * 90_000_000, zip=True)
    content = encoded(noise(), pnginfo=text)
    assert len(content) < 1_000_000
    with pytest.raises(RefusedError):
        decode_within_limits(content, DEFAULT_LIMITS)


def test_large_pictures_are_shrunk_and_small_ones_kept() -> None:
    assert decode_within_limits(encoded(noise(2000, 1000), "JPEG"), DEFAULT_LIMITS).shape == (512, 1024, 3)
    assert decode_within_limits(encoded(Image.new("RGBA", (4200, 1100))), DEFAULT_LIMITS).shape == (268, 1024, 3)
    assert decode_within_limits(PNG, DEFAULT_LIMITS).shape == (200, 300, 3)
    smaller = dataclasses.replace(DEFAULT_LIMITS, long_side_px=150)
    assert decode_within_limits(PNG, smaller).shape == (100, 150, 3)


def test_limits_hold_for_the_side_as_well_as_for_the_area() -> None:
    assert decode_within_limits(encoded(Image.new("RGB", (128, 512))), DEFAULT_LIMITS).shape == (512, 128, 3)
    wide = dataclasses.replace(DEFAULT_LIMITS, max_aspect=100, max_side_px=1_000)
    with pytest.raises(RefusedError, match="at most 1000"):
        decode_within_limits(encoded(Image.new("1", (1_001, 200))), wide)


def test_shrinking_a_transparent_picture_leaves_no_dark_rim() -> None:
    """The transparent half is black beneath: mixing before compositing would show it."""
    image = Image.new("RGBA", (4200, 1100), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 2103, 1100))
    picture = decode_within_limits(encoded(image), DEFAULT_LIMITS).astype(int)
    assert picture[..., 0].min() >= 253


def test_metadata_and_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "somebody"
    turned = decode_within_limits(encoded(noise(), exif=exif), DEFAULT_LIMITS)
    np.testing.assert_array_equal(turned, np.rot90(np.asarray(noise()), -1))


@given(st.lists(st.tuples(st.integers(0, len(JPEG) - 1), st.integers(0, 255)), max_size=60))
@settings(max_examples=40, deadline=None)
def test_flipped_bytes_are_decoded_or_refused(changes: list[tuple[int, int]]) -> None:
    content = bytearray(JPEG)
    for place, value in changes:
        content[place] = value
    try:
        assert decode_within_limits(bytes(content), DEFAULT_LIMITS).dtype == np.uint8
    except RefusedError as refusal:
        assert refusal.args[0] in decoding._REMEDIES


def test_read_untrusted_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert read_untrusted(tmp_path / "a.jpg").shape == (200, 300, 3)
    (tmp_path / "b.jpg").write_bytes(b"")
    with pytest.raises(DecodeError, match=r"b\.jpg"):
        read_untrusted(tmp_path / "b.jpg")
    with pytest.raises(DataError, match="cannot be read"):
        read_untrusted(tmp_path / "c.jpg")


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_child_dies_with_its_parent() -> None:
    """The parent starts a child that waits for its input, and is killed."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'tryon.images.decode_child'], stdin=subprocess.PIPE)\n"
        "time.sleep(3)\nprint(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        status = Path(f"/proc/{child}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("the child outlived its parent")
