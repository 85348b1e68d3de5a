"""The regression that an analyst would run, fitted to the real and to the synthetic table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.design import RIDGE, Design, design
from cohortium.evaluate.utility.task import target_name
from cohortium.numerics.regression import Fit, linear, logistic
from cohortium.records import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TERMS = 20
ROWS_PER_TERM = 10
_SIDES = re.compile(r"\s*([^~]+?)\s*~\s*([^~]+?)\s*")
_NAME = re.compile(r"`([^`]+)`|([^\s`~+]+)")


@dataclass(frozen=True, slots=True)
class Analysis:
    """One regression on two tables.

    outcome         : what is explained, in words.
    names           : (k,) terms; the intercept is not among them.
    real, synthetic : the fits, without their intercepts.
    rows            : synthetic rows behind the second.
    """

    outcome: str
    names: tuple[str, ...]
    real: Fit
    synthetic: Fit
    rows: int


def parse_formula(text: str, known: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Outcome and terms of ``outcome ~ a + b``; a name with blanks or signs stands in backticks.

    Raises : InvalidRequest where the text is no such formula, or names a column that is not ``known``.
    """
    sides = _SIDES.fullmatch(text)
    parts = [] if sides is None else [sides[1], *re.split(r"\s*\+\s*(?=(?:[^`]*`[^`]*`)*[^`]*$)", sides[2])]
    matches = [_NAME.fullmatch(part) for part in parts]
    found = [match[1] or match[2] for match in matches if match is not None]
    if not found or len(found) != len(parts):
        raise InvalidRequest("An analysis is written as 'outcome ~ a + b', with column names joined by '+'.")
    unknown = [name for name in found if name not in known]
    if unknown:
        raise InvalidRequest(f"The analysis names {unknown}; the columns that can be used are {list(known)}.")
    return found[0], tuple(found[1:])


def analysis(pair: Comparison, rng: np.random.Generator) -> Analysis:
    """The stated analysis, or else the outcome on all other columns, at most 20 terms and one per ten real rows.

    Numbers are explained by linear regression; two classes by logistic regression; of more classes, the most frequent
    against all others.
    Raises : NotApplicable without an outcome; TooFewRecords where a table has too few rows; NotConverged.
    """
    names = pair.encoded.names
    if pair.analysis is None:
        outcome = target_name(pair.real.schema, pair.target)
        hidden = {outcome} | {column.name for column in pair.real.schema.with_role(Role.TIME)}
        terms = tuple(name for name in names if name not in hidden)
    else:
        outcome, terms = parse_formula(pair.analysis, names)
    if outcome not in names or not terms:
        raise NotApplicable(f"'{outcome}' cannot be explained by other columns: it, or they, are not in both tables.")
    level, words = _explained_level(pair, names.index(outcome))
    full = design(pair.encoded, [names.index(name) for name in terms])
    rows, y = _known(pair.real_matrix, names.index(outcome), level)
    if pair.analysis is None:
        X = full.covariates(rows)
        weight = np.abs(X.T @ (y - y.mean())) if len(y) else np.zeros(len(full.names))
        full = full.largest(max(1, min(MOST_TERMS, len(y) // ROWS_PER_TERM)), weight)
    others, z = _known(pair.synthetic_matrix, names.index(outcome), level)
    real, synthetic = (_fit(full, *part, level is not None) for part in ((rows, y), (others, z)))
    return Analysis(words, full.names, real, synthetic, len(z))


def _explained_level(pair: Comparison, place: int) -> tuple[float | None, str]:
    """The level that counts as "has the outcome", or None for a number."""
    name = pair.encoded.names[place]
    known = pair.real_matrix[:, place]
    levels, counts = np.unique(known[np.isfinite(known)], return_counts=True)
    if len(levels) < 2:
        raise NotApplicable(f"'{name}' does not vary among real persons; there is nothing to explain.")
    if not pair.encoded.nominal[place] and len(levels) > 2:
        return None, name
    level = levels[1] if len(levels) == 2 else levels[counts.argmax()]
    nominal = pair.encoded.nominal[place]
    return float(level), f"{name} = {pair.encoded.levels[place][int(level)] if nominal else f'{level:g}'}"


def _known(
    matrix: NDArray[np.float64], place: int, level: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = matrix[:, place]
    kept = np.isfinite(values)
    return matrix[kept], values[kept] if level is None else (values[kept] == level).astype(np.float64)


def _fit(form: Design, rows: NDArray[np.float64], y: NDArray[np.float64], classes: bool) -> Fit:
    if len(y) <= len(form.names) + 1:
        raise TooFewRecords(
            f"A regression of {len(form.names)} terms needs more rows than the {len(y)} that there are."
        )
    X = np.column_stack([np.ones(len(y)), form.covariates(rows)])
    found = logistic(X, y, ridge=RIDGE) if classes else linear(X, y, ridge=RIDGE)
    return Fit(found.coefficients[1:], found.covariance[1:, 1:], found.log_likelihood)
