"""Poisson regression: how covariates change the rate of events."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.noise.glm import NoisyGlm, is_noisy
from cohortium.analyse.noise.plausible_box import number_box
from cohortium.analyse.noise.products import NoisyProducts, Outcome
from cohortium.analyse.noise.regression import require_plain
from cohortium.analyse.regression.count_outcome import counts, require_counts
from cohortium.analyse.regression.glm import LEAVES_SITE, Glm
from cohortium.analyse.regression.model_rows import ModelColumns
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
    In mode "dp" errors allow for the noise; weights, exposure, offset, other errors and lasso cannot be had.
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

    def start_noisy(self, schema: Schema) -> State:
        """Ask for moments of rows of bounded length.

        Raises : NotApplicable for settings that cannot be had under noise.
        """
        state = self.start(schema)
        require_plain(self.errors, self.lasso, weights=self.weights, offset=self.offset, exposure=self.exposure)
        return self._noisy().products.start(schema, {"terms": state.facts["terms"]})

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for; raises InvalidRecords where the outcome holds no counts."""
        return (self._noisy() if is_noisy(state) else self._model()).local(records, state)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step, or the answer; raises TooFewRecords, NotConverged."""
        return (self._noisy() if is_noisy(state) else self._model()).combine(total, state)

    def steps(self) -> tuple[int, ...]:
        """In mode "dp": a look at where the rows are, their products, and gradients."""
        return self._noisy().steps()

    def sensitivity(self, state: State) -> dict[str, float]:
        """As of ``NoisyGlm``."""
        return self._noisy().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """As of ``NoisyGlm``."""
        return self._noisy().array_weights(state)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with numbers within their plausible ranges."""
        return self._noisy().products.clip(records)

    def _noisy(self) -> NoisyGlm:
        outcome = Outcome(
            self.outcome, lambda table: table.numeric(self.outcome), lambda schema: number_box(schema, self.outcome)
        )
        return NoisyGlm(
            "Poisson regression", "poisson", NoisyProducts(self.covariates, outcome), self.ridge, self.level
        )

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
