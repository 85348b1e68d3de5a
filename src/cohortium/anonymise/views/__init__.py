"""Views: how exactly a role sees each column for a purpose, by labels and one policy; hidden unless allowed."""

from cohortium.anonymise.views.attribute_policy import AttributePolicy, Rule, load_attribute_policy
from cohortium.anonymise.views.precision import Precision, stricter
from cohortium.anonymise.views.view import View, view, view_with_account

__all__ = [
    "AttributePolicy",
    "Precision",
    "Rule",
    "View",
    "load_attribute_policy",
    "stricter",
    "view",
    "view_with_account",
]
