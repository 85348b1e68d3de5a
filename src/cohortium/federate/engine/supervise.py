"""Child processes of a hub or node: started, watched, started again, and ended with their parent however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
GENTLE_S = 5.0
LONGEST_PAUSE_S = 30.0
KEPT_LOG_BYTES = 5_000_000


def _die_with_parent() -> None:
    """In the child, before its program starts: the kernel kills it when the parent is gone, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One program that should be running.

    command : what is run.
    log     : file that its output is appended to; begun anew at 5 MB, with one older file kept.
    """

    def __init__(self, name: str, command: list[str], log: Path, *, pass_fds: tuple[int, ...] = ()) -> None:
        self.name, self.command, self.log, self.pass_fds = name, command, log, pass_fds
        self.process: subprocess.Popen[bytes] | None = None
        self.pause_s = 0.5
        self.not_before = 0.0
        self.started_at = 0.0

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; must be called from the main thread, whose death the kernel takes for the parent's."""
        with self._output() as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads hold locks that it needs
                pass_fds=self.pass_fds,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"},
            )
        self.started_at = time.monotonic()

    def keep_running(self) -> None:
        """Start it where it does not run, with longer pauses the more often it ends at once."""
        now = time.monotonic()
        if self.is_running():
            if now - self.started_at > LONGEST_PAUSE_S:
                self.pause_s = 0.5
            return
        if now >= self.not_before:
            self.start()
            self.not_before = now + self.pause_s
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End it and everything that it started: gently, then not."""
        if self.process is None:
            return
        for number, patience_s in ((signal.SIGTERM, GENTLE_S), (signal.SIGKILL, GENTLE_S)):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
        self.process.poll()

    def _output(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > KEPT_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".older.log"))
        return self.log.open("ab")
