"""Our own methods, behind the same face as the peers, so that one worker measures both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as arrow_parquet

from cohortium.records import Table, schema_from_plain
from cohortium.synthesise import Synthesiser

WARM_UP_ROWS = 200


def _trees(settings: dict[str, Any]) -> Synthesiser:
    from cohortium.synthesise import SequentialTrees, TreeSettings

    return SequentialTrees(TreeSettings(**settings))


def _copula(settings: dict[str, Any]) -> Synthesiser:
    from cohortium.synthesise.tables.copula_mixture import CopulaMixture

    return CopulaMixture(**settings)


def _independent(settings: dict[str, Any]) -> Synthesiser:
    from cohortium.synthesise.tables.independent_columns import IndependentColumns

    return IndependentColumns(**settings)


def _private(epsilon: float) -> Callable[[dict[str, Any]], Synthesiser]:
    def make(settings: dict[str, Any]) -> Synthesiser:
        from cohortium.synthesise.tables.private_marginals import PrivateMarginals

        return PrivateMarginals(epsilon=epsilon, **settings)

    return make


@dataclass(frozen=True, slots=True)
class Method:
    """How one of our methods is made with these settings, and what tables call it."""

    make: Callable[[dict[str, Any]], Synthesiser]
    title: str


OWN: dict[str, Method] = {
    "sequential_trees": Method(_trees, "**sequential_trees**"),
    "copula_mixture": Method(_copula, "**copula_mixture**"),
    "independent_columns": Method(_independent, "**independent_columns**"),
    "private_marginals_1": Method(_private(1.0), "**private_marginals, epsilon 1**"),
    "private_marginals_10": Method(_private(10.0), "**private_marginals, epsilon 10**"),
}


class OwnRun:
    """One of our methods on the training table that lies in ``folder``."""

    def __init__(self, method: str, folder: Path, settings: dict[str, Any]) -> None:
        schema = schema_from_plain(json.loads((folder / "schema.json").read_text("utf-8")))
        self.train = Table(arrow_parquet.read_table(folder / "train.parquet"), schema)
        self.synthesiser = OWN[method].make(settings)

    def warm_up(self) -> None:
        """Fit and sample once on few rows, so that compiled code is loaded before the clock starts."""
        rng = np.random.default_rng(0)
        few = self.train.take(np.arange(min(WARM_UP_ROWS, len(self.train))))
        self.synthesiser.fit(few, rng=rng).sample(WARM_UP_ROWS, rng=rng)

    def fit(self, seed: int) -> None:
        """Learn the training table."""
        self.rng = np.random.default_rng([seed, 23])
        self.fitted = self.synthesiser.fit(self.train, rng=self.rng)

    def sample(self, n: int) -> Table:
        """New rows."""
        return self.fitted.sample(n, rng=self.rng)

    def write(self, made: Table, path: Path) -> None:
        """The rows as they are."""
        arrow_parquet.write_table(made.arrow, path)
