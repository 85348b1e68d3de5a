"""Propensity weighting: the effect of a treatment among patients made alike by inverse probability weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import one_of, reach
from cohortium.analyse.design import complete, term_names
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.propensity.iptw_answer import answer, balance_sums, effect_sums
from cohortium.analyse.propensity.weight_bounds import ROUNDS, Brackets
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.analyse.regression.glm import Glm
from cohortium.analyse.regression.model_rows import ModelColumns
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.treatment_weights import ESTIMANDS, Weights, treatment_weights, truncated
from cohortium.records import PERSONS, Kind, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

VARIANCES = ("estimated", "robust")
KEPT = ("centre", "coefficients", "estimated")
"""What the propensity model leaves for the later steps."""


@algorithm(
    "iptw",
    title="Inverse probability of treatment weighting",
    leaves_site="what a logistic regression of the treatment sends; counts of weights below thresholds; in each arm, "
    "sums of weights, of weighted outcomes and covariates, and products of weighted residuals",
    source="Robins, Hernan & Brumback 2000, Epidemiology 11, 550; Austin & Stuart 2015, Stat. Med. 34, 3661; "
    "variance: Lunceford & Davidian 2004, Stat. Med. 23, 2937",
    counts=("arms", "at_most"),
    family="models",
)
@dataclass(frozen=True, slots=True)
class IPTW:
    """Effect of a binary treatment, weighted by a logistic propensity model, and balance before and after.

    treatment   : boolean column, or one of which ``treated`` is the level that counts.
    outcome     : numeric or boolean column; of a boolean one there are a risk ratio and an odds ratio too.
    covariates  : of the propensity model, as in ``design``; rows with anything missing are left out.
    estimand    : "ATE", effect among all, or "ATT", effect among the treated.
    stabilise   : multiply the weights of an arm by its share (of an ATE), so that they are about 1 on average. Means
                  are ratios of weighted sums, so this changes nothing but what truncation does.
    quantiles   : lowest and highest quantile of all weights to which more extreme ones are moved: (0.01, 0.99).
    largest     : weight to which larger ones are moved; one of the two ways at most.
    variance    : "estimated": sandwich of both estimating equations, the propensity's and the means'. "robust": HC0 of
                  the weighted regression on treatment, as if weights were known; for an ATE usually too wide. Neither
                  has a factor for small samples. Bounds of truncation count as known, and ratios are by the delta
                  method on the log scale. Persons with several rows are clusters.
    Effective numbers are squared sums of weights over sums of squares (Kish 1965). Differences of covariates are
    divided by the root mean variance of both arms before weighting, before and after alike.
    Reveals     : the effect, means of both arms, and means of covariates in them over all sites.
    """

    treatment: str
    outcome: str
    covariates: tuple[str, ...]
    treated: str | None = None
    estimand: str = "ATE"
    stabilise: bool = True
    quantiles: tuple[float, ...] = ()
    largest: float | None = None
    variance: str = "estimated"
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """Treatment, outcome and covariates."""
        return tuple(dict.fromkeys((self.treatment, self.outcome, *self._propensity().columns.names())))

    def start(self, schema: Schema) -> State:
        """Ask for what the propensity model needs first.

        Raises : InvalidRequest where settings do not fit the schema or each other.
        """
        one_of(self.estimand, ESTIMANDS, "estimand")
        one_of(self.variance, VARIANCES, "variance")
        reach(self.level)
        self._require_treatment(schema)
        require_numbers(schema, self.outcome)
        self._require_truncation()
        if self.outcome in self._propensity().columns.names():
            raise InvalidRequest(f"'{self.outcome}' is the outcome; it can be no covariate, nor the treatment.")
        if not term_names(schema, self.covariates):
            raise InvalidRequest("A propensity model needs covariates: name what the choice of treatment depended on.")
        is_binary = schema[self.outcome].kind is Kind.BOOLEAN
        begun = self._propensity().start(schema)
        return replace(begun, facts={"propensity": begun.facts, "is_binary": is_binary})

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        rows = complete(records, (self.outcome,))
        inner = self._propensity()
        if state.step in ("means", "spread", "scoring"):
            return inner.local(rows, replace(state, facts=state.facts["propensity"]))
        used = inner.columns.rows(rows, inner.outcome)
        y = rows.numeric(self.outcome)[used.places]
        predictor = state.arrays["coefficients"][0] + used.X @ state.arrays["coefficients"][1:]
        weights = self._weights(used.y, predictor, state)
        ask: dict[str, Any]
        if state.step == "bounds":
            ask = {"at_most": _brackets(state).at_most(weights.weight)}
        elif state.step == "balance":
            ask = balance_sums(used.X - state.arrays["centre"], used.y, y, weights.weight)
            ask |= {"left_out": len(records) - len(y)}
        else:
            ask = effect_sums(used, y, weights, state)
        return Sums({PERSONS: used.persons} | ask)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The propensity model, bounds of weights where asked for, means and balance, the answer.

        Raises : TooFewRecords where one arm is empty; NotConverged, as a logistic regression does.
        """
        if state.step in ("means", "spread", "scoring"):
            return self._propensity_step(total, state)
        if state.step == "bounds":
            return self._bounded(total, state)
        if state.step == "balance":
            arrays = state.arrays | {name: total[name] for name in total if name not in (PERSONS, "left_out")}
            arrays["mean"] = total["outcome"] / total["weight"]
            return State("effect", state.facts | {"left_out": int(total["left_out"])}, arrays)
        return answer(total, state, self.variance, self.estimand, self.level)

    def _propensity(self) -> Glm:
        columns = ModelColumns(self.treatment, self.covariates)
        return Glm("Propensity", "binomial", columns, lambda records: happened(records, self.treatment, self.treated))

    def _require_treatment(self, schema: Schema) -> None:
        if self.treated is None and schema[self.treatment].kind is not Kind.BOOLEAN:
            raise InvalidRequest(
                f"Column '{self.treatment}' is {schema[self.treatment].kind}; name the level that counts as treated in "
                "the setting 'treated'."
            )
        require_outcome(schema, self.treatment, self.treated)

    def _require_truncation(self) -> None:
        if self.quantiles and self.largest is not None:
            raise InvalidRequest("Weights are truncated at 'quantiles' or at 'largest'; set one of them.")
        if self.quantiles and not (len(self.quantiles) == 2 and 0 <= self.quantiles[0] < self.quantiles[1] <= 1):
            raise InvalidRequest(f"'quantiles' are a lowest and a highest share, (0.01, 0.99), not {self.quantiles}.")
        if self.largest is not None and not self.largest > 0:
            raise InvalidRequest(f"The largest weight is above 0, not {self.largest:g}.")

    def _propensity_step(self, total: Sums, state: State) -> State | Result:
        if state.step == "means" and int(total["positive"]) in (0, int(total["n"])):
            raise TooFewRecords(
                f"Weighting needs treated and untreated patients; among the {int(total['n'])} complete rows, "
                f"'{self.treatment}' says that {int(total['positive'])} were treated."
            )
        inner = self._propensity().combine(total, replace(state, facts=state.facts["propensity"]))
        if isinstance(inner, State):
            return replace(inner, facts=state.facts | {"propensity": inner.facts})
        found = inner.tables["coefficients"]["estimate"]
        arrays = {
            "centre": state.arrays["centre"],
            "coefficients": np.array([one or 0.0 for one in found], dtype=np.float64),
            "estimated": np.array([one is not None for one in found], dtype=np.int64),
        }
        facts = state.facts | {"notes": inner.facts["notes"], "rounds": 0, "bounds": [0.0, self.largest or 1e300]}
        if not self.quantiles:
            return State("balance", facts, arrays)
        wide = Brackets.widest(2)
        return State("bounds", facts, arrays | {"low": wide.low, "high": wide.high})

    def _bounded(self, total: Sums, state: State) -> State:
        n, rounds = int(state.facts["propensity"]["n"]), state.facts["rounds"] + 1
        narrow = _brackets(state).narrowed(total["at_most"], np.array(self.quantiles), n)
        facts = state.facts | {"rounds": rounds}
        if rounds < ROUNDS:
            return State("bounds", facts, state.arrays | {"low": narrow.low, "high": narrow.high})
        facts |= {"bounds": np.exp((narrow.low + narrow.high) / 2).tolist()}
        return State("balance", facts, {name: state.arrays[name] for name in KEPT})

    def _weights(self, treated: Reals, predictor: Reals, state: State) -> Weights:
        known = state.facts["propensity"]
        share = known["positive"] / known["n"]
        shares = (1.0 - share, share) if self.stabilise and self.estimand == "ATE" else (1.0, 1.0)
        weights = treatment_weights(treated, predictor, self.estimand, shares)
        return truncated(weights, *state.facts["bounds"])


def _brackets(state: State) -> Brackets:
    return Brackets(state.arrays["low"], state.arrays["high"])
