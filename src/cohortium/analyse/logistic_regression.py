"""Logistic regression: how covariates change the odds of an outcome."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.noise.glm import NoisyGlm, is_noisy
from cohortium.analyse.noise.plausible_box import levels_box
from cohortium.analyse.noise.products import NoisyProducts, Outcome
from cohortium.analyse.noise.regression import require_plain
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.analyse.regression.glm import LEAVES_SITE, Glm
from cohortium.analyse.regression.model_rows import ModelColumns
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "logistic_regression",
    title="Logistic regression",
    leaves_site=LEAVES_SITE,
    source="McCullagh & Nelder 1989, Generalized Linear Models, chapter 4; errors: White 1980, Liang & Zeger 1986",
    family="models",
)
@dataclass(frozen=True, slots=True)
class LogisticRegression:
    """Odds ratios of a binary outcome, with intervals.

    outcome    : boolean column, or one of which ``event`` is the level that counts.
    covariates : as in ``design``: "age", "stage", "log(marker)", "rcs(age, 40, 60, 80)", "stage:treated"; a nominal
                 column of sites gives each site an intercept of its own.
    weights, offset, cluster : columns, see ``ModelColumns``.
    errors     : "model", robust "HC0" or "HC1", or "clustered" by ``cluster``, or by persons where that is None.
    ridge, lasso : penalties as in glmnet, on standardised covariates; there are no standard errors with them.
    In mode "dp" errors allow for the noise; weights, offset, other errors and lasso cannot be had.
    Reveals    : the coefficients and their covariance over all sites.
    """

    outcome: str
    covariates: tuple[str, ...]
    event: str | None = None
    weights: str | None = None
    offset: str | None = None
    errors: str = "model"
    cluster: str | None = None
    ridge: float = 0.0
    lasso: float = 0.0
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """Outcome, covariates, weights, offset and clusters."""
        return self._model().columns.names()

    def start(self, schema: Schema) -> State:
        """Ask for means; raises InvalidRequest where settings do not fit."""
        require_outcome(schema, self.outcome, self.event)
        return self._model().start(schema)

    def start_noisy(self, schema: Schema) -> State:
        """Ask for moments of rows of bounded length.

        Raises : NotApplicable for settings that cannot be had under noise.
        """
        state = self.start(schema)
        require_plain(self.errors, self.lasso, weights=self.weights, offset=self.offset)
        return self._noisy().products.start(schema, {"terms": state.facts["terms"]})

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
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
            self.outcome,
            lambda table: happened(table, self.outcome, self.event),
            lambda schema: levels_box(2),
            is_number=False,
        )
        return NoisyGlm(
            "Logistic regression", "binomial", NoisyProducts(self.covariates, outcome), self.ridge, self.level
        )

    def _model(self) -> Glm:
        return Glm(
            "Logistic regression",
            "binomial",
            ModelColumns(self.outcome, self.covariates, self.weights, self.offset, None, self.cluster),
            lambda records: happened(records, self.outcome, self.event),
            self.errors,
            self.ridge,
            self.lasso,
            self.level,
        )
