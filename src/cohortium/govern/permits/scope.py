"""Whether a use is within a permit: every reason why it is not, in words that its applicant understands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cohortium.govern.permits.permit import MICRO, Permit


@dataclass(frozen=True, slots=True)
class Use:
    """What a run would do.

    account    : who asks.
    columns    : that it reads or selects by.
    outputs    : kinds of what would leave.
    epsilon, delta : of a run in mode "dp"; 0 otherwise.
    spent_micro_epsilon : what earlier runs under the permit have cost, in millionths.
    """

    account: str
    dataset: str
    sites: tuple[str, ...]
    columns: tuple[str, ...]
    algorithms: tuple[str, ...]
    mode: str
    outputs: tuple[str, ...]
    day: date
    epsilon: float = 0.0
    delta: float = 0.0
    spent_micro_epsilon: int = 0


def reasons_against(permit: Permit, use: Use) -> tuple[str, ...]:
    """Why the permit does not cover the use; none where it does."""
    against = []
    if use.account != permit.applicant.account:
        against.append(f"It is {permit.applicant.account}'s, and {use.account} asks.")
    if not permit.starts <= use.day <= permit.ends:
        against.append(f"It is valid from {permit.starts} to {permit.ends}, and today is {use.day}.")
    held = permit.of(use.dataset)
    if held is None:
        against.append(f"It does not name the dataset {use.dataset}.")
    else:
        against += _beyond("columns", use.columns, held.columns)
        against += _beyond("sites", use.sites, held.sites)
    against += _beyond("algorithms", use.algorithms, permit.algorithms)
    against += _beyond("trust modes", (use.mode,), permit.modes)
    against += _beyond("kinds of results", use.outputs, permit.outputs)
    if use.mode == "dp" and "dp" in permit.modes:
        left = permit.micro_epsilon - use.spent_micro_epsilon
        if round(use.epsilon * MICRO) > left:
            against.append(
                f"Of its epsilon of {permit.epsilon:g}, {max(left, 0) / MICRO:g} is left; {use.epsilon:g} is asked for."
            )
        if use.delta > permit.delta:
            against.append(f"It allows a delta of {permit.delta:g}; the run asks for {use.delta:g}.")
    return tuple(against)


def _beyond(what: str, asked: tuple[str, ...], allowed: tuple[str, ...]) -> list[str]:
    more = sorted(set(asked) - set(allowed))
    return [f"It does not allow the {what} {', '.join(more)}."] if more else []
