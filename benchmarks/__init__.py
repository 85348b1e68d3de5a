"""Our own numbers and those of peers, measured on the same rows by the same metrics. See README.md beside this file."""
