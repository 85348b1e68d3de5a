"""Poisson regression: how covariates change the rate of events."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.count_outcome import counts, require_counts
from cohortium.analyse.glm import LEAVES_SITE, Glm
from cohortium.analyse.model_rows import ModelColumns
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "poisson_regression",
    title="Poisson regression",
    leaves_site=LEAVES_SITE,
    source="McCullagh & Nelder 1989, Generalized Linear Models, chapter 6; Zou 2004, Am. J. Epidemiol. 159, 702",
    family="models",
)
@dataclass(frozen=True, slots=True)
class PoissonRegression:
    """Rate ratios of a count of events, with intervals.

    outcome    : counts; or a boolean column, where the ratios are of risks (choose robust errors then).
    covariates : as in ``design``: "age", "stage", "log(marker)", "rcs(age, 40, 60, 80)", "stage:treated".
    exposure   : column of person-time, above 0; or offset : column that is added to the log rate as it is.
    weights, cluster : columns, see ``ModelColumns``.
    errors     : "model", "quasi" (scaled by Pearson's dispersion), robust "HC0" or "HC1", or "clustered" by
                 ``cluster``, or by persons where that is None.
    ridge, lasso : penalties as in glmnet, on standardised covariates; there are no standard errors with them.
    Reveals    : the coefficients and their covariance over all sites.
    """

    outcome: str
    covariates: tuple[str, ...]
    exposure: str | None = None
    weights: str | None = None
    offset: str | None = None
    errors: str = "model"
    cluster: str | None = None
    ridge: float = 0.0
    lasso: float = 0.0
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """Outcome, covariates, exposure, weights, offset and clusters."""
        return self._model().columns.names()

    def start(self, schema: Schema) -> State:
        """Ask for means; raises InvalidRequest where settings do not fit."""
        require_counts(schema, self.outcome)
        return self._model().start(schema)

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for; raises InvalidRecords where the outcome holds no counts."""
        return self._model().local(records, state)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step, or the answer; raises TooFewRecords, NotConverged."""
        return self._model().combine(total, state)

    def _model(self) -> Glm:
        return Glm(
            "Poisson regression",
            "poisson",
            ModelColumns(self.outcome, self.covariates, self.weights, self.offset, self.exposure, self.cluster),
            lambda records: counts(records, self.outcome),
            self.errors,
            self.ridge,
            self.lasso,
            self.level,
        )
