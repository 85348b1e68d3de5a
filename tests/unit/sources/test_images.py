"""Columns of images: files beside a table, files within its cells, pixels, and archives of NumPy."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cohortium.errors import InvalidRequest, SchemaMismatch, SourceUnreadable
from cohortium.numerics.area_average import area_average
from cohortium.records import Column, Kind, Schema, Table
from cohortium.records.images import column_of_pixels
from cohortium.sources import infer_schema, load_schema, open_large, read, read_raw, save_schema, write_table
from cohortium.sources.pictures import NoPicture, picture

Image = pytest.importorskip("PIL.Image", reason="the extra 'imaging' is not installed")

GREY = Column("scan", Kind.IMAGE, shape=(6, 5, 1))


def _noise(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def _file(pixels: Any, form: str = "PNG", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, form, **options)
    return made.getvalue()


def _table(folder: Path, cells: list[str], column: Column = GREY) -> Path:
    path = folder / "patients.csv"
    path.write_text("scan,age\n" + "".join(f"{cell},{40 + place}\n" for place, cell in enumerate(cells)))
    save_schema(Schema((column, Column("age", Kind.INTEGER))), folder / "patients.csv.schema.toml")
    return path


def test_files_that_cells_name_are_read(tmp_path: Path) -> None:
    pixels = _noise(2, 6, 5)
    (tmp_path / "xray").mkdir()
    for place, one in enumerate(pixels):
        (tmp_path / "xray" / f"{place}.png").write_bytes(_file(one))
    table = read(_table(tmp_path, ["xray/1.png", "", "xray/0.png", "xray/1.png"]))
    np.testing.assert_array_equal(table.pixels("scan")[[0, 2, 3], :, :, 0], pixels[[1, 0, 1]])
    assert table.missing("scan").tolist() == [False, True, False, False]
    assert table.numeric("age").tolist() == [40, 41, 42, 43]


def test_missing_codes_and_streams(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(_file(_noise(6, 5)))
    path = _table(tmp_path, ["0.png", "none"], Column("scan", Kind.IMAGE, missing_codes=("none",), shape=(6, 5, 1)))
    (part,) = open_large(path).tables(load_schema(tmp_path / "patients.csv.schema.toml"))
    assert part.missing("scan").tolist() == [False, True]


@pytest.mark.parametrize("inside", ["../secret.png", "{outside}", "link.png", "a/../../secret.png"])
def test_files_outside_of_the_folder_are_not_opened(tmp_path: Path, inside: str) -> None:
    home = tmp_path / "data"
    home.mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(_file(_noise(6, 5)))
    (home / "link.png").symlink_to(secret)
    path = _table(home, [inside.format(outside=secret)])
    with pytest.raises(SourceUnreadable, match="1 outside of the table's folder"):
        read(path)


def test_what_cannot_be_read_is_counted_and_not_named(tmp_path: Path) -> None:
    whole = _file(_noise(60, 50))
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "single.tiff").write_bytes(_file(_noise(6, 5), "TIFF"))
    two = [Image.fromarray(_noise(6, 5, seed=seed)) for seed in (1, 2)]
    two[0].save(tmp_path / "two.tiff", save_all=True, append_images=two[1:])
    (tmp_path / "drawer").mkdir()
    cells = ["cut.png", "text.png", "two.tiff", "drawer", "absent.png", "absent.png", "single.tiff"]
    with pytest.raises(SourceUnreadable) as caught:
        read(_table(tmp_path, cells))
    said = str(caught.value)
    assert "'scan'" in said and "3 not one PNG" in said and "3 not there" in said
    assert not any(cell in said for cell in cells)


def test_other_formats_are_not_opened(tmp_path: Path) -> None:
    """Few decoders, few holes: a bitmap called .png is none."""
    (tmp_path / "0.png").write_bytes(_file(_noise(6, 5), "BMP"))
    with pytest.raises(SourceUnreadable, match="1 not one PNG"):
        read(_table(tmp_path, ["0.png"]))


def test_a_picture_that_would_fill_memory_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(NoPicture, match="Decompression"):
        picture(_file(_noise(20, 20)), (6, 5, 1))


def test_colours_become_grey_and_grey_becomes_colours() -> None:
    colours = _noise(6, 5, 3)
    expected = np.asarray(Image.fromarray(colours).convert("L"))
    np.testing.assert_array_equal(picture(_file(colours), (6, 5, 1))[:, :, 0], expected)
    np.testing.assert_array_equal(picture(_file(colours), (6, 5, 3)), colours)
    grey = _noise(6, 5)
    np.testing.assert_array_equal(picture(_file(grey), (6, 5, 3)), np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_of_16_bits_the_upper_eight_are_kept(form: str) -> None:
    deep = np.array([[0, 257, 65535], [256 * 128, 32896, 1000]], dtype=np.uint16)
    found = picture(_file(deep, form), (2, 3, 1))[:, :, 0]
    np.testing.assert_array_equal(found, np.rint(deep / 257.0))


def test_32_bits_have_no_known_range() -> None:
    with pytest.raises(NoPicture):
        picture(_file(np.ones((6, 5), dtype=np.float32), "TIFF"), (6, 5, 1))


def test_a_picture_is_turned_as_its_camera_says() -> None:
    pixels = np.zeros((16, 8), np.uint8)
    pixels[:8] = 255
    turned = Image.Exif()
    turned[0x0112] = 6
    found = picture(_file(pixels, "JPEG", exif=turned, quality=95), (8, 16, 1))
    assert found[:, 8:].min() > 200 and found[:, :8].max() < 55


def test_area_averages_are_exact() -> None:
    image = _noise(12, 9, 3)
    np.testing.assert_allclose(area_average(image, 4, 3), image.reshape(4, 3, 3, 3, 3).mean(axis=(1, 3)), rtol=1e-12)
    np.testing.assert_array_equal(area_average(image, 12, 9), image)
    np.testing.assert_allclose(area_average(image, 5, 7).mean(axis=(0, 1)), image.mean(axis=(0, 1)), rtol=1e-12)
    # 3 columns as 2: each takes one whole and half of the middle one
    np.testing.assert_allclose(area_average(np.array([[[3.0], [6.0], [9.0]]]), 1, 2)[0, :, 0], [4.0, 8.0], rtol=1e-12)
    large = _noise(60, 50)
    reduced = np.asarray(Image.fromarray(large).reduce(10), dtype=np.float64)
    assert np.abs(picture(_file(large), (6, 5, 1))[:, :, 0] - reduced).max() <= 1


def test_parquet_keeps_pixels_and_says_what_they_are(tmp_path: Path) -> None:
    pixels = _noise(3, 6, 5, 1)
    cells = [*column_of_pixels(pixels).to_pylist(), None]
    table = Table(
        pa.table({"scan": pa.array(cells), "age": pa.array([1, 2, 3, 4])}), Schema((GREY, Column("age", Kind.INTEGER)))
    )
    write_table(table, tmp_path / "a.parquet")
    again = read(tmp_path / "a.parquet")
    assert again.schema["scan"].shape == (6, 5, 1)
    np.testing.assert_array_equal(again.pixels("scan"), table.pixels("scan"))
    assert read(tmp_path / "a.parquet") == again  # by the schema file that was saved
    with pytest.raises(InvalidRequest, match="scan"):
        write_table(table, tmp_path / "a.csv")


def test_parquet_with_image_files_in_its_cells(tmp_path: Path) -> None:
    pixels = _noise(3, 6, 5)
    pq.write_table(pa.table({"scan": [*(_file(one) for one in pixels), None]}), tmp_path / "a.parquet")
    table = read(tmp_path / "a.parquet")
    assert table.schema["scan"].shape == (6, 5, 1)
    assert any(reason.startswith("Unsure") for reason in table.schema["scan"].reasons)
    np.testing.assert_array_equal(table.pixels("scan")[:3, :, :, 0], pixels)
    assert table.missing("scan").tolist() == [False, False, False, True]


def test_numbers_are_no_images(tmp_path: Path) -> None:
    pq.write_table(pa.table({"scan": [1, 2]}), tmp_path / "a.parquet")
    save_schema(Schema((GREY,)), tmp_path / "a.parquet.schema.toml")
    with pytest.raises(SchemaMismatch, match="int64"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('kind = "image"', "needs one"),
        ('kind = "image"\nshape = [28, 28]', "three whole numbers"),
        ('kind = "image"\nshape = [28, 28, 2]', "three whole numbers"),
        ('kind = "text"\nshape = [28, 28, 1]', "belongs to a column of kind image"),
    ],
)
def test_a_schema_file_states_the_shape_of_images(tmp_path: Path, written: str, said: str) -> None:
    path = tmp_path / "a.schema.toml"
    path.write_text(f'[[column]]\nname = "scan"\n{written}\n')
    with pytest.raises(InvalidRequest, match=said):
        load_schema(path)


def test_a_schema_file_keeps_the_shape(tmp_path: Path) -> None:
    assert load_schema(save_schema(Schema((GREY,)), tmp_path / "a.schema.toml")) == Schema((GREY,))


def test_splits_of_an_archive_are_one_table(tmp_path: Path) -> None:
    train, val = _noise(5, 6, 5), _noise(2, 6, 5, seed=1)
    np.savez_compressed(
        tmp_path / "a.npz", train_images=train, train_labels=np.array([[0], [1], [0], [1], [1]], np.uint8),
        val_images=val, val_labels=np.array([[1], [0]], np.uint8),
    )  # fmt: skip
    table = read(tmp_path / "a.npz")
    assert table.schema.names == ("images", "labels", "split")
    np.testing.assert_array_equal(table.pixels("images")[:, :, :, 0], np.concatenate([train, val]))
    assert read_raw(tmp_path / "a.npz").column("labels").to_pylist() == [0, 1, 0, 1, 1, 1, 0]
    codes, levels = table.codes("split")
    assert [levels[code] for code in codes] == ["train"] * 5 + ["val"] * 2


def test_an_archive_of_colours_numbers_and_texts(tmp_path: Path) -> None:
    pixels = _noise(4, 6, 5, 3)
    np.savez(tmp_path / "a.npz", skin=pixels, age=np.array([40.5, 50, 60, np.nan]), site=np.array(["a", "b", "a", "b"]))
    table = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(table.pixels("skin"), pixels)
    assert table.missing("age").tolist() == [False, False, False, True]
    assert table.schema["site"].kind is Kind.CATEGORICAL


def _savez(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_savez(x=np.array([{"a": 1}], dtype=object)), "Python objects"),
        (_savez(x=np.zeros(3), y=np.zeros(4)), "one length"),
        (_savez(train_x=np.zeros(3), val_y=np.zeros(3)), "one length"),
        (_savez(x=np.zeros((3, 7))), "'x' should be 8-bit pixels"),
        (_savez(x=np.zeros((3, 6, 5))), "'x' should be 8-bit pixels"),
        (_savez(train_x=np.zeros((3, 6, 5), np.uint8), val_x=np.zeros((3, 6, 6), np.uint8)), "'x' should be"),
        (_savez(x=np.float64(1.0)), "one length"),
        (_savez(), "one length"),
        (lambda path: path.write_text("no archive"), "whole archive"),
    ],
)
def test_an_archive_of_other_things_is_refused(tmp_path: Path, write: Callable[[Path], None], said: str) -> None:
    write(tmp_path / "a.npz")
    with pytest.raises(SourceUnreadable, match=said):
        read(tmp_path / "a.npz")


def test_the_same_image_twice_is_no_rule(tmp_path: Path) -> None:
    """Inference draws no dependency from or to images, and gives them no role."""
    pixels = np.repeat(_noise(30, 6, 5), 4, axis=0)
    np.savez(tmp_path / "a.npz", images=pixels, labels=np.repeat(np.arange(30) % 3, 4))
    schema = infer_schema(read_raw(tmp_path / "a.npz"))
    assert not any("images" in rule.columns for rule in schema.constraints)
    assert not schema["images"].roles
