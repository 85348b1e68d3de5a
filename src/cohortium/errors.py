"""Every exception that Cohortium raises on purpose.

CohortiumError
├── InvalidRecords        the records break what their schema, or a method, expects
│   └── SchemaMismatch    the schema contradicts the data it is meant to describe
├── SourceUnreadable      a file or database cannot be read as what it claims to be
├── TargetUnwritable      a result cannot be written where it was asked for
├── InvalidRequest        an option, expression or policy that cannot be understood
│   └── PartitionTooLarge it asks for partitions that a worker's memory does not hold
├── NotApplicable         the method has no meaning for these records; a status in reports
│   └── TooFewRecords     it would have, with more records
├── NotConverged          an iterative method stopped before its answer was stable
├── BudgetExhausted       the privacy budget does not cover what was asked for
├── DisclosureRefused     the gate refused to let a result out
├── PermitDenied          a site has not approved what it was asked to run
├── ProtocolViolation     a message between hub and node is not what was agreed on
├── SiteUnavailable       a site did not answer, and the study's quorum is not met without it
│   └── SessionLost       a site was started again and no longer knows the secure session; a new one is begun
└── MissingExtra          an optional family of packages is not installed

A message says what was expected, what came, and what to do. It names columns, counts and rules, never a
patient's value.
"""

from __future__ import annotations


class CohortiumError(Exception):
    """Root of every error that Cohortium raises on purpose."""


class InvalidRecords(CohortiumError):
    """The records break what their schema, or a method, expects of them."""


class SchemaMismatch(InvalidRecords):
    """The schema contradicts the data that it is meant to describe."""


class SourceUnreadable(CohortiumError):
    """A file or database cannot be read as what it claims to be."""


class TargetUnwritable(CohortiumError):
    """A result cannot be written where it was asked for; nothing was left half-written."""


class InvalidRequest(CohortiumError):
    """An option, expression or policy cannot be understood or contradicts another."""


class PartitionTooLarge(InvalidRequest):
    """Records larger than memory were cut into partitions of which one still does not fit."""


class NotApplicable(CohortiumError):
    """The method has no meaning for these records; reports show it as a status, not as a zero."""


class TooFewRecords(NotApplicable):
    """The method has a meaning here but needs more records than it was given."""


class NotConverged(CohortiumError):
    """An iterative method stopped before its answer was stable."""


class BudgetExhausted(CohortiumError):
    """The privacy budget does not cover what was asked for."""


class DisclosureRefused(CohortiumError):
    """The gate refused to let a result out; the message lists the rules that it broke."""


class PermitDenied(CohortiumError):
    """A site has not approved what it was asked to run; the message says what, never why a patient would matter."""


class ProtocolViolation(CohortiumError):
    """A message between hub and node is malformed, replayed, oversized, or not what was agreed on."""


class SiteUnavailable(CohortiumError):
    """A site did not answer in time, and the study's quorum is not met without it."""


class SessionLost(SiteUnavailable):
    """A site was started again and no longer knows the secure session; the hub begins a new one."""


class MissingExtra(CohortiumError):
    """An optional family of packages is needed and not installed."""
