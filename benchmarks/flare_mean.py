"""FLARE's side of ``federation_peers``: what a site counts and adds up. Travels with the job, as is usual there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nvflare.apis.fl_context import FLContext
from nvflare.app_common.abstract.statistics_spec import DataType, Feature, Histogram, HistogramType, Statistics


class SiteColumn(Statistics):  # type: ignore[misc] # FLARE has no types
    """One column of the CSV file of this site, ``folder/NAME.csv``."""

    def __init__(self, folder: str, column: str) -> None:
        super().__init__()
        self.folder, self.column = folder, column
        self.values: list[float] = []

    def initialize(self, fl_ctx: FLContext) -> None:
        """Read the column."""
        path = Path(self.folder) / f"{fl_ctx.get_identity_name()}.csv"
        with path.open(encoding="utf-8") as stream:
            self.values = [float(row[self.column]) for row in csv.DictReader(stream)]

    def features(self) -> dict[str, list[Feature]]:
        """The column, of one data set."""
        return {"trial": [Feature(self.column, DataType.FLOAT)]}

    def count(self, dataset_name: str, feature_name: str) -> int:
        """Records."""
        return len(self.values)

    def sum(self, dataset_name: str, feature_name: str) -> float:
        """Their sum."""
        return sum(self.values)

    def mean(self, dataset_name: str, feature_name: str) -> float:
        """Their mean."""
        return sum(self.values) / len(self.values)

    def failure_count(self, dataset_name: str, feature_name: str) -> int:
        """None fail."""
        return 0

    def stddev(self, dataset_name: str, feature_name: str) -> float:
        """Not asked for."""
        raise NotImplementedError

    def variance_with_mean(
        self, dataset_name: str, feature_name: str, global_mean: float, global_count: float
    ) -> float:
        """Not asked for."""
        raise NotImplementedError

    def histogram(
        self, dataset_name: str, feature_name: str, num_of_bins: int, global_min_value: float, global_max_value: float
    ) -> Histogram:
        """Not asked for."""
        return Histogram(HistogramType.STANDARD, [])

    def max_value(self, dataset_name: str, feature_name: str) -> float:
        """Not asked for."""
        raise NotImplementedError

    def min_value(self, dataset_name: str, feature_name: str) -> float:
        """Not asked for."""
        raise NotImplementedError

    def quantiles(self, dataset_name: str, feature_name: str, percentiles: list[Any]) -> dict[str, Any]:
        """Not asked for."""
        raise NotImplementedError
