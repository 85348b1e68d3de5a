"""An application as people write it: a TOML file."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.govern.permits.permit import MICRO, Permit, permit_from_plain

EXAMPLE = """# An application for a data permit: cohortium permit draft application.toml
title = "Heart disease and exercise-induced angina"
purposes = ["research"]                      # Article 53: research, education, care; for public bodies also
                                             # public_health, policy, statistics
minimisation = "Age and sex adjust, angina is the exposure, disease the outcome; no other column is needed."
ethics = "Ethics committee of the faculty, 2026-117"
algorithms = ["describe", "logistic_regression"]
modes = ["secure"]                           # secure, dp, plain
outputs = ["table"]                          # table, plot, model, synthetic
starts = 2026-12-01
ends = 2028-11-30
# epsilon = 1.0                              # only with mode dp: the budget of all runs together
# delta = 1e-5
# renews = "P-2025-0007"

[applicant]
name = "Ann Example"
organisation = "University of Mainz"
country = "DE"
public_body = false

[[datasets]]
dataset = "heart"
sites = ["cleveland", "budapest", "zurich-basel"]
columns = ["age", "sex", "exang", "num"]
"""
_DAYS = ("starts", "ends")


def read_application(path: Path) -> dict[str, Any]:
    """What a file asks for, as ``Register.draft`` takes it: without a number, which the authority gives.

    Raises : InvalidRequest where the file cannot be read, a part is missing, unknown or contradicts another.
    """
    try:
        plain: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {type(error).__name__}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} is not TOML: {error}.") from error
    for name in _DAYS:
        if type(plain.get(name)) is not date:
            raise InvalidRequest(f"An application says '{name}' as a day, such as {name} = 2026-12-01.")
        plain[name] = plain[name].isoformat()
    if "epsilon" in plain:
        epsilon = plain.pop("epsilon")
        if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0 < epsilon < 1e6:
            raise InvalidRequest("An application's epsilon is a number above 0.")
        plain["micro_epsilon"] = round(epsilon * MICRO)
    _check(plain)
    return plain


def _check(plain: dict[str, Any]) -> None:
    """Raises where the permit could not be made, naming what is missing or unknown; the account is filled in later."""
    applicant = plain.get("applicant")
    if not isinstance(applicant, dict):
        raise InvalidRequest("An application needs its [applicant]: name, organisation and country.")
    needed = {"title", "purposes", "datasets", "algorithms", "modes", "outputs", "minimisation", "ethics", *_DAYS}
    known = {name for name in Permit.__slots__ if name not in ("number",)}
    missing, unknown = sorted(needed - set(plain)), sorted(set(plain) - known)
    if missing or unknown:
        told = [f"lacks {missing}" if missing else "", f"has no part {unknown}" if unknown else ""]
        raise InvalidRequest(f"An application {' and '.join(filter(None, told))}; its parts are {sorted(known)}.")
    permit_from_plain({**plain, "number": "draft", "applicant": {**applicant, "account": "applicant"}})
