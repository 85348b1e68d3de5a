"""Where a local socket lies: in a folder that only its owner may enter, at a path that the kernel takes."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from cohortium.errors import InvalidRequest

LONGEST = 100
"""Bytes; the kernel takes at most 107 for the path of a local socket."""


def socket_path(folder: Path, name: str) -> Path:
    """The socket ``name`` in ``folder/run``; where that path is too long, in a folder of this account's for short ones.

    Raises : InvalidRequest where that folder belongs to somebody else, or others may enter it.
    """
    run = folder / "run"
    run.mkdir(parents=True, exist_ok=True)
    run.chmod(0o700)
    path = run / name
    if len(os.fsencode(path)) <= LONGEST:
        return path
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return _own_folder() / f"{digest}-{name}"


def _own_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"cohortium-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise InvalidRequest(
            f"A folder that only this account may enter was expected at {folder}. Remove what lies there, or choose a "
            "home with a shorter path."
        )
    return folder
