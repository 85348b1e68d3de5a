"""Releases that are k-anonymous over several hospitals together, though none shows its rows to another."""

from cohortium.anonymise.tables.federated.joint_anonymity import JointAnonymity
from cohortium.anonymise.tables.federated.joint_release import joint_recoding, read_joint_answer

__all__ = ["JointAnonymity", "joint_recoding", "read_joint_answer"]
