"""What somebody is at a hub or node; an account has one or several."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The four people, and two that look after them."""

    STEWARD = "steward"
    RESEARCHER = "researcher"
    PROTECTION = "data protection officer"
    CLINICIAN = "clinician"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
