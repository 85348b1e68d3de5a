"""Schema files read back and checked, key by key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest, SchemaMismatch, SourceUnreadable
from cohortium.records import (
    AllowedCombinations,
    Column,
    Constraint,
    FunctionalDependency,
    Inequality,
    Kind,
    Role,
    Schema,
    SumRule,
)
from cohortium.sources.cells import read_dates
from cohortium.sources.schema_text import REASON
from cohortium.sources.toml_keys import Keys, is_number, is_texts

_COLUMN_HEADER = re.compile(r"^\s*\[\[\s*column\s*\]\]\s*(#.*)?$")
_OTHER_HEADER = re.compile(r"^\s*\[")
_REASON = re.compile(rf"^\s*#\s*{REASON}\s*(.*?)\s*$")


def load_schema(path: str | Path) -> Schema:
    """The schema in the TOML file ``path``.

    Raises : SourceUnreadable where the file is missing or not TOML; InvalidRequest naming the column and key that is
             unknown or has an unsuitable value; SchemaMismatch where the whole contradicts itself.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise SourceUnreadable(f"The schema file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The schema file {path} is not valid TOML: {error}. Correct that place.") from error
    Keys(path, "the top of the file", document, {"title", "column", "constraint"}).refuse_unknown()
    reasons = _reasons(text)
    entries = _tables(path, document, "column")
    if not entries:
        raise InvalidRequest(f"{path}: a schema needs at least one [[column]] table.")
    if len(reasons) != len(entries):  # columns written as an inline array have no lines of their own
        reasons = [()] * len(entries)
    columns = [
        _column(path, place, entry, why) for place, (entry, why) in enumerate(zip(entries, reasons, strict=True), 1)
    ]
    rules = [_constraint(path, place, entry) for place, entry in enumerate(_tables(path, document, "constraint"), 1)]
    title = Keys(path, "the top of the file", document, set()).text("title") or ""
    try:
        return Schema(tuple(columns), tuple(rules), title)
    except SchemaMismatch as error:
        raise SchemaMismatch(f"{path}: {error}") from error


def _reasons(text: str) -> list[tuple[str, ...]]:
    """The "why" comments under each [[column]] header, in order."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if _COLUMN_HEADER.match(line):
            found.append([])
            inside = True
        elif _OTHER_HEADER.match(line) and not line.startswith(" "):
            inside = False
        elif inside and (reason := _REASON.match(line)):
            found[-1].append(reason.group(1))
    return [tuple(reasons) for reasons in found]


def _tables(path: Path, document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidRequest(f"{path}: '{key}' must be written as [[{key}]] tables, one for each {key}.")
    return tables


def _column(path: Path, place: int, entry: dict[str, Any], reasons: tuple[str, ...]) -> Column:
    known = {
        "name", "kind", "roles", "unit", "missing_codes", "minimum", "maximum", "levels", "decimals", "date_format",
        "decimal_comma", "shape",
    }  # fmt: skip
    name = Keys(path, f"[[column]] number {place}", entry, known).needed("name")
    keys = Keys(path, f"column '{name}'", entry, known)
    keys.refuse_unknown()
    kind = Kind(keys.choice("kind", keys.needed("kind"), tuple(Kind)))
    roles = frozenset(Role(keys.choice("roles", role, tuple(Role))) for role in keys.texts("roles") or ())
    minimum, maximum = keys.limit("minimum", kind), keys.limit("maximum", kind)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise InvalidRequest(f"{path}: column '{name}': 'minimum' lies above 'maximum'. Exchange or correct them.")
    levels = keys.texts("levels")
    if levels is not None and (not kind.is_nominal or len(set(levels)) < len(levels)):
        raise InvalidRequest(
            f"{path}: column '{name}': 'levels' must list each level once, and belongs to a categorical, ordinal or "
            f"boolean column; this one is {kind}. Correct it."
        )
    date_format = keys.text("date_format")
    if date_format is not None:
        _check_format(path, name, date_format)
    shape = keys.get("shape", "three whole numbers: height, width, and 1 channel (grey) or 3 (colours)", _is_shape)
    if (kind is Kind.IMAGE) != (shape is not None):
        raise InvalidRequest(
            f"{path}: column '{name}': 'shape' belongs to a column of kind image, which needs one, such as [28, 28, "
            f"1]; this one is {kind}. Correct it."
        )
    return Column(
        name=name,
        kind=kind,
        roles=roles,
        unit=keys.text("unit"),
        missing_codes=keys.texts("missing_codes") or (),
        minimum=minimum,
        maximum=maximum,
        levels=levels,
        decimals=keys.get("decimals", "a whole number from 0", lambda value: type(value) is int and value >= 0),
        date_format=date_format,
        decimal_comma=bool(keys.get("decimal_comma", "true or false", lambda value: isinstance(value, bool))),
        shape=None if shape is None else tuple(shape),
        reasons=reasons,
    )


def _is_shape(value: Any) -> bool:
    sides = isinstance(value, list) and len(value) == 3 and all(type(side) is int and side > 0 for side in value)
    return sides and value[2] in (1, 3)


def _check_format(path: Path, name: str, date_format: str) -> None:
    import pyarrow as pa

    try:
        read_dates(pa.array([], pa.string()), date_format)
    except InvalidRequest as error:
        raise InvalidRequest(f"{path}: column '{name}': 'date_format': {error}") from error


def _constraint(path: Path, place: int, entry: dict[str, Any]) -> Constraint:
    shapes = {
        "inequality": {"left", "comparison", "right"},
        "functional_dependency": {"determinant", "dependent"},
        "allowed_combinations": {"of", "combinations"},
        "sum": {"total", "parts", "tolerance"},
    }
    where = f"[[constraint]] number {place}"
    rule = Keys(path, where, entry, set()).needed("rule")
    keys = Keys(path, where, entry, {"rule"} | shapes.get(rule, set()))
    keys.choice("rule", rule, tuple(shapes))
    keys.refuse_unknown()
    if rule == "inequality":
        comparison = keys.choice("comparison", keys.needed("comparison"), ("<=", "<"))
        return Inequality(keys.needed("left"), "<" if comparison == "<" else "<=", keys.needed("right"))
    if rule == "functional_dependency":
        return FunctionalDependency(keys.needed("determinant"), keys.needed("dependent"))
    if rule == "sum":
        tolerance = keys.get("tolerance", "a number from 0", lambda value: is_number(value) and value >= 0)
        parts = keys.needed_texts("parts")
        return SumRule(keys.needed("total"), parts, 1e-6 if tolerance is None else float(tolerance))
    of = keys.needed_texts("of")
    combinations = keys.get(
        "combinations",
        f"a list of lists of {len(of)} texts",
        lambda value: isinstance(value, list) and all(is_texts(part) and len(part) == len(of) for part in value),
    )
    return AllowedCombinations(of, tuple(tuple(part) for part in combinations or ()))
