"""``cohortium verify``: does a receipt hold? Offline, without an account, on anybody's machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.options import REFUSED, AsJson, show

if TYPE_CHECKING:
    from cohortium.govern.receipts import Check, Trusted

_SIGNS = {True: "holds", False: "DOES NOT HOLD", None: "not checked"}


def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt of a result (receipt.json).")],
    files: Annotated[
        Path | None, typer.Option(help="Folder of the results. Default: the receipt's, where they lie there.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Folder of the ledger: its checkpoint and tiles.")] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="Keys that you know from elsewhere: a line each, name+id+key, or 'permit NAME HEX'."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a receipt: the result, the permit and the ledger are what they were when it was released."""
    from cohortium.errors import SourceUnreadable
    from cohortium.govern.receipts import verify_receipt

    try:
        text = receipt.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The receipt {receipt} cannot be read: {type(error).__name__}.") from error
    checks = verify_receipt(text, files=files or receipt.parent, log=log, trusted=trusted_in(keys))
    show(_told(receipt, checks), as_json)
    if any(one.holds is False for one in checks):
        raise typer.Exit(REFUSED)


def _told(receipt: Path, checks: tuple[Check, ...]) -> dict[str, Any]:
    wrong = [one.name for one in checks if one.holds is False]
    width = max(len(one.name) for one in checks)
    lines = [f"{one.name:<{width}}  {_SIGNS[one.holds]:<13}  {one.said}" for one in checks]
    verdict = f"{receipt.name} DOES NOT HOLD: {', '.join(wrong)}." if wrong else f"{receipt.name} holds."
    return {
        "holds": not wrong,
        "checks": [{"name": one.name, "holds": one.holds, "said": one.said} for one in checks],
        "lines": [*lines, verdict],
    }


def trusted_in(path: Path | None) -> Trusted:
    """The keys in a file; raises InvalidRequest, SourceUnreadable."""
    from cohortium.errors import InvalidRequest, SourceUnreadable
    from cohortium.govern.ledger.signed_note import NoteKey
    from cohortium.govern.receipts import Trusted

    if path is None:
        return Trusted()
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The file of keys {path} cannot be read: {type(error).__name__}.") from error
    notes, permits = [], {}
    for line in lines:
        if line.startswith("permit "):
            try:
                _, name, key = line.split()
                permits[name] = bytes.fromhex(key)
            except ValueError as error:
                raise InvalidRequest(f"{path}: a key of permits is a line 'permit NAME HEX'.") from error
        elif line and not line.startswith("#"):
            notes.append(NoteKey.parse(line))
    return Trusted(tuple(notes), permits)
