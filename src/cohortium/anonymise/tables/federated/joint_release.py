"""One hospital's part of a joint release: its rows at the levels that were found, without those that too few share."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.information_loss import InformationLoss
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.search import Question
from cohortium.errors import InvalidRequest, SourceUnreadable

Tables = Mapping[str, Mapping[str, Sequence[Any]]]


def joint_recoding(question: Question, answer: Tables) -> Recoding:
    """The recoding of one site's table that the answer of ``joint_anonymity`` asks for.

    question : over the site's own table, with the columns and hierarchies of the study.
    answer   : the tables "levels" and "classes" of the answer.
    Raises   : InvalidRequest where the answer is about other columns, or other hierarchies.
    Reveals  : in the rows that leave, only combinations that k persons of all sites together share.
    """
    node = _node(question.hierarchies, answer["levels"])
    tuples = question.tuples
    kept = set(zip(*(answer["classes"][one.column] for one in question.hierarchies), strict=True))
    told = [
        [one.labels[level][group] for group in one.groups[level][tuples.codes[:, place]]]
        for place, (one, level) in enumerate(zip(question.hierarchies, node, strict=True))
    ]
    left_out = np.array([combination not in kept for combination in zip(*told, strict=True)], dtype=np.bool_)
    loss = InformationLoss.of(tuples, question.hierarchies, question.weights)
    levels = np.broadcast_to(np.array(node, dtype=np.int8), tuples.codes.shape)
    return Recoding(levels, left_out, loss.of_release(np.array(node), tuples, left_out))


def read_joint_answer(levels: Path) -> Tables:
    """The tables of a joint answer as a study writes them: NAME-levels.csv, and NAME-classes.csv beside it.

    Raises : SourceUnreadable.
    """
    name = levels.name.removesuffix("-levels.csv")
    return {"levels": _read(levels), "classes": _read(levels.with_name(f"{name}-classes.csv"))}


def _read(path: Path) -> dict[str, list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"{path} cannot be read: {type(error).__name__}. Name the file NAME-levels.csv of the study's results, "
            "with NAME-classes.csv beside it."
        ) from error
    if not rows:
        raise SourceUnreadable(f"{path} is empty; a table of the study's results was expected.")
    return {column: [row[place] for row in rows[1:]] for place, column in enumerate(rows[0])}


def _node(hierarchies: Sequence[Hierarchy], told: Mapping[str, Sequence[Any]]) -> tuple[int, ...]:
    depths = {
        name: (int(level), int(levels))
        for name, level, levels in zip(told["column"], told["level"], told["levels"], strict=True)
    }
    names = [one.column for one in hierarchies]
    if sorted(depths) != sorted(names):
        raise InvalidRequest(
            f"The joint answer is about {sorted(depths)}, the recipe about {sorted(names)}; use the same."
        )
    other = [one.column for one in hierarchies if depths[one.column][1] != one.levels]
    if other:
        raise InvalidRequest(f"The hierarchies of {other} have another number of levels than those of the study.")
    return tuple(depths[name][0] for name in names)
