"""Files that hold a secret: for their owner alone, whole or not there at all, never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from cohortium.errors import TargetUnwritable


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read (0600).

    Raises : TargetUnwritable where it exists or cannot be made, or the disk is full.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise TargetUnwritable(f"{path} exists; a private key is never overwritten.") from error
    except OSError as error:
        raise TargetUnwritable(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        path.unlink()
        raise TargetUnwritable(f"{path} cannot be written: {error.strerror}.") from error
