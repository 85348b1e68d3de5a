"""Examples of algorithms that test and compare."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.conformance.examples.example import Example, patients

from cohortium.analyse import Anova, Calibration, Correlation, Discrimination, MetaAnalysis, TableOne, TTest
from cohortium.records import Column, Kind, Schema, Table


def predicted_patients() -> Table:
    """The made patients with a probability of relapse that somebody predicted for them."""
    table = patients()
    logit = 0.05 * (table.numeric("age") - 62) + 0.8 * table.codes("stage")[0] - 0.4
    arrow = table.arrow.append_column("predicted", pa.array(1 / (1 + np.exp(-logit))))
    return Table(arrow, Schema((*table.schema.columns, Column("predicted", Kind.CONTINUOUS))))


EXAMPLES: dict[str, Example] = {
    "anova": Example(Anova("marker", "stage"), patients),
    "calibration": Example(Calibration("predicted", "relapse"), predicted_patients),
    "correlation": Example(Correlation(("age", "marker", "visits")), patients),
    "discrimination": Example(Discrimination("predicted", "relapse", bins=100), predicted_patients),
    "meta_analysis": Example(MetaAnalysis("hospital", "relapse", "log odds ratio", group="treated"), patients),
    "t_test": Example(TTest("marker", "treated"), patients),
    "table_one": Example(TableOne(("age", "marker", "stage", "smoker"), "treated"), patients),
}
