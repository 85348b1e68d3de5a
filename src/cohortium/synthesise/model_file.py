"""A fitted model as a file: a zip archive of JSON and NumPy arrays that runs no code when it is opened.

Layout, version 1::

    model.json        {"format": "cohortium model", "version": 1, "method", "schema", "facts", "arrays": [names]}
    arrays/<name>.npy one array each, NumPy's format without objects
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.errors import SourceUnreadable, TargetUnwritable
from cohortium.records import schema_from_plain, schema_to_plain
from cohortium.registry import find
from cohortium.synthesise.protocol import Fitted, Parts

FORMAT = "cohortium model"
VERSION = 1


def save_model(fitted: Fitted, path: Path, *, facts: dict[str, Any] | None = None) -> Path:
    """Write ``fitted`` to ``path``, whole or not at all; ``facts`` (JSON) are kept beside it for people.

    Raises : TargetUnwritable.
    """
    parts = fitted.parts()
    document = {
        "format": FORMAT,
        "version": VERSION,
        "method": fitted.method,
        "schema": schema_to_plain(fitted.schema),
        "facts": facts or {},
        "model": parts.facts,
        "arrays": sorted(parts.arrays),
    }
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("model.json", json.dumps(document, allow_nan=False))
            for name, array in sorted(parts.arrays.items()):
                buffer = io.BytesIO()
                np.save(buffer, array, allow_pickle=False)
                archive.writestr(f"arrays/{name}.npy", buffer.getvalue())
        unfinished.replace(path)
    except OSError as error:
        raise TargetUnwritable(f"The model could not be written to {path}: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def load_model(path: Path) -> tuple[Fitted, dict[str, Any]]:
    """The model at ``path`` and the facts that were kept beside it.

    Raises : SourceUnreadable where the file is not a whole model of a version that this release reads.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("model.json"))
            if document.get("format") != FORMAT or document.get("version") != VERSION:
                raise SourceUnreadable(f"{path} is not a Cohortium model of version {VERSION}.")
            arrays = {
                name: np.load(io.BytesIO(archive.read(f"arrays/{name}.npy")), allow_pickle=False)
                for name in document["arrays"]
            }
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise SourceUnreadable(f"{path} is not a whole Cohortium model: {type(error).__name__}.") from error
    schema = schema_from_plain(document["schema"])
    reads: type[Fitted] = find("model", document["method"]).thing
    return reads.from_parts(schema, Parts(document["model"], arrays)), document["facts"]
