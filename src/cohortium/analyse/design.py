"""From columns to a matrix of covariates whose columns are the same at every site.

A covariate is written ``age``, ``log(age)``, ``log1p(age)``, ``sqrt(age)``, ``square(age)``, ``rcs(age, 30, 50, 70)``
(a restricted cubic spline with these knots) or, for the products of any of these, ``stage:log(age)``. A column whose
name holds a colon, or looks like a transform, stands in backticks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.records import Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERCEPT = "(intercept)"
TRANSFORMS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "log": lambda x: np.log(np.where(x > 0, x, np.nan)),
    "log1p": lambda x: np.log1p(np.where(x > -1, x, np.nan)),
    "sqrt": lambda x: np.sqrt(np.where(x >= 0, x, np.nan)),
    "square": np.square,
}
"""Transforms of a numeric column; a value that has none counts as missing."""

_BETWEEN_FACTORS = re.compile(r":(?=(?:[^`]*`[^`]*`)*[^`]*$)")
_TRANSFORMED = re.compile(r"\s*(log|log1p|sqrt|square|rcs)\((.+)\)\s*")


@dataclass(frozen=True, slots=True)
class Factor:
    """A column, how it is transformed ("" where it is not), and the knots of its spline."""

    column: str
    transform: str = ""
    knots: tuple[float, ...] = ()


def columns_of(covariates: Sequence[str]) -> tuple[str, ...]:
    """The columns that these covariates are made of, each once."""
    return tuple(dict.fromkeys(factor.column for covariate in covariates for factor in factors_of(covariate)))


def factors_of(covariate: str) -> tuple[Factor, ...]:
    """The factors of a covariate: one, or several where it is an interaction.

    Raises : InvalidRequest where it cannot be read.
    """
    return tuple(_factor(part, covariate) for part in _BETWEEN_FACTORS.split(covariate))


def term_names(schema: Schema, columns: Sequence[str]) -> tuple[str, ...]:
    """Names of the terms that covariates become.

    A number stays as it is, a nominal column becomes ``column[level]`` for all levels but the first, a spline of k
    knots ``rcs(column)[1]`` to ``[k - 1]``, and an interaction the products ``a:b`` of the terms of both.
    Raises : InvalidRequest where a column can be no covariate, or a term stands twice.
    """
    names: list[str] = []
    for covariate in columns:
        joined = [""]
        for factor in factors_of(covariate):
            joined = [f"{one}:{other}".lstrip(":") for one in joined for other in _names(schema, factor)]
        names += joined
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidRequest(f"The covariates {', '.join(twice)} stand more than once; name each once.")
    return tuple(names)


def levels_of(schema: Schema, name: str) -> tuple[str, ...]:
    """The agreed levels of a nominal column.

    Raises : InvalidRequest where it is not nominal or no levels were agreed on.
    """
    column = schema[name]
    if not column.kind.is_nominal:
        raise InvalidRequest(f"Column '{name}' is {column.kind}; a categorical, ordinal or boolean one was expected.")
    levels = ("false", "true") if column.levels is None else column.levels
    if not levels:
        raise InvalidRequest(f"Column '{name}' has no agreed levels; list them in the schema file.")
    return levels


def design(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """The covariates (n, p) in the order of ``term_names``; NaN where a value is missing."""
    blocks = [np.zeros((len(table), 0))]
    for covariate in columns:
        product = np.ones((len(table), 1))
        for factor in factors_of(covariate):
            other = _values(table, factor)
            product = (product[:, :, None] * other[:, None, :]).reshape(len(table), product.shape[1] * other.shape[1])
        blocks.append(product)
    return np.concatenate(blocks, axis=1)


def restricted_cubic_spline(x: NDArray[np.float64], knots: Sequence[float]) -> NDArray[np.float64]:
    """x (n,) itself and k - 2 cubic terms (n, k - 1) that are linear beyond the outer of k knots.

    Source : Harrell 2015, Regression Modeling Strategies, 2nd ed., section 2.4.5; divided by the squared width.
    """
    t = np.asarray(knots, dtype=np.float64)
    above = np.maximum(x[:, None] - t, 0.0) ** 3
    last, width = t[-1] - t[-2], (t[-1] - t[0]) ** 2
    bends = above[:, :-2] - above[:, -2:-1] * (t[-1] - t[:-2]) / last + above[:, -1:] * (t[-2] - t[:-2]) / last
    return np.concatenate([x[:, None], bends / width], axis=1)


def complete(table: Table, columns: Sequence[str]) -> Table:
    """The rows in which none of ``columns`` is missing."""
    known = np.ones(len(table), dtype=np.bool_)
    for name in columns:
        known &= ~table.missing(name)
    return table if known.all() else table.take(known)


def persons_in(table: Table) -> int:
    """How many different persons the rows belong to."""
    return len(np.unique(table.persons()))


def _factor(text: str, covariate: str) -> Factor:
    found = _TRANSFORMED.fullmatch(text)
    transform, inner = (found[1], found[2]) if found else ("", text)
    name, _, rest = inner.partition(",") if transform == "rcs" else (inner, "", "")
    column = name.strip().strip("`")
    if not column:
        raise InvalidRequest(f"The covariate '{covariate}' has an empty part; write it as 'age' or 'stage:log(age)'.")
    if transform != "rcs":
        return Factor(column, transform)
    try:
        knots = tuple(float(knot) for knot in rest.split(","))
    except ValueError as error:
        raise InvalidRequest(f"The knots of '{covariate}' are not numbers; write 'rcs(age, 30, 50, 70)'.") from error
    if len(knots) < 3 or any(low >= high for low, high in pairwise(knots)):
        raise InvalidRequest(f"The spline '{covariate}' needs three or more knots, from low to high.")
    return Factor(column, "rcs", knots)


def _names(schema: Schema, factor: Factor) -> list[str]:
    column = schema[factor.column]
    if column.kind.is_nominal and not factor.transform:
        return [f"{factor.column}[{level}]" for level in levels_of(schema, factor.column)[1:]]
    if not column.kind.is_numeric:
        use = f"be transformed by {factor.transform}" if factor.transform else "be a covariate"
        raise InvalidRequest(f"Column '{factor.column}' is {column.kind}; it cannot {use}.")
    if factor.transform == "rcs":
        return [f"rcs({factor.column})[{place}]" for place in range(1, len(factor.knots))]
    return [f"{factor.transform}({factor.column})" if factor.transform else factor.column]


def _values(table: Table, factor: Factor) -> NDArray[np.float64]:
    if table.schema[factor.column].kind.is_numeric:
        values = table.numeric(factor.column)
        if factor.transform == "rcs":
            return restricted_cubic_spline(values, factor.knots)
        return (TRANSFORMS[factor.transform](values) if factor.transform else values)[:, None]
    levels = levels_of(table.schema, factor.column)
    codes = table.codes(factor.column)[0]
    block: NDArray[np.float64] = (codes[:, None] == np.arange(1, len(levels))).astype(np.float64)
    block[codes < 0] = np.nan
    return block
