"""Tables whose rows no longer single anybody out: hierarchies, privacy models, and the search for the least loss."""
