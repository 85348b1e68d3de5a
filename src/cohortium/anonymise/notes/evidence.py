"""What was measured about a release of notes, as the rows that the gate judges."""

from __future__ import annotations

import math
from typing import Any

from cohortium.anonymise.notes.anonymising import Account
from cohortium.anonymise.notes.tagger.tagger import Weights
from cohortium.records import Evidence, Finding, Question, Score

_NO_TABLE = "No table of known patients was given."


def evidence_of(account: Account, weights: Weights, facts: dict[str, Any], *, has_known: bool) -> Evidence:
    """The evidence of one release.

    facts : what else the release's identity card should say; holds "files" or "rows_released" already.
    """
    card = {
        **facts,
        "persons_real": account.patients,
        "notes": account.notes,
        "characters": account.characters,
        "spans_found": dict(sorted(account.found.items())),
        "spans_replaced": dict(sorted(account.replaced.items())),
        "spans_replaced_by_rule": dict(sorted(account.rules.items())),
        "notes_with_known_identifiers_left": account.notes_with_left,
        "decisions_of_people": account.reviewed,
        "language": weights.code,
        "tagger_tried_on": weights.tried_on,
    }
    return Evidence(card, _findings(account, weights, has_known=has_known))


def _findings(account: Account, weights: Weights, *, has_known: bool) -> tuple[Finding, ...]:
    notes = max(account.notes, 1)
    left = Score(float(account.left), n=account.in_known) if has_known else None
    known = Score(account.in_known / notes, n=account.notes) if has_known else None
    none = "" if has_known else _NO_TABLE
    doubts = Score(100 * account.doubts / notes, n=account.doubts)
    changed = Score(account.changed / max(account.characters, 1), n=account.characters)
    in_known = "Share of notes whose patient the record knows"
    in_doubt = "Doubtful places that nobody looked at, in 100 notes"
    return (
        Finding("known_identifiers_left", Question.PRIVACY, "Known identifiers left", left, "lower", reason=none),
        _recall(weights),
        Finding("notes_of_known_patients", Question.VALIDITY, in_known, known, "higher", reason=none),
        Finding("doubts_unreviewed", Question.PRIVACY, in_doubt, doubts, "lower"),
        Finding("characters_changed", Question.UTILITY, "Share of characters replaced", changed, "lower"),
    )


def _recall(weights: Weights) -> Finding:
    title = (
        f"Recall of the finder on {weights.tried_on or 'notes kept out of training'} (an estimate: your notes differ)"
    )
    covered, marks = weights.held_out.get("covered"), int(weights.held_out.get("marks", 0))
    if covered is None or not marks:
        reason = "This tagger was not tried on notes kept out of training."
        return Finding("finder_recall", Question.PRIVACY, title, None, "higher", reason=reason)
    low, high = _wilson(covered, marks)
    return Finding("finder_recall", Question.PRIVACY, title, Score(covered, low, high, n=marks), "higher")


def _wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half
