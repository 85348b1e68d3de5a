"""Flower's side of ``federated_averaging``; runs in Flower's environment.

A node makes one step on all rows of its file, or sends a large array there and back.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

node = ClientApp()
hub = ServerApp()


@node.train()
def step(message: Message, context: Context) -> Message:
    """The weights after a step on this node's rows."""
    (weights,) = message.content["arrays"].to_numpy_ndarrays()
    count = 1
    if float(context.run_config["rate"]) == 0.0:
        moved = weights + 1.0
    else:
        rows = np.loadtxt(str(context.node_config["path"]), delimiter=",", skiprows=1)
        X, y, count = np.column_stack([rows[:, :-1], np.ones(len(rows))]), rows[:, -1], len(rows)
        chances = 1.0 / (1.0 + np.exp(-X @ weights))
        moved = weights - float(context.run_config["rate"]) * X.T @ (chances - y) / count
    arrays, metrics = ArrayRecord({"weights": Array(moved)}), MetricRecord({"num-examples": count})
    return Message(RecordDict({"arrays": arrays, "metrics": metrics}), reply_to=message)


@hub.main()
def average(grid: Grid, context: Context) -> None:
    """So many rounds; a line of JSON after the last, with the seconds that they took and the first weights."""
    settings = context.run_config
    start = np.zeros(int(settings["weights"]))
    while len(list(grid.get_node_ids())) < int(settings["sites"]):
        time.sleep(0.1)
    started = time.monotonic()
    strategy = FedAvg(
        fraction_evaluate=0.0, min_train_nodes=int(settings["sites"]), min_available_nodes=int(settings["sites"])
    )
    result = strategy.start(grid, ArrayRecord({"weights": Array(start)}), num_rounds=int(settings["rounds"]))
    (weights,) = result.arrays.to_numpy_ndarrays()
    line = {"seconds": time.monotonic() - started, "weights": [float(value) for value in weights[:20]]}
    Path(str(settings["out"])).write_text(json.dumps(line) + "\n", encoding="utf-8")
