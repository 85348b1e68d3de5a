"""Meta-analysis: one estimate from each site, and their average with and without differences between sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers, one_of, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.moments import group_sums, means, moments, require_numbers
from cohortium.analyse.site_estimates import STATISTICS, estimates
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.inverse_variance import Pooling, pool
from cohortium.records import PERSONS, Kind, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "meta_analysis",
    title="Meta-analysis of sites",
    leaves_site="each site's own estimate and standard error, by its name: n, mean and variance in each group",
    source="DerSimonian & Laird 1986, Control. Clin. Trials 7, 177; Higgins & Thompson 2002, Stat. Med. 21, 1539",
    counts=("known",),
)
@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """An estimate per site, its fixed-effect and random-effects average, and how much sites differ.

    site      : nominal column that names the site of each record.
    variable  : numeric column; a boolean one where the statistic is of shares or odds.
    statistic : "mean", "mean difference", "standardised mean difference", "risk difference", "log risk ratio",
                "log odds ratio".
    group     : nominal column of the two groups that differences and ratios compare; ``between`` names the two levels,
                first against second.
    Unlike other methods this one shows every site's result by design; it must be agreed to where sites are compared.
    Reveals   : n, mean and standard deviation (or events) in each group of each site.
    """

    site: str
    variable: str
    statistic: str = "mean"
    group: str | None = None
    between: tuple[str, ...] = ()
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The site, the variable, and the group."""
        return tuple(name for name in (self.site, self.variable, self.group) if name is not None)

    def start(self, schema: Schema) -> State:
        """List the sites; ask for the means in each first."""
        one_of(self.statistic, STATISTICS, "statistic")
        reach(self.level)
        require_numbers(schema, self.variable)
        if self.statistic.startswith(("risk", "log")) and schema[self.variable].kind is not Kind.BOOLEAN:
            raise InvalidRequest(f"A {self.statistic} needs a boolean column; '{self.variable}' is not.")
        sites, groups = list(levels_of(schema, self.site)), self._groups(schema)
        return State("means", {"sites": sites, "groups": groups}, {"centre": np.zeros(len(sites) * len(groups))})

    def local(self, records: Table, state: State) -> Sums:
        """Sums in each site's own slots; those of the other sites stay empty."""
        rows = complete(records, self.columns())
        place = rows.codes(self.site)[0].astype(np.int64)
        groups = state.facts["groups"]
        if self.group is not None:
            levels = levels_of(rows.schema, self.group)
            chosen = np.array([groups.index(one) if one in groups else -1 for one in levels], dtype=np.int64)
            group = chosen[rows.codes(self.group)[0]]
            place = np.where(group < 0, -1, place * len(groups) + group)
        used = rows.take(place >= 0)
        return Sums(
            {PERSONS: persons_in(used)} | group_sums(rows.numeric(self.variable), place, state.arrays["centre"])
        )

    def combine(self, total: Sums, state: State) -> State | Result:
        """Estimates, and their averages, after the second pass.

        Raises : TooFewRecords where no site has an estimate.
        """
        centre, sites = state.arrays["centre"], state.facts["sites"]
        if state.step == "means":
            return State("spread", state.facts, {"centre": means(total, centre)})
        found = moments(total, centre)
        shape = len(sites), len(state.facts["groups"])
        n = found.n.reshape(shape)
        estimate, error, notes = estimates(
            self.statistic, n, found.mean.reshape(shape), found.variance.reshape(shape), sites
        )
        used = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
        if not used.any():
            raise TooFewRecords("No site has enough records for an estimate with a standard error.")
        pooling = pool(estimate[used], error[used], self.level)
        tables = {"sites": self._sites(sites, n, estimate, error, used, pooling), "pooled": self._pooled(pooling)}
        facts = pooling.heterogeneity()
        return Result(
            f"Meta-analysis of the {self.statistic}",
            total.persons,
            tables,
            facts | {"statistic": self.statistic, "level": self.level, "notes": notes},
        )

    def _groups(self, schema: Schema) -> list[str]:
        if self.statistic == "mean":
            if self.group is not None:
                raise InvalidRequest("The meta-analysis of a mean has no use for the setting 'group'.")
            return ["all"]
        if self.group is None:
            raise InvalidRequest(f"A {self.statistic} compares two groups: name their column in the setting 'group'.")
        levels = levels_of(schema, self.group)
        chosen = self.between or levels
        if len(chosen) != 2 or len(set(chosen)) != 2 or not set(chosen) <= set(levels):
            raise InvalidRequest(
                f"A {self.statistic} compares two groups, and '{self.group}' has the levels {', '.join(levels)}. "
                "Name two of them in the setting 'between'."
            )
        return list(chosen)

    def _sites(
        self,
        sites: list[str],
        n: NDArray[np.int64],
        estimate: NDArray[np.float64],
        error: NDArray[np.float64],
        used: NDArray[np.bool_],
        pooling: Pooling,
    ) -> dict[str, list[Any]]:
        width = reach(self.level) * error
        weights = np.zeros((2, len(sites)))
        weights[:, used] = pooling.fixed_weights, pooling.random_weights
        return {
            "site": sites,
            "n": [int(one) for one in n.sum(1)],
            "estimate": numbers(estimate),
            "se": numbers(error),
            "low": numbers(estimate - width),
            "high": numbers(estimate + width),
            "weight_fixed": numbers(weights[0]),
            "weight_random": numbers(weights[1]),
        }

    def _pooled(self, pooling: Pooling) -> dict[str, list[Any]]:
        rows = {"fixed": pooling.fixed, "random": pooling.random, "random, Hartung-Knapp": pooling.hartung_knapp}
        table: dict[str, list[Any]] = {"model": list(rows)}
        for key in ("estimate", "se", "low", "high", "p"):
            table[key] = numbers(getattr(row, key) for row in rows.values())
        if self.statistic.startswith("log"):
            for key in ("estimate", "low", "high"):
                table[f"ratio_{key}"] = numbers(np.exp([getattr(row, key) for row in rows.values()]))
        return table
