"""Accounts: who somebody is, and what opens the door."""

from cohortium.govern.accounts.accounts import Account, Accounts, Session
from cohortium.govern.accounts.roles import Role

__all__ = ["Account", "Accounts", "Role", "Session"]
