"""Folders of what was released: written beside their place, whole or not at all, with documents and digests."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cohortium.errors import TargetUnwritable
from cohortium.records import Evidence

Verdict = Literal["released", "refused", "released by override"]
SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided, and why.

    reasons : one sentence per rule that failed and keeps the release in.
    limits  : one sentence per rule that failed and only limits what the release is fit for.
    advice  : what would help.
    """

    verdict: Verdict
    policy: str
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    override_reason: str = ""

    @property
    def lets_out(self) -> bool:
        """Whether the release may leave."""
        return self.verdict != "refused"


Renderer = Callable[[Evidence, Decision], bytes]
"""Makes one document of what is known about a release and what was decided."""


def must_be_free(folder: Path) -> None:
    """Raises TargetUnwritable where ``folder`` is taken; long work asks beforehand rather than afterwards."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TargetUnwritable(f"{folder} exists and is not an empty folder. Choose another, or remove it first.")


@contextmanager
def unfinished_folder(
    folder: Path, *, replace_existing: bool = False, mode: int = 0o755
) -> Iterator[tuple[Path, Path]]:
    """An empty folder to write into, and where it lies once the block has ended without an error.

    mode   : who may enter it then; until then its owner alone.

    Raises : TargetUnwritable where the place is taken, or cannot be written; nothing is left then.
    """
    folder = folder.resolve()
    if not (replace_existing and folder.is_dir()):
        must_be_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".unfinished"))
    except OSError as error:
        raise TargetUnwritable(f"Nothing can be written in {folder.parent}: {error.strerror}.") from error
    try:
        yield unfinished, folder
        unfinished.chmod(mode)
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    except OSError as error:
        raise TargetUnwritable(
            f"{folder} could not be written: {error.strerror or type(error).__name__}. Nothing was left behind; "
            "make room or choose another folder, and run it again."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_documents(folder: Path, evidence: Evidence, decision: Decision, documents: Mapping[str, Renderer]) -> None:
    """Write the documents beside the files of a folder; they know the digests of these, and SHA256SUMS those of all."""
    digests = {name: _digest(path) for name, path in _files(folder)}
    told = replace(evidence, facts={**evidence.facts, "digests": digests})
    for name, render in documents.items():
        (folder / name).write_bytes(render(told, decision))
    (folder / SUMS).write_text("".join(f"{_digest(path)}  {name}\n" for name, path in _files(folder)), "utf-8")


def _files(folder: Path) -> list[tuple[str, Path]]:
    found = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return sorted(found)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
