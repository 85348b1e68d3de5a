"""A network that was trained, ready to foretell for other records; needs no PyTorch to do so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.neural.framework import one_thread
from cohortium.analyse.neural.network_answer import TITLE
from cohortium.analyse.neural.neural_network import NeuralNetwork
from cohortium.analyse.neural.settings import strategy_of
from cohortium.analyse.neural.site_rows import site_rows
from cohortium.analyse.neural.strategy import WEIGHTS
from cohortium.analyse.neural.target import BINARY, NUMBER
from cohortium.errors import InvalidRequest
from cohortium.records import Result, Schema, Table, algorithm_from_plain, as_agreed, schema_from_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """Weights with all that is needed to read a table as the training did.

    settings : the algorithm that made it.
    schema   : on which the sites agreed.
    facts    : those of the result.
    weights  : one vector.
    centre, scale : of terms and outcome.
    """

    settings: NeuralNetwork
    schema: Schema
    facts: dict[str, Any]
    weights: Reals
    centre: Reals
    scale: Reals

    @classmethod
    def of(cls, result: Result) -> FittedNetwork:
        """The network in a result; raises InvalidRequest where there is none."""
        if result.title != TITLE or "algorithm" not in result.facts:
            raise InvalidRequest(f"A trained network was expected; the result is '{result.title}'.")
        made = algorithm_from_plain(result.facts["algorithm"])
        layers = range(1, 1 + sum(name.endswith("_biases") for name in result.arrays))
        parts = [result.arrays[f"layer_{at}_{part}"].ravel() for at in layers for part in ("weights", "biases")]
        if not isinstance(made, NeuralNetwork):
            raise InvalidRequest("The result's settings are not those of a network.")
        schema = schema_from_plain(result.facts["schema"])
        arrays = result.arrays
        return cls(made, schema, result.facts, np.concatenate(parts), arrays["centre"], arrays["scale"])

    def predict(self, table: Table) -> Reals:
        """What the network foretells for the rows of ``table``, whose outcome may be unknown or no column at all.

        Returns : chance of the event (n,), chances of the classes (n, k) in the order of ``facts["classes"]``, or the
                  number (n,); NaN where a covariate or image is missing, unless the network was taught to do without.
        """
        agreed = as_agreed(table, self.schema)
        inputs = self.settings.inputs()
        terms = inputs.unscaled(agreed)
        raw = np.column_stack([terms, np.zeros(len(table))])
        X = inputs.scaled(raw, agreed.schema, self.centre, self.scale)[0]
        X = inputs.with_pixels(agreed, np.ones(len(X), np.bool_), X)
        outputs = self.settings.architecture(self._trained()).evaluate(self.weights, X)
        if self.settings.missing == "drop":
            outputs[np.isnan(terms).any(axis=1) | inputs.without_image(agreed)] = np.nan
        return self._linked(outputs)

    def personalised(self, table: Table) -> FittedNetwork:
        """The network with the head that the rows of ``table`` give: what a site predicts with under "fed_recon".

        Reveals : a model of this site's patients; it stays at the site.
        Raises  : InvalidRequest where the network was trained with another strategy; MissingExtra without PyTorch.
        """
        if self.settings.strategy != "fed_recon":
            raise InvalidRequest(
                f"Only networks of 'fed_recon' have heads of sites; this is of '{self.facts['strategy']}'."
            )
        inputs = self.settings.inputs()
        rows = site_rows(as_agreed(table, self.schema), inputs, self.centre, self.scale, 0.0, self.settings.seed)
        learner = self.settings.learner(self._trained(), rows.X, rows.y)
        with one_thread():
            own = strategy_of(self.settings).personal(learner, {WEIGHTS: self.weights})
        return replace(self, weights=own)

    def _trained(self) -> dict[str, Any]:
        """What the state said when training ended."""
        known = {"sizes": self.facts["layers"], "kind": self.facts["kind"], "round": self.facts["rounds"]}
        return known | ({"shape": self.facts["shape"]} if "shape" in self.facts else {})

    def _linked(self, outputs: Reals) -> Reals:
        found: Reals = outputs[:, 0]
        if self.facts["kind"] == NUMBER:
            found = found * self.scale[-1] + self.centre[-1]
        elif self.facts["kind"] == BINARY:
            found = 0.5 * (1.0 + np.tanh(found / 2))
        else:
            found = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            found = found / found.sum(axis=1, keepdims=True)
        return found
