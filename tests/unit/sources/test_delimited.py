"""Text files as hospitals export them: encodings, separators, quotes, compression, and what breaks them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cohortium.errors import SourceUnreadable
from cohortium.sources import Options, infer_schema, read_raw


def _write(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_and_cells_stay_text(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "plz", "wert"], ["1", "01069", "3,5" if delimiter != "," else "3.5"], ["2", "00100", "NA"]]
    path = _write(tmp_path, "a.csv", "\n".join(delimiter.join(row) for row in rows))
    raw = read_raw(path)
    assert raw.column_names == rows[0]
    assert raw.column("plz").to_pylist() == ["01069", "00100"]
    assert raw.column("wert").to_pylist() == [rows[1][2], "NA"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe,Łódź\n1,ä\n"),
        ("utf-8-sig", "Größe,Łódź\n1,ä\n"),
        ("utf-16", "Größe,Łódź\n1,ä\n"),
        ("utf-32", "Größe,Łódź\n1,ä\n"),
        ("cp1252", "Größe,Straße,hôpital\n1,Müller,élève\n"),
        ("latin-1", "Größe,año,señora\n1,Müller,élève\n"),
        ("cp1250", "Łódź,źdźbło,gęś\n1,Kraków,żółw\n"),
        ("cp850", "Größe,Ärztin,für\n1,Müller,über\n"),
        ("cp1251", "Пациент,возраст\nИванов,40\n"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, text: str) -> None:
    raw = read_raw(_write(tmp_path, "a.csv", text, encoding))
    lines = [line.split(",") for line in text.strip().split("\n")]
    assert raw.column_names == lines[0]
    assert [raw.column(place)[0].as_py() for place in range(raw.num_columns)] == lines[1]


def test_a_guessed_encoding_is_said_in_the_reasons_and_a_named_one_is_not(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.csv", "Größe,ort\n1,Köln\n2,Münster\n", "cp1252")
    guessed = infer_schema(read_raw(path))["ort"].reasons
    assert any("cp1252" in reason and "guess" in reason for reason in guessed)
    named = infer_schema(read_raw(path, Options(encoding="cp1252")))["ort"].reasons
    assert not any("guess" in reason for reason in named)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zst", ".csv.bz2"])
def test_compressed_files_read_alike(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    with pa.output_stream(str(path), compression={".csv": None}.get(ending, "detect")) as stream:
        stream.write(b"a,b\n1,x\n2,y\n")
    assert read_raw(path).to_pydict() == {"a": ["1", "2"], "b": ["x", "y"]}


def test_quoted_line_breaks_separators_and_quotes_survive(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.csv", 'id,note\n1,"seen, then\nsaid ""well"""\n2,plain\n')
    assert read_raw(path).column("note").to_pylist() == ['seen, then\nsaid "well"', "plain"]


def test_leading_blank_lines_and_a_quoted_header_with_a_line_break(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.csv", '\n\n"id\nof person",b\n1,2\n')
    raw = read_raw(path)
    assert raw.column_names == ["id\nof person", "b"]
    assert raw.num_rows == 1


def test_repeated_and_absent_names_are_made_unique_with_a_reason(tmp_path: Path) -> None:
    raw = read_raw(_write(tmp_path, "a.csv", "a,b,a,,a_2\n1,2,3,4,5\n"))
    assert raw.column_names == ["a", "b", "a_3", "column_4", "a_2"]
    schema = infer_schema(raw)
    assert any("more than one column 'a'" in reason for reason in schema["a_3"].reasons)
    assert any("no name" in reason for reason in schema["column_4"].reasons)


def test_ragged_rows_are_refused_by_line_number_without_their_cells(tmp_path: Path) -> None:
    content = "a,b,c\n1,2,3\nsecret,2\n4,5,6\n1,2,3,4\n"
    for blank, says in ((0, "line 3 has 2, line 5 has 4"), (2, "line 5 has 2, line 7 has 4")):
        with pytest.raises(SourceUnreadable, match=says) as caught:
            read_raw(_write(tmp_path, "a.csv", "\n" * blank + content))
        assert "secret" not in str(caught.value)


def test_row_names_without_a_heading_as_r_writes_them(tmp_path: Path) -> None:
    raw = read_raw(_write(tmp_path, "a.txt", 'x\ty\n"1"\t5\t6\n"2"\t7\t8\n'))
    assert raw.to_pydict() == {"rownames": ["1", "2"], "x": ["5", "7"], "y": ["6", "8"]}


def test_a_separator_at_the_end_of_every_row_makes_an_empty_column(tmp_path: Path) -> None:
    raw = read_raw(_write(tmp_path, "a.csv", "x,y\n1,2,\n3,4,\n"))
    assert raw.to_pydict() == {"x": ["1", "3"], "y": ["2", "4"], "column_3": ["", ""]}


def test_one_column_keeps_its_blank_lines_as_missing(tmp_path: Path) -> None:
    raw = read_raw(_write(tmp_path, "a.csv", "x\n1\n\n3\n"))
    assert raw.column("x").to_pylist() == ["1", "", "3"]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    for text in ("a,b\n", "a,b"):
        raw = read_raw(_write(tmp_path, "a.csv", text))
        assert (raw.column_names, raw.num_rows) == (["a", "b"], 0)


def test_a_file_without_header_is_told(tmp_path: Path) -> None:
    raw = read_raw(_write(tmp_path, "a.csv", "63,1,145,233\n67,1,160,286\n"))
    assert any("header" in reason for reason in infer_schema(raw).columns[0].reasons)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n\n", "no line with column names"),
        ("a.csv", bytes(range(256)) * 40, "zero bytes"),
        ("a.csv", np.random.default_rng(0).integers(1, 255, 4000).astype(np.uint8).tobytes(), "not text"),
        ("a.csv", b"PAR1" + b"x" * 100, "a Parquet file"),
        ("a.csv", b"PK\x03\x04" + b"x" * 100, "Excel workbook"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 50_000, mtime=0)[:60], "cut short"),
        ("a.csv.gz", b"a,b\n1,2\n", "cannot be decompressed"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "empty once decompressed"),
    ],
)
def test_what_is_no_text_table_is_refused_clearly(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(SourceUnreadable, match=says):
        read_raw(_write(tmp_path, name, content))


def test_a_gz_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(["a,b", *(f"{i},{i * i}" for i in range(20_000))]).encode())
    for share in (0.1, 0.5, 0.99):
        with pytest.raises(SourceUnreadable):
            read_raw(_write(tmp_path, "a.csv.gz", whole[: int(share * len(whole))]))


def test_a_wrongly_named_encoding_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.csv", "a,b\n1,Müller\n", "cp1252")
    with pytest.raises(SourceUnreadable, match="encoding"):
        read_raw(path, Options(encoding="utf-8"))


def test_five_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(5000)]
    raw = read_raw(_write(tmp_path, "a.csv", ",".join(names) + "\n" + ",".join(["1"] * 5000) + "\n"))
    assert raw.column_names == names
