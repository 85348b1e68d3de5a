"""For which purposes health data may be used a second time, and for which never.

Source : Regulation (EU) 2025/327 (European Health Data Space), Articles 53 and 54.
"""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """The closed list of Article 53(1). No other purpose can be permitted."""

    PUBLIC_HEALTH = "public_health"
    POLICY = "policy"
    STATISTICS = "statistics"
    EDUCATION = "education"
    RESEARCH = "research"
    CARE = "care"

    @property
    def article(self) -> str:
        """Where it stands in the Regulation."""
        return f"Article 53(1), point ({'abcdef'[list(Purpose).index(self)]})"

    @property
    def in_words(self) -> str:
        """For people."""
        return _WORDS[self]

    @property
    def public_bodies_only(self) -> bool:
        """Points (a) to (c) are for public sector bodies and Union institutions alone: Article 53(2)."""
        return self in (Purpose.PUBLIC_HEALTH, Purpose.POLICY, Purpose.STATISTICS)


_WORDS = {
    Purpose.PUBLIC_HEALTH: "the public interest in public or occupational health: protection against cross-border "
    "threats, surveillance, quality and safety of care, medicines and devices",
    Purpose.POLICY: "policy making and regulatory activities that support public bodies in the health or care sector",
    Purpose.STATISTICS: "official statistics on the health or care sectors",
    Purpose.EDUCATION: "education or teaching in the health or care sectors, at vocational or higher level",
    Purpose.RESEARCH: "scientific research that contributes to public health, health technology assessment, or the "
    "quality and safety of care, medicines or devices; the training and testing of algorithms among it",
    Purpose.CARE: "better delivery of care, better treatments and personal care, based on the health data of others",
}

PROHIBITED = (
    "decisions to the detriment of a person or a group on the basis of their health data",
    "decisions about job offers, insurance or credit terms, or other discrimination, on that basis",
    "advertising and marketing",
    "developing products or services that may harm people, public health or society",
    "activities against ethical provisions of national law",
)
"""What Article 54 prohibits, in short; an applicant confirms each."""
