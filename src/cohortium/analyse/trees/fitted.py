"""Fitted trees as a result: their nodes, what each feature brought, and what they foretell for other records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.agreed_bins import AgreedBins
from cohortium.analyse.trees.losses import sigmoid, softmax
from cohortium.analyse.trees.nodes import NODE_TYPES, tree_leaves
from cohortium.errors import InvalidRequest, SchemaMismatch
from cohortium.records import Result, State, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MEAN, SUM = "mean", "sum"
KEPT = (*NODE_TYPES, "value", "roots", "cuts")


def fitted_result(title: str, state: State, start: Reals, tables: dict[str, Any], facts: dict[str, Any]) -> Result:
    """The trees in ``state`` as a result.

    start  : (K,) scores before the first tree.
    tables : what else is told of them.
    facts  : ``answer``, how raw scores become answers; ``together``, whether trees are averaged or added; others.
    """
    arrays = {name: state.arrays[name] for name in KEPT} | {"start": start}
    if "times" in state.arrays:
        arrays |= {"times": state.arrays["times"], "hazard": state.arrays["hazard"]}
    names = [one[0] for one in state.facts["bins"]]
    training, held_out = state.facts["sizes"]
    kept = {"bins": state.facts["bins"], "classes": state.facts["classes"], "trees": len(arrays["roots"])}
    counts = {"rows": state.facts["rows"], "rows_training": training, "rows_held_out": held_out}
    tables = {"importance": importance(names, state.arrays)} | tables
    return Result(title, state.facts["persons"], tables, kept | counts | facts, arrays)


def predict(result: Result, table: Table) -> Reals:
    """What fitted trees foretell for the rows of ``table``; its levels need not be those of the training records.

    Returns : classes: chances (n, K) in the order of ``result.facts["classes"]``; a number or an expected count (n,);
              of a follow-up the logarithm of the relative hazard (n,).
    Raises  : InvalidRequest where ``result`` holds no trees; SchemaMismatch where ``table`` lacks a feature.
    """
    if "answer" not in result.facts or "roots" not in result.arrays:
        raise InvalidRequest(f"Trees that were fitted were expected; the result is '{result.title}'. Fit trees first.")
    fitted = AgreedBins.of(result.facts["bins"], result.arrays["cuts"])
    for column in fitted.columns:
        if column.name not in table.schema or table.schema[column.name].kind.is_nominal == (column.levels is None):
            expected = "a number" if column.levels is None else "nominal"
            raise SchemaMismatch(f"The trees expect a column '{column.name}' that is {expected}; the table has none.")
    bins = fitted.apply(table)
    answers = answered(scores_of(result.arrays, bins, result.facts["together"]), result.facts["answer"])
    return answers if answers.shape[1] > 1 else answers[:, 0]


def scores_of(arrays: dict[str, NDArray[Any]], bins: NDArray[np.uint8], together: str) -> Reals:
    """Raw scores (n, K) of rows by their bins."""
    start, trees = arrays["start"], len(arrays["roots"])
    scores = np.repeat(start[None, :], len(bins), axis=0)
    for tree in range(trees):
        add_tree(scores, arrays, bins, tree)
    return start + (scores - start) / max(trees, 1) if together == MEAN else scores


def add_tree(scores: Reals, arrays: dict[str, NDArray[Any]], bins: NDArray[np.uint8], tree: int) -> None:
    """Add what one tree answers to ``scores`` (n, K), in place."""
    value = arrays["value"][tree_leaves(arrays, bins, tree)]
    outputs = scores.shape[1]
    if value.shape[1] == outputs:
        scores += value
    else:
        scores[:, tree % outputs] += value[:, 0]


def answered(scores: Reals, answer: str) -> Reals:
    """Raw scores (n, K) as answers: "chance" of two classes, "chances" of several, "exp", "log", or "score" itself."""
    if answer == "chance":
        chance = sigmoid(scores)
        return np.concatenate([1 - chance, chance], axis=1)
    if answer == "chances":
        return softmax(scores)
    if answer == "log":
        return np.log(scores)
    return np.asarray(np.exp(scores)) if answer == "exp" else scores


def survival(result: Result, table: Table, times: Reals) -> Reals:
    """Chances (n, m) to be free of the event at each of the ``times`` (m,), by trees fitted to a follow-up.

    Raises : InvalidRequest where they were fitted to something else; SchemaMismatch where ``table`` lacks a feature.
    """
    if "hazard" not in result.arrays:
        raise InvalidRequest(f"'{result.title}' was not fitted to a follow-up; it tells no survival.")
    # A step function from the end of one interval to the end of the next: 0 before the first has ended.
    ended = np.searchsorted(result.arrays["times"], times, "right")
    baseline = np.concatenate([[0.0], result.arrays["hazard"]])[ended]
    return np.asarray(np.exp(-np.exp(predict(result, table))[:, None] * baseline))


def importance(names: list[str], arrays: dict[str, NDArray[Any]]) -> dict[str, list[Any]]:
    """How often each feature was split on, and its share of all gains, the largest first."""
    split = arrays["feature"] >= 0
    gains = np.bincount(arrays["feature"][split], arrays["gain"][split], len(names))
    splits = np.bincount(arrays["feature"][split], minlength=len(names))
    whole = float(gains.sum())
    order = np.lexsort((np.arange(len(names)), -gains))
    return {
        "feature": [names[place] for place in order],
        "splits": [int(splits[place]) for place in order],
        "gain": [float(gains[place]) for place in order],
        "share": [float(gains[place] / whole) if whole > 0 else None for place in order],
    }


def rules_of(state: State, start: Reals) -> dict[str, list[Any]]:
    """A single tree in words, a row for each node, each before its children; start : (K,) added to its answers."""
    bins, arrays = AgreedBins.of(state.facts["bins"], state.arrays["cuts"]), state.arrays
    outputs = [f"share[{one}]" for one in state.facts["classes"]] or ["answer"]
    columns = ("node", "depth", "where", "persons", "is_leaf", *outputs)
    table: dict[str, list[Any]] = {name: [] for name in columns}
    waiting = [(int(arrays["roots"][0]), "everybody")]
    while waiting:
        node, where = waiting.pop()
        is_leaf = bool(arrays["feature"][node] < 0)
        answers = [float(one) for one in start + arrays["value"][node]]
        row = (node, int(arrays["depth"][node]), where, int(arrays["persons"][node]), is_leaf, *answers)
        for name, value in zip(columns, row, strict=True):
            table[name].append(value)
        if not is_leaf:
            left, right = _words(bins, arrays, node)
            child = int(arrays["left"][node])
            waiting += [(child + 1, right), (child, left)]
    return table


def _words(bins: AgreedBins, arrays: dict[str, NDArray[Any]], node: int) -> tuple[str, str]:
    column, cut = bins.columns[arrays["feature"][node]], int(arrays["cut"][node])
    with_missing = [" or missing", ""] if arrays["missing_left"][node] else ["", " or missing"]
    if cut == 0:
        return f"{column.name} missing", f"{column.name} known"
    if column.levels is None:
        words = [f"{column.name} {sign} {column.cuts[cut - 1]:.6g}" for sign in ("<=", ">")]
    else:
        sides = [[lv for lv, own in zip(column.levels, column.cuts, strict=True) if own and (own <= cut) == low]
                 for low in (True, False)]  # fmt: skip
        words = [f"{column.name} in {', '.join(side)}" for side in sides]
    return words[0] + with_missing[0], words[1] + with_missing[1]
