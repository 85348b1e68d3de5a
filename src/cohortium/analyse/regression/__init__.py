"""What regressions have in common: the rows that they read, the engine of generalised linear models, and its tables."""
