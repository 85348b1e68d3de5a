"""The hub as ``cohortium hub start`` runs it: with the pages for people, where their packages are installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cohortium.federate.hub.serve import Running, main

if TYPE_CHECKING:
    from cohortium.govern.accounts import Accounts

ROOT = "/web"
DATABASE = "govern.db"


def is_possible() -> bool:
    """Whether the packages of the extra 'govern' are installed."""
    return all(find_spec(name) for name in ("argon2", "pyotp", "sqlalchemy"))


def accounts_of(home: Path) -> Accounts:
    """The accounts of a hub; what happens to them is entered into its ledger."""
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.store import HubStore
    from cohortium.govern.accounts import Accounts
    from cohortium.govern.store import Store

    store = HubStore(open_hub(home).database)
    return Accounts(Store(home / DATABASE), events=lambda what, detail: store.enter(what, dict(detail)))


def add_web(running: Running) -> None:
    """Put the pages under ``/web`` of the hub's service."""
    if not is_possible():
        return
    from cohortium.serve.web.hub_pages import Hub
    from cohortium.serve.web.hub_web import hub_web

    hub = Hub(
        running.home.federation,
        ROOT,
        running.store,
        running.register,
        running.ledger,
        accounts_of(running.home.folder),
        running.channel,
        running.invitations,
    )
    running.app.mount(ROOT, hub_web(hub))


if __name__ == "__main__":
    main(add_web)
