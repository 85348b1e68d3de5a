"""The folder of a hub: what lies where in it, and how it is made."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.federate.engine.certificates import SERVER_NAME, Authority, new_key, pem, signing_request
from cohortium.federate.engine.local_socket import socket_path


@dataclass(frozen=True, slots=True)
class HubHome:
    """Paths of one hub, and where it listens.

    host     : name or address that nodes and researchers reach it at; loopback unless told otherwise.
    port     : of FLARE, for nodes. api_port : of the hub's own service, for enrolment and researchers.
    """

    folder: Path
    federation: str
    host: str
    port: int
    api_port: int

    @property
    def key(self) -> Path:
        """The hub's private key."""
        return self.folder / "hub.key"

    @property
    def certificate(self) -> Path:
        """The hub's certificate."""
        return self.folder / "hub.crt"

    @property
    def authority(self) -> Path:
        """Folder of the certificate authority."""
        return self.folder / "authority"

    @property
    def database(self) -> Path:
        """Studies, runs, checkpoints, results."""
        return self.folder / "hub.db"

    @property
    def kit(self) -> Path:
        """FLARE's folder; made anew at every start."""
        return self.folder / "flare"

    @property
    def logs(self) -> Path:
        """Where FLARE's output is kept."""
        return self.folder / "log"

    @property
    def socket(self) -> Path:
        """Where the relay in FLARE's server listens for us."""
        return socket_path(self.folder, "relay.sock")

    @property
    def lock(self) -> Path:
        """Held by the one process that serves this folder."""
        return self.folder / "run" / "lock"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine may reach it."""
        return self.host in ("localhost", "127.0.0.1", "::1")

    @property
    def url(self) -> str:
        """Address of the hub's own service."""
        return f"https://{self.host}:{self.api_port}"


def make_hub(folder: Path, federation: str, host: str, port: int, api_port: int) -> HubHome:
    """A new hub: its authority, its key and certificate, its settings.

    Raises : TargetUnwritable where there is one already.
    """
    folder = folder.resolve()
    if (folder / "hub.toml").exists():
        raise TargetUnwritable(f"There is a hub in {folder} already.")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    home = HubHome(folder, federation, host, port, api_port)
    authority = Authority.make(home.authority, federation)
    request = signing_request(new_key(home.key), SERVER_NAME)
    hosts = tuple(dict.fromkeys((host, SERVER_NAME, "localhost", "127.0.0.1")))
    home.certificate.write_bytes(pem(authority.sign(request, SERVER_NAME, hosts)))
    document = tomlkit.document()
    for name in ("federation", "host", "port", "api_port"):
        document[name] = getattr(home, name)
    (folder / "hub.toml").write_text(tomlkit.dumps(document), "utf-8")
    return home


def open_hub(folder: Path) -> HubHome:
    """The hub in ``folder``; raises InvalidRequest where there is none."""
    folder = folder.resolve()
    path = folder / "hub.toml"
    if not path.exists():
        raise InvalidRequest(f"There is no hub in {folder}. Make one: cohortium hub init --home {folder}")
    try:
        return HubHome(folder, **tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error
