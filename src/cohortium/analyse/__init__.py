"""Statistics and models, each written once as additive summaries and a step on their sum."""

from cohortium.analyse.anova import Anova
from cohortium.analyse.calibration import Calibration
from cohortium.analyse.cohort_count import CohortCount
from cohortium.analyse.competing_risks import CompetingRisks
from cohortium.analyse.contingency import Contingency
from cohortium.analyse.correlation import Correlation
from cohortium.analyse.cox import Cox
from cohortium.analyse.decision_tree import DecisionTree
from cohortium.analyse.describe import Describe
from cohortium.analyse.discrimination import Discrimination
from cohortium.analyse.explainable_boosting import ExplainableBoosting
from cohortium.analyse.gradient_boosting import GradientBoosting
from cohortium.analyse.gray_test import GrayTest
from cohortium.analyse.histogram import Histogram
from cohortium.analyse.iptw import IPTW
from cohortium.analyse.k_means import KMeans
from cohortium.analyse.kaplan_meier import KaplanMeier
from cohortium.analyse.linear_mixed_model import LinearMixedModel
from cohortium.analyse.linear_regression import LinearRegression
from cohortium.analyse.log_rank import LogRank
from cohortium.analyse.logistic_regression import LogisticRegression
from cohortium.analyse.meta_analysis import MetaAnalysis
from cohortium.analyse.negative_binomial_regression import NegativeBinomialRegression
from cohortium.analyse.neural import NeuralNetwork
from cohortium.analyse.partitioned import partitioned
from cohortium.analyse.pca import PCA
from cohortium.analyse.poisson_regression import PoissonRegression
from cohortium.analyse.quantiles import Quantiles
from cohortium.analyse.random_forest import RandomForest
from cohortium.analyse.run import drive, over_sites, pooled
from cohortium.analyse.t_test import TTest
from cohortium.analyse.table_one import TableOne
from cohortium.analyse.workers import local_client

__all__ = [
    "IPTW",
    "PCA",
    "Anova",
    "Calibration",
    "CohortCount",
    "CompetingRisks",
    "Contingency",
    "Correlation",
    "Cox",
    "DecisionTree",
    "Describe",
    "Discrimination",
    "ExplainableBoosting",
    "GradientBoosting",
    "GrayTest",
    "Histogram",
    "KMeans",
    "KaplanMeier",
    "LinearMixedModel",
    "LinearRegression",
    "LogRank",
    "LogisticRegression",
    "MetaAnalysis",
    "NegativeBinomialRegression",
    "NeuralNetwork",
    "PoissonRegression",
    "Quantiles",
    "RandomForest",
    "TTest",
    "TableOne",
    "drive",
    "local_client",
    "over_sites",
    "partitioned",
    "pooled",
]
