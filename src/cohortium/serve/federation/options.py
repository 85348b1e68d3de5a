"""What the commands of hub, node and study share."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.errors import MissingExtra

out = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")]


def needs_federation() -> None:
    """Raises MissingExtra where the packages of the federation are not installed."""
    try:
        import cryptography  # noqa: F401
        import fastapi  # noqa: F401
        import nvflare  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            f"The federation needs the package '{error.name}'. Install it: pip install 'cohortium[federation]'"
        ) from error


def unit(what: str, folder: Path) -> str:
    """A systemd unit: only its own folder is writable, and it comes back after a crash."""
    program = Path(sys.executable).with_name("cohortium")
    return f"""[Unit]
Description=Cohortium {what} in {folder}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={program} {what} start --home {folder}
User={getpass.getuser()}
Restart=always
RestartSec=5
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths={folder}
KillMode=mixed
TimeoutStopSec=20

[Install]
WantedBy=multi-user.target
"""


def quote(folder: Path) -> str:
    """The folder as it is typed in a shell."""
    return shlex.quote(str(folder))


def become(module: str, folder: Path) -> None:
    """Go on as another program in this very process, without what the command line has imported."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, str(folder)])  # noqa: S606 - our own module


def print_runs(runs: list[dict[str, Any]], otherwise: str) -> None:
    """The runs of a hub as a table; ``otherwise`` where there is none."""
    grid = Grid("run", "study", "status", "")
    for run in runs:
        grid.add_row(run["run"], escape(run["title"]), run["status"], escape(run["said"]))
    out.print(grid if runs else otherwise)
