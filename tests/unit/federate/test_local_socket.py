"""Local sockets: only their owner reaches them, however deep the folder lies."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

import pytest

from cohortium.errors import InvalidRequest
from cohortium.federate.engine.local_socket import LONGEST, socket_path


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        return path.is_socket()


def test_a_short_path_lies_in_the_home(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as short:
        path = socket_path(Path(short), "desk.sock")
        assert path.parent == Path(short) / "run"
        assert path.parent.stat().st_mode & 0o077 == 0
        assert _listens(path)


def test_a_deep_home_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        deep = tmp_path / ("d" * LONGEST)
        path = socket_path(deep, "desk.sock")
        assert path == socket_path(deep, "desk.sock") != socket_path(tmp_path / ("e" * LONGEST), "desk.sock")
        assert path.parent.stat().st_mode & 0o077 == 0
        assert _listens(path)


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        made = socket_path(tmp_path / ("d" * LONGEST), "desk.sock").parent
        made.chmod(0o777)
        with pytest.raises(InvalidRequest, match="only this account"):
            socket_path(tmp_path / ("d" * LONGEST), "desk.sock")
