"""Negative binomial regression: rates of events that vary more than chance alone explains."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.regression.count_outcome import counts, require_counts
from cohortium.analyse.regression.glm import LEAVES_SITE, Glm
from cohortium.analyse.regression.model_rows import ModelColumns
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "negative_binomial_regression",
    title="Negative binomial regression",
    leaves_site=LEAVES_SITE,
    source="Lawless 1987, Can. J. Stat. 15, 209: variance mu + alpha mu^2, alpha by maximum likelihood",
    family="models",
)
@dataclass(frozen=True, slots=True)
class NegativeBinomialRegression:
    """Rate ratios of an overdispersed count of events, with intervals, and how overdispersed it is.

    outcome    : column of counts; their variance is taken to be mu + alpha mu^2, and alpha is estimated.
    covariates : as in ``design``: "age", "stage", "log(marker)", "rcs(age, 40, 60, 80)", "stage:treated".
    exposure   : column of person-time, above 0; or offset : column that is added to the log rate as it is.
    weights, cluster : columns, see ``ModelColumns``.
    errors     : "model" (alpha taken as known, as in R's glm.nb), robust "HC0" or "HC1", or "clustered" by ``cluster``,
                 or by persons where that is None.
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
            "Negative binomial regression",
            "negative binomial",
            ModelColumns(self.outcome, self.covariates, self.weights, self.offset, self.exposure, self.cluster),
            lambda records: counts(records, self.outcome),
            self.errors,
            self.ridge,
            self.lasso,
            self.level,
        )
