"""The parts of differentially private tables: columns, choice of marginals, the model that agrees with them."""
