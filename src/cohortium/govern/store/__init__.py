"""Where a hub or a node keeps its catalogue, permits and accounts: one database, SQLite or PostgreSQL."""

from cohortium.govern.store.store import Store, metadata

__all__ = ["Store", "metadata"]
