"""Statistics from sums over sites against scipy, statsmodels and scikit-learn on the pooled records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.stats import contingency
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.oneway import anova_oneway
from tests.conformance.examples.example import patients
from tests.conformance.examples.statistics import predicted_patients

from cohortium.analyse import (
    Anova,
    Calibration,
    CohortCount,
    Contingency,
    Correlation,
    Discrimination,
    Histogram,
    MetaAnalysis,
    Quantiles,
    TableOne,
    TTest,
    over_sites,
)
from cohortium.numerics import intervals
from cohortium.numerics.binned_roc import BinnedRoc
from cohortium.numerics.fisher_exact import fisher_exact
from cohortium.numerics.inverse_variance import pool
from cohortium.records import Algorithm, Result, Table

TABLE = predicted_patients()
FRAME = TABLE.to_pandas().assign(stage=lambda f: f.stage.astype(str), hospital=lambda f: f.hospital.astype(str))


def answer(algorithm: Algorithm, table: Table = TABLE) -> Result:
    """Over three sites of different size."""
    rows = np.random.default_rng(5).permutation(len(table))
    return over_sites(algorithm, [table.take(rows[:50]), table.take(rows[50:180]), table.take(rows[180:])])


def values(group: str, level: object, column: str = "marker") -> np.ndarray:
    return FRAME.loc[FRAME[group] == level, column].dropna().to_numpy(dtype=float)


@pytest.mark.parametrize("kind", ["welch", "student"])
def test_t_test_of_two_groups(kind: str) -> None:
    facts = answer(TTest("marker", "treated", kind)).facts
    expected = stats.ttest_ind(values("treated", False), values("treated", True), equal_var=kind == "student")
    low, high = expected.confidence_interval()
    found = [facts[key] for key in ("statistic", "p", "df", "low", "high")]
    assert found == pytest.approx([expected.statistic, expected.pvalue, expected.df, low, high], rel=1e-10)


def test_t_test_of_one_group_and_of_pairs() -> None:
    age, time = FRAME.age.to_numpy(), FRAME.time_days.to_numpy(dtype=float)
    one = answer(TTest("age", kind="one-sample", value=61.0)).facts
    assert [one["statistic"], one["p"]] == pytest.approx(list(stats.ttest_1samp(age, 61.0)), rel=1e-10)
    pair = answer(TTest("age", kind="paired", second="time_days")).facts
    expected = stats.ttest_rel(age, time)
    assert [pair["statistic"], pair["p"]] == pytest.approx([expected.statistic, expected.pvalue], rel=1e-9)


def test_analysis_of_variance() -> None:
    facts = answer(Anova("marker", "stage")).facts
    groups = [values("stage", level) for level in ("I", "II", "III")]
    assert [facts["F"], facts["p"]] == pytest.approx(list(stats.f_oneway(*groups)), rel=1e-10)
    welch = anova_oneway(groups, use_var="unequal", welch_correction=True)
    found = [facts["welch_F"], facts["welch_p"], facts["welch_df"]]
    assert found == pytest.approx([welch.statistic, welch.pvalue, welch.df_denom], rel=1e-9)


@pytest.mark.parametrize("continuity", [False, True])
def test_contingency_of_two_by_two(continuity: bool) -> None:
    facts = answer(Contingency("smoker", "relapse", continuity)).facts
    cells = pd.crosstab(FRAME.smoker, FRAME.relapse).to_numpy()
    expected = stats.chi2_contingency(cells, correction=continuity)
    assert [facts["chi_square"], facts["p"]] == pytest.approx([expected.statistic, expected.pvalue], rel=1e-10)
    assert facts["fisher"]["p"] == pytest.approx(stats.fisher_exact(cells).pvalue, rel=1e-9)
    ratio = contingency.odds_ratio(cells)
    interval = ratio.confidence_interval()
    found = [facts["fisher"][key] for key in ("odds_ratio", "low", "high")]
    assert found == pytest.approx([ratio.statistic, interval.low, interval.high], rel=1e-6)


def test_contingency_of_more_levels() -> None:
    facts = answer(Contingency("stage", "cause")).facts
    cells = pd.crosstab(FRAME.stage, FRAME.cause.astype(str)).to_numpy()
    expected = stats.chi2_contingency(cells, correction=False)
    assert [facts["chi_square"], facts["p"], facts["df"]] == pytest.approx(list(expected[:3]), rel=1e-10)
    assert facts["cramers_v"] == pytest.approx(contingency.association(cells, method="cramer"), rel=1e-10)


@pytest.mark.parametrize("cells", [[[3, 0], [1, 4]], [[0, 5], [7, 0]], [[10, 2], [3, 15]], [[1200, 900], [800, 1000]]])
def test_fisher_on_small_and_lopsided_tables(cells: list[list[int]]) -> None:
    found, ratio = fisher_exact(np.array(cells)), contingency.odds_ratio(cells)
    interval = ratio.confidence_interval()
    assert found.p == pytest.approx(stats.fisher_exact(cells).pvalue, rel=1e-8)
    assert [found.odds_ratio, found.low, found.high] == pytest.approx(
        [ratio.statistic, interval.low, interval.high], rel=1e-6
    )


def test_correlation() -> None:
    complete = FRAME[["age", "marker", "visits"]].dropna().to_numpy(dtype=float)
    table = answer(Correlation(("age", "marker", "visits"))).frame("pairs")
    for row, (i, j) in zip(table.itertuples(), [(0, 1), (0, 2), (1, 2)], strict=True):
        expected = stats.pearsonr(complete[:, i], complete[:, j])
        low, high = expected.confidence_interval()
        assert [row.r, row.p, row.low, row.high] == pytest.approx(
            [expected.statistic, expected.pvalue, low, high], rel=1e-9
        )


def test_histogram_and_cohort_against_plain_counting() -> None:
    found = answer(Histogram("age", edges=(20.0, 50.0, 60.0, 61.5, 90.0)))
    assert found.tables["bins"]["n"] == np.histogram(FRAME.age, [20, 50, 60, 61.5, 90])[0].tolist()
    steps = answer(CohortCount(("age >= 50", "smoker = true"), ("stage",))).tables
    kept = FRAME[(FRAME.age >= 50) & FRAME.smoker.astype(bool)]
    assert steps["steps"]["persons"] == [len(FRAME), int((FRAME.age >= 50).sum()), len(kept)]
    assert steps["groups"]["persons"][-4:-1] == kept.stage.value_counts().reindex(["I", "II", "III"]).tolist()


@pytest.mark.parametrize("ranges", [(), ((0.0, 50.0), (0.0, 40.0), (0.0, 3000.0))])
@pytest.mark.parametrize("cuts", [1, 15])
def test_quantiles_lie_within_their_tolerance(ranges: tuple[tuple[float, float], ...], cuts: int) -> None:
    names, shares = ("marker", "visits", "time_days"), (0.01, 0.25, 0.5, 0.9)
    table = answer(Quantiles(names, shares, ranges, tolerance=1e-5, cuts=cuts)).frame("quantiles")
    for row in table.itertuples():
        expected = np.quantile(FRAME[row.variable].dropna().to_numpy(dtype=float), row.p)
        assert abs(row.value - expected) <= row.tolerance * (1 + 1e-9) + 1e-12
        assert row.tolerance <= 1e-5 * 64
        assert row.variable == "marker" or row.tolerance == 0


def test_table_one() -> None:
    tests = answer(TableOne(("age", "stage", "smoker"), "treated")).frame("tests").set_index("variable")
    old, new = values("treated", False, "age"), values("treated", True, "age")
    expected = abs(old.mean() - new.mean()) / np.sqrt((old.var(ddof=1) + new.var(ddof=1)) / 2)
    assert tests.smd["age"] == pytest.approx(expected, rel=1e-10)
    assert tests.p["age"] == pytest.approx(stats.ttest_ind(old, new, equal_var=False).pvalue, rel=1e-9)
    a, b = values("treated", False, "smoker").mean(), values("treated", True, "smoker").mean()
    assert tests.smd["smoker"] == pytest.approx(abs(a - b) / np.sqrt((a * (1 - a) + b * (1 - b)) / 2), rel=1e-10)
    shares = pd.crosstab(FRAME.stage, FRAME.treated, normalize="columns").to_numpy()[1:]
    spread = sum(np.diag(shares[:, g]) - np.outer(shares[:, g], shares[:, g]) for g in (0, 1)) / 2
    gap = shares[:, 0] - shares[:, 1]
    assert tests.smd["stage"] == pytest.approx(np.sqrt(gap @ np.linalg.solve(spread, gap)), rel=1e-10)


@pytest.mark.parametrize("statistic", ["mean difference", "log odds ratio", "log risk ratio", "risk difference"])
def test_meta_analysis(statistic: str) -> None:
    variable = "marker" if statistic == "mean difference" else "relapse"
    found = answer(MetaAnalysis("hospital", variable, statistic, group="treated", between=("true", "false")))
    effects, variances = [], []
    for _, rows in FRAME.dropna(subset=[variable]).groupby("hospital"):
        new, old = (rows.loc[rows.treated == side, variable].astype(float) for side in (True, False))
        cells = sm.stats.Table2x2(np.array([[new.sum(), (1 - new).sum()], [old.sum(), (1 - old).sum()]]), False)
        effect, variance = {
            "mean difference": (new.mean() - old.mean(), new.var() / len(new) + old.var() / len(old)),
            "log odds ratio": (cells.log_oddsratio, cells.log_oddsratio_se**2) if variable == "relapse" else (0, 0),
            "log risk ratio": (cells.log_riskratio, cells.log_riskratio_se**2) if variable == "relapse" else (0, 0),
            "risk difference": (new.mean() - old.mean(), new.var(ddof=0) / len(new) + old.var(ddof=0) / len(old)),
        }[statistic]
        effects.append(effect)
        variances.append(variance)
    expected = combine_effects(np.array(effects), np.array(variances), method_re="chi2", use_t=False)
    pooled = found.frame("pooled").set_index("model")
    assert found.tables["sites"]["estimate"] == pytest.approx(effects, rel=1e-9)
    assert pooled.estimate["fixed"] == pytest.approx(expected.mean_effect_fe, rel=1e-9)
    assert pooled.se["fixed"] == pytest.approx(expected.sd_eff_w_fe, rel=1e-9)
    assert found.facts["q"] == pytest.approx(expected.q, rel=1e-9)
    if expected.tau2 < 0:  # statsmodels goes on with a variance below 0
        assert found.facts["tau_squared"] == 0
        assert pooled.estimate["random"] == pooled.estimate["fixed"]
    else:
        assert pooled.estimate["random"] == pytest.approx(expected.mean_effect_re, rel=1e-9)
        assert found.facts["tau_squared"] == pytest.approx(expected.tau2, rel=1e-9)


def test_meta_analysis_of_sites_that_differ() -> None:
    """Where tau squared is above 0, the random-effects models agree too."""
    effects, variances = np.array([0.61, 0.05, -0.2, 1.3]), np.array([0.02, 0.03, 0.015, 0.04])
    pooling = pool(effects, np.sqrt(variances))
    expected = combine_effects(effects, variances, method_re="chi2", use_t=False)
    assert expected.tau2 > 0.1
    found = [pooling.random.estimate, pooling.random.se, pooling.hartung_knapp.se, pooling.tau_squared]
    assert found == pytest.approx(
        [expected.mean_effect_re, expected.sd_eff_w_re, expected.sd_eff_w_re_hksj, expected.tau2], rel=1e-9
    )
    assert pooling.heterogeneity()["i_squared"] == pytest.approx(expected.i2, rel=1e-9)


def test_discrimination() -> None:
    facts = answer(Discrimination("predicted", "relapse", bins=100_000)).facts
    outcome, score = FRAME.relapse.to_numpy(dtype=bool), FRAME.predicted.to_numpy()
    assert abs(facts["auc"] - roc_auc_score(outcome, score)) <= facts["auc_resolution"] + 1e-12
    assert facts["brier"] == pytest.approx(brier_score_loss(outcome, score), rel=1e-10)
    coarse = answer(Discrimination("predicted", "relapse", bins=50))
    binned = np.floor(score * 50)
    exact = intervals.auc(binned[outcome], binned[~outcome])
    found = [coarse.facts[key] for key in ("auc", "auc_low", "auc_high")]
    assert found == pytest.approx([exact.value, exact.low, exact.high], rel=1e-10)
    false_positive, sensitivity, _ = roc_curve(outcome, binned, drop_intermediate=False)
    curve = coarse.frame("roc")
    for share, hit in zip(false_positive, sensitivity, strict=True):
        assert np.hypot(1 - curve.specificity - share, curve.sensitivity - hit).min() < 1e-12


def test_hanley_mcneil_published_example() -> None:
    """The 109 images of Hanley and McNeil 1982, table 1: area 0.893, standard error 0.032."""
    roc = BinnedRoc(np.array([3, 2, 2, 11, 33]), np.array([33, 6, 6, 11, 2]))
    assert roc.area == pytest.approx(0.893, abs=5e-4)
    assert roc.hanley_mcneil_error() == pytest.approx(0.032, abs=1e-3)


def test_calibration() -> None:
    found = answer(Calibration("predicted", "relapse"))
    outcome, score = FRAME.relapse.to_numpy(dtype=float), FRAME.predicted.to_numpy()
    logit = np.log(score / (1 - score))
    line = sm.Logit(outcome, sm.add_constant(logit)).fit(disp=0, tol=1e-12)
    large = sm.GLM(outcome, np.ones((len(logit), 1)), offset=logit, family=sm.families.Binomial()).fit(tol=1e-12)
    for name, fit in (("slope", line), ("intercept", large)):
        low, high = fit.conf_int()[-1]
        keys = (name, f"{name}_low", f"{name}_high")
        assert [found.facts[key] for key in keys] == pytest.approx([fit.params[-1], low, high], rel=1e-7)
    assert found.facts["observed_to_expected"] == pytest.approx(outcome.sum() / score.sum(), rel=1e-10)
    groups = found.frame("groups")
    assert groups.n.sum() == len(FRAME)
    assert groups.n.between(30, 50).all()
    inside = (score >= groups.low[3]) & (score < groups.high[3])
    assert [groups.n[3], groups.predicted[3], groups.observed[3]] == pytest.approx(
        [inside.sum(), score[inside].mean(), outcome[inside].mean()], rel=1e-10
    )


def test_whole_population_is_what_the_examples_are_drawn_from() -> None:
    """The oracles above look at the same records that the sums are of."""
    assert len(FRAME) == len(TABLE) == len(patients())
