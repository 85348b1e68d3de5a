"""Charts as pure functions from plain data to a string of SVG, one kind per file."""

from cohortium.evaluate.report.charts.bars import offset, pair, ranking
from cohortium.evaluate.report.charts.forest import Rule, forest
from cohortium.evaluate.report.charts.heat_map import heat_map
from cohortium.evaluate.report.charts.interval import interval
from cohortium.evaluate.report.charts.legend import sample
from cohortium.evaluate.report.charts.marginal import distance, histogram, levels
from cohortium.evaluate.report.charts.pca import pca
from cohortium.evaluate.report.charts.roc import roc, strongest
from cohortium.evaluate.report.charts.style import style
from cohortium.evaluate.report.charts.survival import survival

__all__ = [
    "Rule",
    "distance",
    "forest",
    "heat_map",
    "histogram",
    "interval",
    "levels",
    "offset",
    "pair",
    "pca",
    "ranking",
    "roc",
    "sample",
    "strongest",
    "style",
    "survival",
]
