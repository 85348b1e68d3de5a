"""Recipes: how a table is to be anonymised, as a TOML file that a person can edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from cohortium.anonymise.tables.models.protocol import ClassModel, ReleaseModel
from cohortium.anonymise.tables.transformations import NAMES, Transformation
from cohortium.errors import CohortiumError, InvalidRequest, SourceUnreadable
from cohortium.records import Column, Kind, Role, Table
from cohortium.registry import find
from cohortium.sources.toml_keys import Keys, is_number, is_texts

Use = Literal["quasi_identifier", "sensitive", "keep", "pseudonym", "reversible_pseudonym", "shift_dates", "drop"]
Search = Literal["exact", "anytime", "local"]
INFER = "infer"
_COLUMN_KEYS = {"name", "use", "hierarchy", "weight", "least", "most"}
_KEYS = {"title", "suppression", "population", "search", "seconds", "column", "model", "transform"}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What is done with one column.

    use       : "quasi_identifier" is told less exactly, "sensitive" is kept and watched by the models, "keep" stays as
                it is, "pseudonym", "reversible_pseudonym" and "shift_dates" follow from the project's keys, "drop" does
                not leave.
    hierarchy : file of its levels, or "infer".
    weight    : how much its exactness matters beside that of the others.
    least, most : levels that may be chosen; None where any.
    """

    name: str
    use: Use
    hierarchy: str = INFER
    weight: float = 1.0
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a table is anonymised. A column that it does not name does not leave.

    models      : what the release must satisfy.
    transformations : what is done to values before the search, in order.
    suppression : share of the rows that may be left out.
    folder      : where files of hierarchies lie.
    population  : file with everybody of the population that the table's persons are part of, by which k_map and
                  delta_presence count; None where they are not asked.
    search      : "exact" finds the least loss with one level per column and proves it; "anytime" ends after ``seconds``
                  and says how far from the least it can be; "local" gives each combination levels of its own, which
                  loses far less, without a proof.
    """

    title: str
    columns: tuple[ColumnUse, ...]
    models: tuple[ClassModel | ReleaseModel, ...]
    suppression: float = 0.0
    folder: Path = Path()
    transformations: tuple[Transformation, ...] = ()
    population: str | None = None
    search: Search = "exact"
    seconds: float = 30.0

    def __post_init__(self) -> None:
        names = [one.name for one in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidRequest(f"The recipe says twice what to do with {twice}; say it once.")
        if not self.models:
            raise InvalidRequest('The recipe has no [[model]]; start with name = "k_anonymity" and k = 5.')
        if not self.with_use("quasi_identifier"):
            raise InvalidRequest(
                'The recipe has no column with use = "quasi_identifier". These are what others may know of a person: '
                "age, sex, place, dates, rare diagnoses."
            )

    def with_use(self, *uses: Use) -> tuple[ColumnUse, ...]:
        """The columns that are used so, in order."""
        return tuple(one for one in self.columns if one.use in uses)


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file.

    Raises : SourceUnreadable, InvalidRequest naming the key that cannot be understood.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The recipe {path} cannot be read: {type(error).__name__}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} is not TOML: {error}.") from error
    keys = Keys(path, "the recipe", document, _KEYS)
    keys.refuse_unknown()
    suppression = keys.get("suppression", "a share from 0 to 1", lambda value: is_number(value) and 0 <= value <= 1)
    return Recipe(
        title=keys.text("title") or path.stem,
        columns=tuple(_column(path, plain) for plain in document.get("column", [])),
        models=tuple(_model(path, plain) for plain in document.get("model", [])),
        suppression=float(suppression or 0.0),
        folder=path.parent,
        transformations=tuple(_transformation(path, plain) for plain in document.get("transform", [])),
        population=keys.text("population"),
        search=keys.get("search", f"one of {get_args(Search)}", lambda value: value in get_args(Search)) or "exact",
        seconds=float(keys.get("seconds", "a number above 0", lambda value: is_number(value) and value > 0) or 30.0),
    )


def model_of(name: str, settings: Mapping[str, Any], where: str) -> ClassModel | ReleaseModel:
    """The registered privacy model ``name`` with its settings.

    where  : for messages.
    Raises : InvalidRequest where there is no such model, or it does not take these settings.
    """
    made = find("privacy_model", name).thing
    known = {one.name for one in fields(made)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise InvalidRequest(f"{where}: the model '{name}' has no {unknown}; it takes {sorted(known)}.")
    try:
        model: ClassModel | ReleaseModel = made(**settings)
    except CohortiumError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"{where}: the model '{name}' needs {sorted(known)} as numbers or names.") from error
    return model


def _column(path: Path, plain: dict[str, Any]) -> ColumnUse:
    where = f"the column '{plain.get('name', '?')}'"
    keys = Keys(path, where, plain, _COLUMN_KEYS)
    keys.refuse_unknown()
    name = keys.text("name")
    use = keys.get("use", f"one of {get_args(Use)}", lambda value: value in get_args(Use))
    if name is None or use is None:
        raise InvalidRequest(f"{path}: every [[column]] needs name = and use =, one of {get_args(Use)}.")
    weight = keys.get("weight", "a number from 0", lambda value: is_number(value) and value >= 0)
    least = keys.get("least", "a level from 0", _is_level)
    most = keys.get("most", "a level from 0", _is_level)
    return ColumnUse(
        name, use, keys.text("hierarchy") or INFER, 1.0 if weight is None else float(weight), least or 0, most
    )


def _transformation(path: Path, plain: dict[str, Any]) -> Transformation:
    name, columns = plain.get("name"), plain.get("columns", [])
    if not isinstance(name, str) or not is_texts(columns):
        raise InvalidRequest(f"{path}: every [[transform]] needs a name, one of {list(NAMES)}, and columns = [...].")
    return Transformation(name, tuple(columns), {k: v for k, v in plain.items() if k not in ("name", "columns")})


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _model(path: Path, plain: dict[str, Any]) -> ClassModel | ReleaseModel:
    name = plain.get("name")
    if not isinstance(name, str):
        raise InvalidRequest(f'{path}: every [[model]] needs a name, such as name = "k_anonymity".')
    return model_of(name, {key: value for key, value in plain.items() if key != "name"}, str(path))


def plain_recipe(
    table: Table,
    k: int,
    *,
    quasi_identifiers: Sequence[str] | None = None,
    suppression: float = 0.0,
    search: Search = "exact",
) -> Recipe:
    """k-anonymity over the columns of a table, by the roles in its schema.

    quasi_identifiers : columns that others may know; those of that role where None. All others stay as they are, but
                        for those that name a person directly, and texts and images, which are left out.
    Raises            : InvalidRequest where there are none, or the table lacks them.
    """
    chosen = quasi_identifiers
    if chosen is None:
        chosen = [one.name for one in table.schema.columns if one.has_role(Role.QUASI_IDENTIFIER)]
    absent = sorted(set(chosen) - set(table.schema.names))
    if absent:
        raise InvalidRequest(f"The table has no columns {absent}; it has {list(table.schema.names)}.")
    uses = tuple(ColumnUse(one.name, _plain_use(one, one.name in chosen)) for one in table.schema.columns)
    model = model_of("k_anonymity", {"k": k}, "the request")
    return Recipe(table.schema.title or "anonymised table", uses, (model,), suppression, search=search)


def _plain_use(column: Column, is_quasi_identifier: bool) -> Use:
    if is_quasi_identifier:
        return "quasi_identifier"
    names_a_person = column.has_role(Role.DIRECT_IDENTIFIER) or column.has_role(Role.PERSON_KEY)
    if names_a_person or column.kind in (Kind.IDENTIFIER, Kind.TEXT, Kind.IMAGE):
        return "drop"
    return "sensitive" if column.has_role(Role.SENSITIVE) else "keep"
