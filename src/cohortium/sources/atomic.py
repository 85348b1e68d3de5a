"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cohortium.errors import TargetUnwritable


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A temporary file in the folder of ``target`` that takes its name when the block ends well, and is gone if not.

    Raises : TargetUnwritable where the folder is missing, read-only or full.
    """
    if target.is_dir():
        raise TargetUnwritable(f"{target} is a folder; the name of a file was expected.")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".unfinished")
    except OSError as error:
        raise TargetUnwritable(f"Nothing can be written in {target.parent}: {error.strerror}.") from error
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(target)
    except OSError as error:
        raise TargetUnwritable(
            f"{target} could not be written: {error.strerror or type(error).__name__}. Nothing was left behind; "
            "make room or choose another folder, and run it again."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    # The mask can only be read by setting it; files from mkstemp are otherwise closed to the owner's group.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
