"""perturb: a number becomes another one near it."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.methods.method import Applied, Context, Method
from cohortium.anonymise.fhir.rule import Rule
from cohortium.anonymise.fhir.structure import NUMBERS

_STEPS = 1 << 53


def perturbing(rule: Rule) -> Method:
    """Noise that is even over -span/2 to span/2, or over that share of the value; other types than numbers stay.

    The noise follows from the keys, the resource and the path, so that repeated exports do not average it out.
    """

    def perturb(value: Any, kind: str, path: str, _holder: dict[str, Any], context: Context) -> Applied:
        if kind not in NUMBERS or isinstance(value, bool) or not isinstance(value, int | float):
            return Applied(value, "keep")
        whose = f"{context.resource['resourceType']}/{context.resource.get('id', '')} {path} {value!r}"
        even = context.ring.number("fhir/perturb", whose, _STEPS) / _STEPS - 0.5
        noise = even * rule.span * (value if rule.proportional else 1)
        places = rule.round_to if rule.round_to is not None else (2 if kind == "decimal" else 0)
        noisy = round(value + noise, places)
        lowest = {"positiveInt": 1, "unsignedInt": 0}.get(kind)
        whole = int(noisy) if kind != "decimal" or not places else noisy
        return Applied(whole if lowest is None else max(lowest, whole), "perturb")

    return perturb
