"""Receipts: what a released result came from, checked by anybody without asking anybody."""

from cohortium.govern.ledger.checking import Check
from cohortium.govern.receipts.receipt import receipt, record_release
from cohortium.govern.receipts.release import Release
from cohortium.govern.receipts.verification import Trusted, verify_receipt

__all__ = ["Check", "Release", "Trusted", "receipt", "record_release", "verify_receipt"]
