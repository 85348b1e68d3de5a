"""What is measured about an anonymised table, counted anew from what it says rather than from what was searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.anonymiser import Anonymised
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.records import Evidence, Finding, Question, Role, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray


def evidence_on(done: Anonymised, *, title: str, source: str) -> Evidence:
    """Findings about what leaves: whether the models hold, how likely anybody is found again, what was lost.

    title, source : for the page: what it is, and where it came from.
    """
    question = done.question
    after, kept = done.recoding.classes(question.tuples, question.hierarchies)
    before = as_it_is(done)
    persons = after.persons() if done.joint is None else _of_all_sites(done, after, kept)
    average, rows, left = _average(after, persons), question.tuples.rows, len(done.table)
    findings = (
        _privacy("rows_against_models", "Rows that a model does not accept", _against(done, after, persons), left),
        _privacy("identifiers_left", "Columns that name a person directly", _identifiers(done), left),
        _privacy("smallest_class", "Persons in the smallest class", float(persons.min()), left, better="higher"),
        _privacy("highest_prosecutor_risk", "Highest chance to find a known person again", 1 / persons.min(), left),
        _privacy("average_prosecutor_risk", "Average chance to find a known person again", average, left),
        _privacy("unique_persons", "Share of persons who stand alone", _alone(persons), left),
        Finding("rows_left_out", Question.UTILITY, "Share of rows left out", Score(1 - left / rows, n=rows), "lower"),
        Finding(
            "information_loss", Question.UTILITY, "Loss of exactness, from 0 (none) to 1 (all)",
            Score(done.recoding.loss, n=rows), "lower",
        ),
        _gap(done.recoding, rows),
    )  # fmt: skip
    facts = {
        "title": title,
        "source": source,
        "rows_real": rows,
        "rows_released": left,
        "persons_real": _number_of_persons(question.tuples.persons, rows),
        "quasi_identifiers": [one.column for one in question.hierarchies],
        "models": [str(model) for model in done.recipe.models],
        "nodes_counted": done.recoding.checks,
        "before": {
            "smallest_class": int(before.persons().min()),
            "average_prosecutor_risk": _average(before, before.persons()),
            "unique_persons": _alone(before.persons()),
        },
    }
    return Evidence(facts, findings)


def _gap(recoding: Recoding, rows: int) -> Finding:
    title = "Loss above the least that is possible"
    if recoding.loss > 0 and recoding.bound == 0:
        return Finding("gap_to_optimum", Question.UTILITY, title, None, "lower",
                       reason="Nothing is known of the least: the search was not for it.")  # fmt: skip
    return Finding(
        "gap_to_optimum", Question.UTILITY, title, Score(max(recoding.loss - recoding.bound, 0.0), n=rows), "lower"
    )


def as_it_is(done: Anonymised) -> Classes:
    """The classes of the table before anything was done to it."""
    tuples = done.question.tuples.with_rows()
    _, of_tuple = np.unique(tuples.codes, axis=0, return_inverse=True)
    return Classes.of(of_tuple.reshape(-1), tuples)


def _of_all_sites(done: Anonymised, classes: Classes, kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """(c,) persons of all hospitals together in each class, as the joint answer tells them; 0 where it does not."""
    assert done.joint is not None  # noqa: S101 - asked before
    shown = done.joint["classes"]
    names = [one.column for one in done.question.hierarchies]
    counts = dict(zip(zip(*(shown[name] for name in names), strict=True), map(int, shown["persons"]), strict=True))
    told = done.recoding.told(done.question.tuples, done.question.hierarchies)
    _, first = np.unique(classes.of_tuple, return_index=True)
    keys = zip(*([texts[code] for code in codes[kept[first]]] for codes, texts in told), strict=True)
    return np.array([counts.get(key, 0) for key in keys], dtype=np.int64)


def _against(done: Anonymised, classes: Classes, persons: NDArray[np.int64]) -> int:
    """Rows that a class model refuses, or all where a model of the release does not hold."""
    if done.joint is not None:
        asked = max((model.k for model in done.question.classes if isinstance(model, KAnonymity)), default=0)
        return int(classes.rows[persons < asked].sum())
    fails = np.zeros(len(classes), dtype=np.bool_)
    for model in done.question.classes:
        fails |= model.fails(classes)
    if all(model.holds(classes.persons()) for model in done.question.release):
        return int(classes.rows[fails].sum())
    return int(classes.rows.sum())


def _identifiers(done: Anonymised) -> int:
    pseudonyms = {use.name for use in done.recipe.with_use("pseudonym", "reversible_pseudonym")}
    direct = (Role.DIRECT_IDENTIFIER, Role.PERSON_KEY)
    return sum(
        one.name not in pseudonyms for one in done.table.schema.columns if any(one.has_role(role) for role in direct)
    )


def _privacy(name: str, title: str, value: float, n: int, *, better: str = "lower") -> Finding:
    return Finding(name, Question.PRIVACY, title, Score(float(value), n=n), better)


def _average(classes: Classes, persons: NDArray[np.int64]) -> float:
    """Mean over the persons who leave of one over how many show the same."""
    return float((classes.persons() / persons).sum() / classes.persons().sum())


def _alone(persons: NDArray[np.int64]) -> float:
    return float((persons == 1).sum() / persons.sum())


def _number_of_persons(persons: NDArray[np.int64] | None, rows: int) -> int:
    return rows if persons is None else len(np.unique(persons))
