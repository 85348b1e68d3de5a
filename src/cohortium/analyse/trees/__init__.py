"""Trees across sites: one tree, forests and boosted trees, grown a level at a time from summed histograms."""

from cohortium.analyse.trees.fitted import predict, survival

__all__ = ["predict", "survival"]
