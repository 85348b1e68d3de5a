"""Which encoding a text file is written in, found before the first cell is read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
from charset_normalizer import from_bytes

from cohortium.errors import SourceUnreadable
from cohortium.sources.address import COMPRESSIONS, Address

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = (
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF document"),
)
# The detector compares Europe's encodings alone: with all of the world's it finds Korean in German umlauts.
_CANDIDATES = ["cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman", "cp850"]
# What Windows-1252 makes of text in another encoding: letters of Iceland, Czech carons, a symbol inside a word,
# three accented letters in a row.
_NOT_WESTERN = re.compile(r"[ŠšŽžŸþðýÞÐÝ]|[A-Za-zÀ-ÿ][^\x00-\x7fÀ-ÿŒœ’–—][A-Za-zÀ-ÿ]|[À-ÖØ-öø-ÿ]{3}")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file; ``note`` tells a person when it had to be guessed."""

    name: str
    note: str | None = None


def opened(address: Address) -> pa.NativeFile:
    """The bytes of the file, decompressed as its name asks."""
    path = address.file
    compression = COMPRESSIONS.get(path.suffix.lower())
    return pa.input_stream(str(path), compression=compression)


def chunks(address: Address, size: int = _CHUNK) -> Iterator[bytes]:
    """The decompressed bytes in pieces.

    Raises : SourceUnreadable where the file is cut short or not compressed as its name says.
    """
    try:
        with opened(address) as stream:
            while piece := stream.read(size):
                yield piece
    except OSError as error:
        raise SourceUnreadable(
            f"{address} cannot be decompressed ({error}). It was cut short or is not what its ending says: copy it "
            "again, or correct the ending."
        ) from error


def found_encoding(address: Address) -> Encoding:
    """The encoding: a byte order mark, else UTF-8 if the whole file is, else the likeliest of Europe's older ones.

    Raises : SourceUnreadable where the file is not text.
    """
    decoder: codecs.IncrementalDecoder | None = None
    first = b""
    for piece in chunks(address):
        if decoder is None:
            first = piece
            marked = next((name for mark, name in _MARKS if piece.startswith(mark)), None)
            if marked is not None:
                return Encoding("utf-8" if marked == "utf-8-sig" else marked)
            _refuse_binary(address, piece)
            decoder = codecs.getincrementaldecoder("utf-8")()
        if b"\x00" in piece:
            raise SourceUnreadable(f"{address} is not a text file: it holds zero bytes. Check what it really is.")
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return _guessed(address, piece if piece is first else first[:65_536] + piece)
    if decoder is None:
        raise SourceUnreadable(f"{address} is empty once decompressed; a table was expected. Export it once more.")
    return Encoding("utf-8")


def _refuse_binary(address: Address, piece: bytes) -> None:
    for signature, what in _SIGNATURES:
        if piece.startswith(signature):
            raise SourceUnreadable(f"{address} is {what}, not a text file. Give the file its proper ending.")


def _guessed(address: Address, piece: bytes) -> Encoding:
    control = sum(byte < 32 and byte not in (9, 10, 11, 12, 13) for byte in piece[:65_536])
    # Text lines with letters beyond ASCII are what helps the guess; plain lines only dilute it.
    telling = b"\n".join(line for line in piece.split(b"\n") if any(byte > 127 for byte in line))[:65_536]
    name = None if control > 0.01 * min(len(piece), 65_536) else _likeliest(telling)
    if name is None:
        raise SourceUnreadable(
            f"{address} is not text in UTF-8 or any encoding known here. Check what it really is, or name its encoding."
        )
    return Encoding(
        name, f"The file is not UTF-8; its accented letters were read as {name}, which is a guess: check some names."
    )


def _likeliest(telling: bytes) -> str | None:
    try:
        if not _NOT_WESTERN.search(telling.decode("cp1252")):
            return "cp1252"
    except UnicodeDecodeError:
        pass  # five bytes mean nothing in Windows-1252, so the text is in another encoding
    best = from_bytes(telling, cp_isolation=_CANDIDATES).best()
    return None if best is None else best.encoding


def readable_bytes(stream: BinaryIO | pa.NativeFile, encoding: str) -> BinaryIO | pa.NativeFile:
    """``stream`` as UTF-8 bytes."""
    if encoding.replace("_", "-").lower() in ("utf-8", "utf8", "ascii"):
        return stream
    return pa.transcoding_input_stream(stream, encoding, "utf-8")
