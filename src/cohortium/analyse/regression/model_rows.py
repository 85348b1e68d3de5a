"""What a regression reads of a site: complete rows as covariates, outcome, weight, offset and cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import columns_of, design, levels_of, term_names
from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

Outcome = Callable[[Table], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True)
class Rows:
    """One site's rows with nothing missing and a weight above 0.

    X, y, weight, offset : (n, p), (n,), (n,), (n,).
    cluster, clusters    : codes (n,), and how many clusters the layout has slots for; 0 where persons are the clusters.
    persons, left_out    : how many persons stand behind the rows; rows in which something is missing.
    places               : (n,), which of the site's records the rows are.
    """

    X: Reals
    y: Reals
    weight: Reals
    offset: Reals
    cluster: NDArray[np.int32]
    clusters: int
    persons: int
    left_out: int
    places: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """Which columns a regression uses; the settings of the same names of every regression.

    exposure : positive column (person-years, say) whose logarithm is added to the linear predictor.
    offset   : column that is added to the linear predictor as it is.
    weights  : column of weights of at least 0, by which a row's share of the likelihood is multiplied.
    cluster  : nominal column whose levels are the clusters of clustered errors; persons are where it is None.
    """

    outcome: str
    covariates: tuple[str, ...]
    weights: str | None = None
    offset: str | None = None
    exposure: str | None = None
    cluster: str | None = None

    def names(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        others = (self.weights, self.offset, self.exposure, self.cluster)
        wanted = (self.outcome, *columns_of(self.covariates), *(name for name in others if name is not None))
        return tuple(dict.fromkeys(wanted))

    def terms(self, schema: Schema) -> list[str]:
        """Names of the covariates' terms.

        Raises : InvalidRequest where a column cannot play the part that it is given.
        """
        if self.outcome in columns_of(self.covariates):
            raise InvalidRequest(f"'{self.outcome}' is the outcome and a covariate; it can be one of them.")
        if self.offset is not None and self.exposure is not None:
            raise InvalidRequest("Either 'offset' or 'exposure' can be set: an exposure is an offset on the log scale.")
        for name in (self.weights, self.offset, self.exposure):
            if name is not None and not schema[name].kind.is_numeric:
                raise InvalidRequest(f"Column '{name}' is {schema[name].kind}; weights and offsets are numbers.")
        if self.cluster is not None:
            levels_of(schema, self.cluster)
        return list(term_names(schema, self.covariates))

    def rows(self, records: Table, outcome: Outcome) -> Rows:
        """The complete rows of ``records``; ``outcome`` reads the column of the outcome, NaN where missing.

        Raises : InvalidRecords where a weight is negative or an exposure is not above 0.
        """
        X, y = design(records, self.covariates), outcome(records)
        weight = np.ones(len(records)) if self.weights is None else records.numeric(self.weights)
        offset = np.zeros(len(records)) if self.offset is None else records.numeric(self.offset)
        if np.nanmin(weight, initial=0.0) < 0:
            raise InvalidRecords(f"Column '{self.weights}' has negative values; weights are 0 or more.")
        if self.exposure is not None:
            offset = self._log_exposure(records)
        cluster, clusters = records.persons(), 0
        if self.cluster is not None:
            cluster, clusters = records.codes(self.cluster)[0], len(levels_of(records.schema, self.cluster))
        known = np.isfinite(X).all(axis=1) & np.isfinite(y) & np.isfinite(weight) & np.isfinite(offset) & (cluster >= 0)
        used = known & (weight > 0)
        persons, left_out = len(np.unique(records.persons()[used])), int((~known).sum())
        found = X[used], y[used], weight[used], offset[used], cluster[used]
        return Rows(*found, clusters, persons, left_out, np.flatnonzero(used))

    def _log_exposure(self, records: Table) -> Reals:
        exposure = records.numeric(str(self.exposure))
        if np.nanmin(exposure, initial=1.0) <= 0:
            raise InvalidRecords(f"Column '{self.exposure}' has values of 0 or less; an exposure is above 0.")
        found: Reals = np.log(exposure)
        return found
