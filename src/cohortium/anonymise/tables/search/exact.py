"""The release that loses least, with the proof that none loses less."""

from __future__ import annotations

from cohortium.anonymise.tables.lattice import MOST_NODES
from cohortium.anonymise.tables.search.best_first import BestFirst
from cohortium.anonymise.tables.search.pairs import rule_out_by_pairs
from cohortium.anonymise.tables.search.question import Answer, Checker, Progress, Question, unwatched
from cohortium.errors import InvalidRequest


def search_exactly(question: Question, *, progress: Progress = unwatched) -> Answer:
    """The least loss that the question allows, as an ``Answer`` that ``is_optimal``.

    Raises : InvalidRequest where the lattice is too large for a bound per node; NotApplicable where the question
             allows no release at all.
    Source : see ``best_first``.
    """
    size = question.lattice.size
    if size > MOST_NODES:
        raise InvalidRequest(
            f"The {len(question.hierarchies)} columns have {size:,} combinations of levels; an exact search covers "
            f"{MOST_NODES:,}. Search with a limit of time instead, or fix some levels."
        )
    checker = Checker(question)
    walk = BestFirst(question.lattice, checker.loss.generalised, checker.check, progress)
    rule_out_by_pairs(question, walk.bounds)
    return walk.run()
