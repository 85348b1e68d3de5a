"""Pages that people work in, served by hub and node. No build step, no network, readable without scripts."""
