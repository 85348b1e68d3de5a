"""What the commands of ``cohortium node`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

node_app = typer.Typer(help="Run a hospital's node, and decide what runs there.", no_args_is_help=True)
NodeHomeOption = Annotated[Path, typer.Option("--home", help="The node's folder.")]
NODE = Path("node")


def node_store(home: Path) -> Any:
    """The memory of the node in ``home``."""
    import cohortium.federate.offered  # noqa: F401 - a study that was offered cannot be read without its algorithms
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.store import NodeStore

    return NodeStore(open_node(home).database)
