"""From a table and a recipe to a table that may be judged: the whole way, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.building import infer_hierarchies
from cohortium.anonymise.tables.coded import distinct_texts, persons_of, places
from cohortium.anonymise.tables.federated.joint_release import Tables, joint_recoding
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy, read_hierarchy
from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.local import search_locally
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.models.protocol import ClassModel, ReleaseModel
from cohortium.anonymise.tables.models.whole_column import WholeColumn, beside_whole
from cohortium.anonymise.tables.population import beside_population, read_population
from cohortium.anonymise.tables.recipe import INFER, ColumnUse, Recipe, Search
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.rewritten import rewritten
from cohortium.anonymise.tables.search import Question, search_anytime, search_exactly
from cohortium.anonymise.tables.search.question import Progress, unwatched
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import Role, Table


@dataclass(frozen=True, slots=True, eq=False)
class Anonymised:
    """A table that was anonymised, and how.

    table    : what may leave, if the gate lets it; its rows in an order of no meaning.
    question : what the search was asked.
    recoding : what it found.
    recipe   : the recipe that was followed.
    joint    : the answer over several hospitals that was followed, where there was one.
    """

    table: Table
    question: Question
    recoding: Recoding
    recipe: Recipe
    joint: Tables | None = None


def anonymise(
    table: Table,
    recipe: Recipe,
    *,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    keys: KeyRing | None = None,
    joint: Tables | None = None,
    progress: Progress = unwatched,
) -> Anonymised:
    """Follow ``recipe`` over ``table``.

    hierarchies : by column; those that are not given are read from the recipe's files, or inferred from the table.
    keys        : needed where the recipe makes pseudonyms or shifts dates.
    joint       : the answer of a study "joint_anonymity", which is followed in the place of a search.
    Raises      : InvalidRequest where the recipe names columns that the table lacks, or a hierarchy misses values;
                  TooFewRecords where a model asks for more persons than there are; NotApplicable where nothing could
                  leave.
    Reveals     : the loss and the levels depend on all rows; they leave only beside the table that they belong to.
    """
    _check_columns(table, recipe, keys)
    for step in recipe.transformations:
        progress(f"transforming: {step.name}", 0.0)
        table = step.apply(table)
    question = ask(table, recipe, hierarchies or {})
    if joint is None:
        _check_size(question)
        recoding = SEARCHES[recipe.search](question, recipe, progress)
    else:
        _check_joint(question)
        recoding = joint_recoding(question, joint)
    if recoding.left_out.all():
        raise NotApplicable(
            "Every row would have to be left out: no release with rows in it satisfies the models. Ask for a smaller "
            "k, or let fewer columns be quasi-identifiers."
        )
    progress("writing the table", 0.95)
    return Anonymised(rewritten(table, recipe, question, recoding, keys), question, recoding, recipe, joint)


def _exactly(question: Question, _recipe: Recipe, progress: Progress) -> Recoding:
    return Recoding.at_node(question, search_exactly(question, progress=progress))


def _in_time(question: Question, recipe: Recipe, progress: Progress) -> Recoding:
    return Recoding.at_node(question, search_anytime(question, seconds=recipe.seconds, progress=progress))


def _locally(question: Question, _recipe: Recipe, progress: Progress) -> Recoding:
    return search_locally(question, progress=progress)


SEARCHES: dict[Search, Callable[[Question, Recipe, Progress], Recoding]] = {
    "exact": _exactly, "anytime": _in_time, "local": _locally,
}  # fmt: skip
"""What a recipe's "search" means."""


def ask(table: Table, recipe: Recipe, hierarchies: Mapping[str, Hierarchy]) -> Question:
    """The question that a recipe asks of a table."""
    uses = recipe.with_use("quasi_identifier")
    levels = tuple(_hierarchy(table, use, recipe, hierarchies) for use in uses)
    watched = dict.fromkeys(name for one in recipe.models for name in one.sensitive)
    absent = [name for name in watched if name not in table.schema]
    if absent:
        raise InvalidRequest(f"The models watch {absent}, which the table does not have. Correct their 'column'.")
    texts = {name: distinct_texts(table, name) for name in watched}
    columns = {name: WholeColumn.of(codes, words) for name, (codes, words) in texts.items()}
    models = beside_whole(recipe.models, columns, recipe.folder)
    sensitive = {name: codes for name, (codes, _) in texts.items()}
    tuples = distinct([places(table, one) for one in levels], sensitive, persons_of(table))
    if recipe.population is not None:
        names = [one.column for one in levels]
        tuples = beside_population(
            tuples, levels, read_population(recipe.folder / recipe.population, table.schema, names)
        )
    return Question(
        tuples=tuples,
        hierarchies=levels,
        classes=tuple(one for one in models if isinstance(one, ClassModel)),
        release=tuple(one for one in models if isinstance(one, ReleaseModel)),
        suppression=recipe.suppression,
        weights=tuple(use.weight for use in uses),
        allowed=_allowed(uses, levels),
    )


def _hierarchy(table: Table, use: ColumnUse, recipe: Recipe, given: Mapping[str, Hierarchy]) -> Hierarchy:
    if use.name in given:
        found = given[use.name]
    elif use.hierarchy == INFER:
        found = infer_hierarchies(table, [use.name])[0].build(table)
    else:
        found = read_hierarchy(recipe.folder / use.hierarchy, use.name)
    return found.with_value(MISSING) if table.missing(use.name).any() else found


def _allowed(uses: tuple[ColumnUse, ...], levels: tuple[Hierarchy, ...]) -> Lattice:
    for use, one in zip(uses, levels, strict=True):
        if max(use.least, use.most or 0) >= one.levels:
            raise InvalidRequest(
                f"The hierarchy of '{use.name}' has the levels 0 to {one.levels - 1}; 'least' and 'most' must be among "
                "them."
            )
    most = tuple(one.levels - 1 if use.most is None else use.most for use, one in zip(uses, levels, strict=True))
    return Lattice(tuple(use.least for use in uses), most)


def _check_columns(table: Table, recipe: Recipe, keys: KeyRing | None) -> None:
    absent = sorted({use.name for use in recipe.columns if use.name not in table.schema})
    if absent:
        raise InvalidRequest(
            f"The recipe names the columns {absent}, which the table does not have: correct their names."
        )
    keyed = [use.name for use in recipe.with_use("pseudonym", "reversible_pseudonym", "shift_dates")]
    if keyed and keys is None:
        raise InvalidRequest(
            f"The columns {keyed} need the project's keys: name their file with --keys ('cohortium anonymise keys' "
            "makes one)."
        )
    if recipe.with_use("shift_dates") and table.schema.only(Role.PERSON_KEY) is None:
        raise InvalidRequest(
            "Dates are shifted by person: say in the schema which column is the person key, or use --person."
        )


def _check_joint(question: Question) -> None:
    if question.release or not all(isinstance(model, KAnonymity) for model in question.classes):
        raise InvalidRequest("A joint answer is k-anonymous; give the recipe k_anonymity as its only model.")


def _check_size(question: Question) -> None:
    whose = question.tuples.persons
    persons = question.tuples.rows if whose is None else len(np.unique(whose))
    asked = max((model.k for model in question.classes if isinstance(model, KAnonymity)), default=0)
    if asked > persons:
        raise TooFewRecords(
            f"The model asks for classes of {asked:,} persons; the table has {persons:,}. Ask for a smaller k."
        )
