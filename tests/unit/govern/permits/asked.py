"""A permit that tests start from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from cohortium.govern.permits.permit import Applicant, DatasetUse, Permit
from cohortium.govern.permits.purposes import Purpose


def permit(**changes: Any) -> Permit:
    made = Permit(
        number="P-2026-1",
        title="Anaemia in childhood",
        applicant=Applicant("ann", "Ann Example", "University of Mainz", "DE"),
        purposes=(Purpose.RESEARCH,),
        datasets=(DatasetUse("anaemia", ("mainz", "turin"), ("age", "hb", "relapse")),),
        algorithms=("cox", "describe"),
        modes=("secure", "dp"),
        outputs=("table", "plot"),
        minimisation="Age and haemoglobin are the exposure, relapse the outcome.",
        ethics="Ethics committee Mainz, 2026-117",
        starts=date(2026, 1, 1),
        ends=date(2027, 12, 31),
        micro_epsilon=2_000_000,
        delta=1e-5,
    )
    return replace(made, **changes)
