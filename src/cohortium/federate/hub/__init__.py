"""The hub: the coordinator that asks the nodes, adds up, keeps checkpoints and never sees a record."""
