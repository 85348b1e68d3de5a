"""Tables of accounts. Whatever opens a door is kept as a digest only."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint

from cohortium.govern.store import metadata

ACCOUNTS = Table(
    "accounts",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("roles", Text, nullable=False),
    Column("password", Text),
    Column("one_time_secret", Text),
    Column("one_time_last", Integer, nullable=False, default=0),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("made", String(40), nullable=False),
)
RECOVERY = Table(
    "recovery_codes",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("digest", String(64), primary_key=True),
)
INVITATIONS = Table(
    "account_invitations",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("roles", Text, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("made_by", String(64), nullable=False),
)
SESSIONS = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("begun", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("with_second_factor", Boolean, nullable=False),
)
TOKENS = Table(
    "api_tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("label", String(100), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("last_used", Integer, nullable=False, default=0),
    Column("made", Integer, nullable=False),
    UniqueConstraint("account", "label"),
)
ATTEMPTS = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, index=True),
    Column("at", Integer, nullable=False),
)
