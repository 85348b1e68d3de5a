"""What carries bytes between hub and nodes: NVIDIA FLARE, as processes that hub and nodes supervise."""
