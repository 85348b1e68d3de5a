"""What was asked for stays in an answer of which a cell was blanked; what was computed with digits does not."""

from __future__ import annotations

import numpy as np
from tests.conformance.examples.example import patients

from cohortium.analyse import Cox
from cohortium.federate import Analysis, Study, simulate


def test_settings_stay_where_cells_are_blanked() -> None:
    table = patients(300)
    sites = {name: table.take(np.arange(place, 300, 3)) for place, name in enumerate(("a", "b", "c"))}
    asked = Cox("time_days", "died", ("age", "smoker"), ridge=0.25)
    answer = simulate(Study("Cox", "records", (Analysis("cox", asked),)), sites)["cox"]
    assert answer.tables["baseline"]["events"] == []  # single days: no row may be shown
    assert answer.facts["ridge"] == 0.25
    assert answer.facts["log_likelihood"] is None
