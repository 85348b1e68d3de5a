"""``cohortium ledger``: read the ledger of a hub or node, hand it on, and check one that was handed on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.options import REFUSED, AsJson, Out, show

if TYPE_CHECKING:
    from cohortium.govern.ledger.book import Ledger

ledger_app = typer.Typer(no_args_is_help=True, help="The tamper-evident record of a hub, a node or your own releases.")
Home = Annotated[
    Path | None, typer.Option(help="Folder of the hub or node. Default: the workspace of what you released yourself.")
]
KEYS, CHECKPOINTS = "keys.txt", ("checkpoint", "checkpoint.witnessed")


@ledger_app.command("show")
def ledger_show(
    home: Home = None,
    last: Annotated[int, typer.Option(min=0, help="How many events are shown.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Its size, who watches it, its key for others, and the last events."""
    from cohortium.govern.ledger.checkpoint import Checkpoint

    ledger = ledger_at(home)
    size = ledger.recorder.settle()
    witnessed = Checkpoint.of(ledger.note()).size
    words = {name: _day(time) for name, time in sorted(ledger.words().items())}
    events = _events(ledger, max(0, size - last))
    show(
        {
            "name": ledger.name,
            "entries": size,
            "key": str(ledger.log.key),
            "witness_key": str(ledger.witness.key),
            "witnessed_entries": witnessed,
            "witnesses": words,
            "events": events,
            "lines": [
                f"Ledger '{ledger.name}': {size:,} events.",
                f"Its first {witnessed:,} were seen by {_listed(words)}." if words else "Nobody has watched it yet.",
                f"Key of the ledger:  {ledger.log.key}",
                f"Key as a witness:   {ledger.witness.key}",
                *(f"{one['place']:>7,}  {one['at']}  {one['event']}  {_details(one)}" for one in events),
            ],
        },
        as_json,
    )


@ledger_app.command("export")
def ledger_export(out: Out, home: Home = None, as_json: AsJson = False) -> None:
    """A copy for an authority or another hospital: checkpoints, tiles, and the keys that were seen."""
    from cohortium.govern.ledger.tiles import published
    from cohortium.privacy.released_folder import unfinished_folder

    ledger = ledger_at(home)
    size = ledger.recorder.settle()
    keys = [ledger.log.key, ledger.witness.key, *ledger.witness.known_keys()]
    with unfinished_folder(out) as (unfinished, place):
        for name in sorted(path.relative_to(ledger.log.folder).as_posix() for path in ledger.log.folder.rglob("*")):
            data = published(ledger.log.folder, name)
            if data is not None:
                (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
                (unfinished / name).write_bytes(data)
        said = "# As this institution has seen them; compare with their owners before you trust them.\n"
        (unfinished / KEYS).write_text(said + "".join(f"{key}\n" for key in keys), "utf-8")
    show({"entries": size, "folder": str(place), "lines": [f"{size:,} events, with keys to compare: {place}"]}, as_json)


@ledger_app.command("check")
def ledger_check(
    folder: Annotated[Path, typer.Argument(help="Folder with a checkpoint and tiles, as 'export' makes it.")],
    keys: Annotated[
        Path | None,
        typer.Option(help="Keys that you know from elsewhere, a line each. Default: those beside the ledger."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a ledger offline: every entry, every hash, the owner's signature and the witnesses' words."""
    from cohortium.govern.ledger.checking import check_log
    from cohortium.serve.verify import trusted_in

    path = keys or (folder / KEYS if (folder / KEYS).exists() else None)
    checks = check_log(folder, trusted_in(path).keys)
    wrong = [one.name for one in checks if one.holds is False]
    signs = {True: "holds", False: "DOES NOT HOLD", None: "not checked"}
    show(
        {
            "holds": not wrong,
            "checks": [{"name": one.name, "holds": one.holds, "said": one.said} for one in checks],
            "lines": [f"{one.name:<10} {signs[one.holds]:<13}  {one.said}" for one in checks],
        },
        as_json,
    )
    if wrong:
        raise typer.Exit(REFUSED)


def ledger_at(home: Path | None) -> Ledger:
    """The ledger of the hub or node in a folder, or of the workspace; raises InvalidRequest where there is none."""
    if home is None:
        from cohortium.errors import InvalidRequest
        from cohortium.serve.proof import ledger_of
        from cohortium.serve.workspace import Workspace

        workspace = Workspace().folder
        if not (workspace / "ledger").exists():
            raise InvalidRequest(f"Nothing was released from {workspace} yet; name a hub or node by --home.")
        return ledger_of(workspace)
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.store import HubStore
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.store import NodeStore
    from cohortium.govern.ledger.book import Ledger

    if (home / "hub.toml").exists():
        hub = open_hub(home)
        return Ledger(hub.folder, f"hub/{hub.federation}", HubStore(hub.database).database)
    node = open_node(home)
    return Ledger(node.folder, f"node/{node.site}", NodeStore(node.database).database)


def _events(ledger: Ledger, first: int) -> list[dict[str, Any]]:
    from cohortium.govern.ledger.canonical import parsed

    return [{"place": first + at, **parsed(entry)} for at, entry in enumerate(ledger.log.tiles().entries(first))]


def _details(event: dict[str, Any]) -> str:
    told = {
        name: value for name, value in event.items() if name not in ("place", "at", "event") and value not in ("", [])
    }
    return ", ".join(f"{name}: {_short(value)}" for name, value in told.items())


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 and text.isalnum() else text


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


def _listed(words: dict[str, str]) -> str:
    return ", ".join(f"{name.removesuffix('/witness')} ({at})" for name, at in words.items())
