"""Judging a synthetic table against the persons of several sites, none of whom leaves: evidence from sums alone."""

from cohortium.evaluate.federated.findings import evidence_from_sums
from cohortium.evaluate.federated.judgement_sums import attack_sums, judgement_sums
from cohortium.evaluate.federated.yardstick import Yardstick

__all__ = ["Yardstick", "attack_sums", "evidence_from_sums", "judgement_sums"]
