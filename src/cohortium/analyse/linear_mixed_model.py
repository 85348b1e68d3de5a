"""Linear mixed model: linear regression with a random intercept for each site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers, reach
from cohortium.analyse.design import columns_of, levels_of
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.regression.coefficients import coefficient_table, left_out_terms
from cohortium.analyse.regression.model_rows import ModelColumns, Rows
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.random_intercept import GroupedSums, RandomIntercept, fit_random_intercept
from cohortium.numerics.standardised import Standardised
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@algorithm(
    "linear_mixed_model",
    title="Linear mixed model",
    leaves_site="products of covariates and outcome around the means of all sites; and, by the name of each site, its "
    "rows and its sums of covariates and outcome",
    source="Laird & Ware 1982, Biometrics 38, 963; restricted likelihood: Harville 1977, J. Am. Stat. Assoc. 72, 320",
    counts=("size",),
    family="models",
)
@dataclass(frozen=True, slots=True)
class LinearMixedModel:
    """Differences of means within sites whose levels differ at random, by restricted maximum likelihood.

    outcome    : numeric column; covariates : as in ``design``.
    site       : nominal column whose levels have intercepts drawn from a normal distribution.
    Intervals are by the normal distribution; with few sites they are narrow, and fixed effects of sites are safer.
    Reveals    : coefficients and variances over all sites, and each site's predicted intercept.
    """

    outcome: str
    covariates: tuple[str, ...]
    site: str
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """Outcome, covariates and site."""
        return self._columns().names()

    def start(self, schema: Schema) -> State:
        """Ask for means.

        Raises : InvalidRequest where settings do not fit the schema.
        """
        require_numbers(schema, self.outcome)
        reach(self.level)
        if self.site in columns_of(self.covariates):
            raise InvalidRequest(f"'{self.site}' has random intercepts and is a covariate; it can be one of them.")
        terms = self._columns().terms(schema)
        return State("means", {"terms": terms, "sites": list(levels_of(schema, self.site))})

    def local(self, records: Table, state: State) -> Sums:
        """Sums, then products and each site's own sums."""
        rows = self._columns().rows(records, lambda table: table.numeric(self.outcome))
        sums: dict[str, Any] = {PERSONS: rows.persons, "n": len(rows.y), "left_out": rows.left_out}
        both = np.concatenate([rows.X, rows.y[:, None]], axis=1)
        if state.step == "means":
            return Sums(sums | {"sums": both.sum(axis=0)})
        return Sums(sums | _products(both - state.arrays["centre"], rows))

    def combine(self, total: Sums, state: State) -> State | Result:
        """Means, then the answer.

        Raises : TooFewRecords with fewer than two sites, or no more rows than coefficients.
        """
        n = int(total["n"])
        if n == 0:
            raise TooFewRecords("No row has the outcome, all covariates and a site; the model needs such rows.")
        if state.step == "means":
            return State("products", state.facts, {"centre": total["sums"] / n})
        made = Standardised.from_moments(state.arrays["centre"][:-1], total["products"][:-1, :-1] / n)
        if int((total["size"] > 0).sum()) < 2 or n <= len(made.kept) + 1:
            raise TooFewRecords("A random intercept needs two or more sites, and more rows than coefficients.")
        return self._answer(state, total, made, fit_random_intercept(_grouped(total, made)))

    def _columns(self) -> ModelColumns:
        return ModelColumns(self.outcome, self.covariates, cluster=self.site)

    def _answer(self, state: State, total: Sums, made: Standardised, fit: RandomIntercept) -> Result:
        coefficients = fit.coefficients.copy()
        coefficients[0] += state.arrays["centre"][-1]
        back, terms = made.back(), state.facts["terms"]
        estimate, covariance = back @ coefficients, back @ fit.covariance @ back.T
        facts: dict[str, Any] = {"n": int(total["n"]), "sites": int((total["size"] > 0).sum())}
        facts |= {
            "variance_between": fit.between,
            "variance_within": fit.within,
            "intraclass_correlation": fit.between / (fit.between + fit.within),
            "restricted_log_likelihood": fit.log_likelihood - float(np.log(made.scale).sum()),
            "converged": True,
            "rows_left_out": int(total["left_out"]),
            "level": self.level,
            "notes": left_out_terms(terms, made.kept),
        }
        width = reach(self.level) * fit.intercept_errors
        sites: dict[str, list[Any]] = {"site": list(state.facts["sites"]), "n": total["size"].tolist()}
        sites |= {"intercept": numbers(fit.intercepts), "standard_error": numbers(fit.intercept_errors)}
        sites |= {"low": numbers(fit.intercepts - width), "high": numbers(fit.intercepts + width)}
        tables = {"coefficients": coefficient_table(terms, made.kept, estimate, covariance, level=self.level)}
        arrays = {"coefficients": estimate, "covariance": covariance}
        return Result("Linear mixed model", total.persons, tables | {"sites": sites}, facts, arrays)


def _products(gaps: Reals, rows: Rows) -> dict[str, Any]:
    per_site = np.zeros((rows.clusters, gaps.shape[1]))
    np.add.at(per_site, rows.cluster, gaps)
    size = np.bincount(rows.cluster, minlength=rows.clusters).astype(np.int64)
    return {"products": gaps.T @ gaps, "per_site": per_site, "size": size}


def _grouped(total: Sums, made: Standardised) -> GroupedSums:
    """The sums of the standardised covariates with a column of ones, and of the centred outcome."""
    size, q = total["size"].astype(np.float64), len(made.kept)
    X = np.column_stack([size, total["per_site"][:, made.kept] / made.scale])
    XX = np.zeros((q + 1, q + 1))
    XX[0], XX[:, 0] = X.sum(axis=0), X.sum(axis=0)
    XX[1:, 1:] = total["products"][np.ix_(made.kept, made.kept)] / np.outer(made.scale, made.scale)
    y = total["per_site"][:, -1]
    Xy = np.concatenate([[y.sum()], total["products"][made.kept, -1] / made.scale])
    return GroupedSums(XX, Xy, float(total["products"][-1, -1]), size, X, y)
