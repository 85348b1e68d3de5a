"""Sums that nobody sees the parts of: fixed-point words, secret sharing, secure aggregation. Knows no health.

``fixed_point`` and ``shamir`` need nothing but NumPy; ``keys`` and ``secure_sum`` need the extra ``secure``.
"""

from cohortium.crypto.fixed_point import Encoding
from cohortium.crypto.shamir import recover_secret, share_secret

__all__ = ["Encoding", "recover_secret", "share_secret"]
