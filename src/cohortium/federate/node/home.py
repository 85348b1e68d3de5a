"""The folder of a node: what lies where in it. Imported by the supervisor, so it stays light."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from cohortium.errors import InvalidRequest
from cohortium.federate.engine.local_socket import socket_path


@dataclass(frozen=True, slots=True)
class NodeHome:
    """Paths of one node, and who it is.

    site        : its name, as the hub invited it.
    hub         : ``host:port`` that it connects to.
    server_name : name in the hub's certificate.
    """

    folder: Path
    site: str
    hub: str
    server_name: str

    @property
    def key(self) -> Path:
        """The node's private key, made here; it never leaves."""
        return self.folder / "site.key"

    @property
    def certificate(self) -> Path:
        """The node's certificate, signed by the hub's authority."""
        return self.folder / "site.crt"

    @property
    def authority(self) -> Path:
        """The certificate of the hub's authority."""
        return self.folder / "authority.crt"

    @property
    def database(self) -> Path:
        """Approvals, rules, and what left."""
        return self.folder / "node.db"

    @property
    def kit(self) -> Path:
        """FLARE's folder; made anew at every start."""
        return self.folder / "flare"

    @property
    def logs(self) -> Path:
        """Where the processes' output is kept."""
        return self.folder / "log"

    @property
    def socket(self) -> Path:
        """Where the worker listens."""
        return socket_path(self.folder, "desk.sock")

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this folder."""
        return self.folder / "run" / "lock"


def open_node(folder: Path) -> NodeHome:
    """The node in ``folder``; raises InvalidRequest where none was enrolled there."""
    folder = folder.resolve()
    path = folder / "node.toml"
    if not path.exists():
        raise InvalidRequest(f"There is no node in {folder}. Enrol one: cohortium node enrol TOKEN --home {folder}")
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
        return NodeHome(folder, plain["site"], plain["hub"], plain["server_name"])
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error
