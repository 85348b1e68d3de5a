"""Flower's side of ``federation_peers``: mean and count of one column over all nodes. Runs in Flower's environment."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

from flwr.app import Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp

node = ClientApp()
hub = ServerApp()


@node.query()
def add_up(message: Message, context: Context) -> Message:
    """Count and sum of the column in this node's file."""
    with Path(str(context.node_config["path"])).open(encoding="utf-8") as stream:
        values = [float(row[str(context.run_config["column"])]) for row in csv.DictReader(stream)]
    sums = MetricRecord({"count": float(len(values)), "sum": sum(values)})
    return Message(RecordDict({"sums": sums}), reply_to=message)


@hub.main()
def ask(grid: Grid, context: Context) -> None:
    """So many rounds of one question to every node; a line of JSON after each, with its seconds and the answer."""
    out, sites = Path(str(context.run_config["out"])), int(context.run_config["sites"])
    while len(nodes := list(grid.get_node_ids())) < sites:
        time.sleep(0.1)
    for number in range(int(context.run_config["rounds"])):
        started = time.monotonic()
        content = RecordDict({"asked": MetricRecord({"round": number})})
        replies = grid.send_and_receive([Message(content, dst_node_id=one, message_type="query") for one in nodes])
        sums = [reply.content["sums"] for reply in replies if reply.has_content()]
        count, total = (sum(float(one[name]) for one in sums) for name in ("count", "sum"))
        line = {"seconds": time.monotonic() - started, "count": count, "mean": total / count}
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
