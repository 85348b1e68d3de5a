"""Where records lie: a file or a database, and which source can read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cohortium import registry
from cohortium.errors import InvalidRequest, SourceUnreadable

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may need to be told.

    sheet      : sheet of a workbook.
    table      : table of a database.
    query      : SQL whose result is the table.
    dictionary : REDCap data dictionary (CSV) that explains the file.
    delimiter  : cell separator of a text file, where it is not to be found out.
    encoding   : encoding of a text file, where it is not to be found out.
    """

    sheet: str | None = None
    table: str | None = None
    query: str | None = None
    dictionary: str | Path | None = None
    delimiter: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.table is not None and self.query is not None:
            raise InvalidRequest("Both a table and a query were given; give one of them.")

    @property
    def part(self) -> str | None:
        """Name of the sheet or table that was asked for, if any."""
        return self.sheet or self.table


@dataclass(frozen=True, slots=True)
class Address:
    """A place that records are read from.

    text   : as given, with a password where it has one; never show it, show ``str(address)``.
    scheme : of a database server; empty for files.
    path   : of a file; None for servers.
    """

    text: str
    scheme: str
    path: Path | None

    @classmethod
    def of(cls, address: str | Path) -> Address:
        """The place that ``address`` names: a URL when it starts with a scheme and ``://``, else a file."""
        text = str(address)
        scheme = _SCHEME.match(text) if isinstance(address, str) else None
        if scheme is None:
            return cls(text, "", Path(text).expanduser())
        if scheme.group(1).lower() == "file":
            return cls(text, "", Path(urlsplit(text).path))
        return cls(text, scheme.group(1).lower(), None)

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        parts = urlsplit(self.text)
        return f"{self.scheme}://{parts.hostname or 'localhost'}{parts.path}"

    __repr__ = __str__

    @property
    def suffix(self) -> str:
        """Suffix that tells the format, without that of a compression: ``.csv`` for data.csv.gz."""
        if self.path is None:
            return ""
        suffixes = [suffix.lower() for suffix in self.path.suffixes]
        while suffixes and suffixes[-1] in COMPRESSIONS:
            suffixes.pop()
        return suffixes[-1] if suffixes else ""

    @property
    def file(self) -> Path:
        """The file, checked to be there and to hold something.

        Raises : SourceUnreadable where there is no such file, it is a folder, or it is empty.
        """
        if self.path is None:
            raise InvalidRequest(f"{self} is a server; a file was expected.")
        if self.path.is_dir():
            raise SourceUnreadable(f"{self} is a folder; a file was expected. Name one of the files in it.")
        if not self.path.exists():
            raise SourceUnreadable(f"There is no file {self}. Check the name and the folder.")
        if self.path.stat().st_size == 0:
            raise SourceUnreadable(f"{self} is empty (0 bytes); a table was expected. Export it once more.")
        return self.path


def source_for(address: Address, options: Options) -> registry.Entry:
    """The registered source that reads ``address``.

    Raises : InvalidRequest, listing what is known, where none does.
    """
    if options.dictionary is not None:
        return registry.find("source", "redcap")
    if address.path is not None:
        address.file  # noqa: B018 - a missing file or a folder has a message of its own
    for entry in registry.entries("source"):
        known = entry.facts["schemes"] if address.scheme else entry.facts["suffixes"]
        if (address.scheme or address.suffix) in known:
            return entry
    suffixes = [suffix for entry in registry.entries("source") for suffix in entry.facts["suffixes"]]
    schemes = [f"{scheme}://" for entry in registry.entries("source") for scheme in entry.facts["schemes"]]
    raise InvalidRequest(
        f"No source reads {address}. Known endings: {' '.join(suffixes)} (text also with .gz, .zst, .bz2); "
        f"known addresses: {' '.join(schemes)}. Rename the file, or export it as one of these."
    )


def folder_of(address: str | Path) -> Path:
    """The folder in which ``address`` and its schema lie, from which cells name image files."""
    return schema_path_for(address).parent


def schema_path_for(address: str | Path, options: Options | None = None) -> Path:
    """Where the editable schema of ``address`` lies: beside the file, or in the working folder for a server.

    A chosen sheet or table is part of the name, so that each has its own: ``trial.xlsx`` and sheet Visits give
    ``trial.xlsx.Visits.schema.toml``.
    """
    place = Address.of(address)
    part = options.part if options is not None else None
    if place.path is None:
        name = urlsplit(place.text).path.strip("/") or place.scheme
        folder = Path()
        found = re.search(r"[?&]table=([^&]+)", place.text)
        part = part or (found.group(1) if found else None)
    else:
        folder, name = place.path.parent, place.path.name
    pieces = [name] if part is None else [name, part]
    safe = ".".join(re.sub(r"[^\w.-]", "_", piece) for piece in pieces)
    return folder / f"{safe}.schema.toml"
