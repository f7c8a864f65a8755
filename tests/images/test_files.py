"""Picture files: whole or refused, orientation and depth handled once, the same bytes for the same pixels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tryon.errors import DataError, DecodeError
from tryon.images import files


def scene(height: int = 48, width: int = 64) -> np.ndarray:
    """A picture whose four corners differ, so that no turn or mirror leaves it alike."""
    rows, columns = np.indices((height, width))
    picture = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], axis=-1).astype(np.uint8)
    picture[: height // 4, : width // 4] = (255, 0, 0)
    return picture


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes) -> np.ndarray:
    (tmp_path / "picture").write_bytes(content)
    return files.read_image(tmp_path / "picture")


def test_png_there_and_back_with_text(tmp_path: Path) -> None:
    files.write_png(tmp_path / "a" / "x.png", scene(), {"run_key": "äbc", "pattern": "blue"})
    np.testing.assert_array_equal(files.read_image(tmp_path / "a" / "x.png"), scene())
    assert files.read_png_text(tmp_path / "a" / "x.png") == {"run_key": "äbc", "pattern": "blue"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.png"]


def test_rgba_is_laid_on_white_and_kept_by_read_rgba(tmp_path: Path) -> None:
    rgba = np.dstack([scene(), np.full((48, 64), 255, np.uint8)])
    rgba[10:20, 30:40, 3] = 0
    files.write_png(tmp_path / "x.png", rgba)
    np.testing.assert_array_equal(files.read_rgba(tmp_path / "x.png"), rgba)
    on_white = files.read_image(tmp_path / "x.png")
    assert (on_white[10:20, 30:40] == 255).all()
    np.testing.assert_array_equal(on_white[20:], scene()[20:])


def test_same_pixels_same_bytes(tmp_path: Path) -> None:
    assert files.encode_png(scene(), {"b": "1", "a": "2"}) == files.encode_png(scene(), {"a": "2", "b": "1"})
    assert files.encode_jpeg(scene()) == files.encode_jpeg(scene().copy())
    files.write_jpeg(tmp_path / "x.jpg", scene())
    assert np.abs(files.read_image(tmp_path / "x.jpg").astype(int) - scene()).mean() < 2


@pytest.mark.parametrize("orientation", range(10))
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    turns = {2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 6: lambda a: np.rot90(a, -1), 8: np.rot90}
    turns |= {5: lambda a: np.swapaxes(a, 0, 1), 7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2)}
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(scene()), "PNG", exif=exif)
    expected = turns.get(orientation, lambda a: a)(scene())
    np.testing.assert_array_equal(read(tmp_path, content), expected)
    assert files.read_size(tmp_path / "picture") == expected.shape[:2]


def test_sixteen_bit_grey_is_not_white(tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    picture = read(tmp_path, encoded(Image.fromarray(grey), "PNG"))
    np.testing.assert_array_equal(picture[..., 0], grey >> 8)
    assert (picture[..., 0] == picture[..., 2]).all()


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "YCbCr"])
def test_other_kinds_of_pixels_become_rgb(tmp_path: Path, mode: str) -> None:
    format_name = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image = Image.fromarray(scene()).convert("L") if mode == "LA" else Image.fromarray(scene())
    picture = read(tmp_path, encoded(image.convert(mode), format_name))
    expected = np.asarray(image.convert(mode).convert("RGB"), int)
    assert picture.shape == (48, 64, 3) and np.abs(picture - expected).mean() < 6


def test_transparent_palette_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (40, 30), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(1, (0, 0, 20, 30))
    picture = read(tmp_path, encoded(image, "PNG", transparency=0))
    assert picture[0, 0].tolist() == [0, 0, 200] and picture[0, 30].tolist() == [255, 255, 255]


def test_colours_of_another_profile_become_srgb(tmp_path: Path) -> None:
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = read(tmp_path, encoded(Image.fromarray(scene()), "PNG", icc_profile=linear))
    assert np.abs(same.astype(int) - scene()).max() <= 1
    damaged = read(tmp_path, encoded(Image.fromarray(scene()), "PNG", icc_profile=b"no profile" * 20))
    np.testing.assert_array_equal(damaged, scene())


JPEG = encoded(Image.fromarray(scene(200, 300)), "JPEG", quality=95)
PNG = encoded(Image.fromarray(scene(200, 300)), "PNG")
WEBP = encoded(Image.fromarray(scene(200, 300)), "WEBP")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture at all",
        JPEG[: len(JPEG) // 2],
        JPEG[:-2],
        JPEG[:200],
        PNG[: len(PNG) // 2],
        PNG[:-4],
        PNG[:600] + bytes([PNG[600] ^ 255]) + PNG[601:],
        WEBP[: len(WEBP) // 2],
        encoded(Image.fromarray(scene()).convert("P"), "GIF"),
        encoded(Image.fromarray(scene()), "BMP"),
    ],
    ids=[
        "empty",
        "text",
        "half-jpeg",
        "jpeg-end",
        "jpeg-head",
        "half-png",
        "png-end",
        "png-crc",
        "half-webp",
        "gif",
        "bmp",
    ],
)
def test_cut_and_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DecodeError, match=r"picture .*picture cannot be decoded") as caught:
        read(tmp_path, content)
    assert "remedy: " in str(caught.value) and "0x" not in str(caught.value)


def test_bytes_after_the_end_do_not_matter(tmp_path: Path) -> None:
    for content in (JPEG, PNG):
        np.testing.assert_array_equal(read(tmp_path, content + b"PK\3\4 <html>"), read(tmp_path, content))


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        files.read_image(tmp_path / "none.jpg")
    with pytest.raises(DataError, match="is missing"):
        files.read_size(tmp_path / "none.jpg")
    with pytest.raises(DataError, match=r"too large|cannot be decoded"):
        read(tmp_path, encoded(Image.new("1", (9000, 9000)), "PNG"))
    with pytest.raises(DecodeError):
        files.read_png_text(Path(__file__))
    with pytest.raises(DecodeError):
        files.read_rgba(Path(__file__))


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        files.write_png(tmp_path / "x.png", np.zeros((3, 3, 7), np.uint8))
    assert not list(tmp_path.iterdir())


def test_real_photos_are_read_as_pillow_reads_them(shared_data: Path) -> None:
    for path in sorted((shared_data / "garments" / "images").iterdir())[:5]:
        with Image.open(path) as image:
            assert files.read_image(path).shape == (*files.read_size(path), 3)
            assert files.read_size(path) in ((image.height, image.width), (image.width, image.height))
