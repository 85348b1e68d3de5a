"""Survival over four sites beside lifelines and statsmodels, which see all records in one table."""

from __future__ import annotations

import warnings

import lifelines
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lifelines.datasets import load_gbsg2, load_lung
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import concordance_index, median_survival_times
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

from cohortium.analyse import CompetingRisks, Cox, KaplanMeier, LogRank, over_sites
from cohortium.records import Column, Kind, Result, Schema, Table

SIZES = (0.1, 0.5, 0.5)


def table_of(frame: pd.DataFrame) -> Table:
    columns = [Column(name, Kind.CATEGORICAL if frame[name].dtype.kind in "OUT" else Kind.CONTINUOUS) for name in frame]
    arrays = {name: pa.array(frame[name].tolist(), from_pandas=True) for name in frame}
    return Table(pa.table(arrays), Schema(tuple(columns)))


def sites(frame: pd.DataFrame) -> list[Table]:
    """Four sites, one of them empty."""
    order = np.random.default_rng(3).permutation(len(frame))
    cuts = [round(share * len(frame)) for share in SIZES]
    return [table_of(frame).take(part) for part in np.split(order, cuts)]


def breast(step: float = 1) -> pd.DataFrame:
    data = load_gbsg2()
    return pd.DataFrame(
        {
            "time": np.ceil(data.time.to_numpy(float) / step),
            "event": data.cens.astype(float),
            "age": data.age.astype(float),
            "size": data.tsize.astype(float),
            "nodes": data.pnodes.astype(float),
            "grade": data.tgrade.astype(str),
            "hormones": data.horTh.astype(str),
            "menopause": data.menostat.astype(str),
        }
    )


def lung() -> pd.DataFrame:
    data = load_lung()[["time", "status", "age", "sex", "ph.ecog"]].dropna()
    return data.astype(float).rename(columns={"status": "event", "ph.ecog": "ecog"})


FRAMES = {"breast": breast(), "breast, many ties": breast(90)}


def run(algorithm: object, frame: pd.DataFrame) -> Result:
    return over_sites(algorithm, sites(frame))  # type: ignore[arg-type]


def of(frame: pd.DataFrame, **values: str) -> pd.DataFrame:
    """The rows that have these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.mark.parametrize("case", FRAMES)
def test_kaplan_meier(case: str) -> None:
    frame = FRAMES[case]
    answer = run(KaplanMeier("time", "event", ("grade",), at_days=(5.0, 400.0)), frame)
    for grade, part in frame.groupby("grade"):
        theirs = lifelines.KaplanMeierFitter().fit(part.time, part.event)
        ours = of(answer.frame("curve"), group=grade)
        np.testing.assert_allclose(ours.survival, theirs.survival_function_.loc[ours.time].iloc[:, 0], atol=1e-12)
        np.testing.assert_allclose(
            ours[["low", "high"]].to_numpy(float)[:-1],
            theirs.confidence_interval_.loc[ours.time].to_numpy()[:-1],
            atol=1e-10,
        )
        np.testing.assert_array_equal(ours.at_risk, theirs.event_table.at_risk.loc[ours.time])
        summary = of(answer.frame("groups"), group=grade).iloc[0]
        limits = median_survival_times(theirs.confidence_interval_).to_numpy()[0]
        expected = np.where(
            np.isinf([theirs.median_survival_time_, *limits]), np.nan, [theirs.median_survival_time_, *limits]
        )
        np.testing.assert_allclose(summary[["median", "median_low", "median_high"]].astype(float), expected)
        mean = lifelines.utils.restricted_mean_survival_time(theirs, answer.facts["restricted_to"])
        assert summary.restricted_mean == pytest.approx(mean, rel=1e-9)
        at = of(answer.frame("at_times"), group=grade)
        known = at.at_risk > 0
        np.testing.assert_allclose(at.survival[known].astype(float), theirs.predict(at.time[known]), atol=1e-12)


def test_kaplan_meier_with_late_entry() -> None:
    frame = lung()
    frame["entry"] = np.floor(frame.time * np.random.default_rng(0).uniform(0, 0.8, len(frame)))
    answer = run(KaplanMeier("time", "event", entry="entry"), frame).frame("curve")
    theirs = SurvfuncRight(frame.time, frame.event, entry=frame.entry)
    place = np.searchsorted(theirs.surv_times, answer.time)
    np.testing.assert_allclose(answer.survival, theirs.surv_prob[place], atol=1e-12)
    np.testing.assert_allclose(answer.at_risk, theirs.n_risk[place])


@pytest.mark.parametrize("case", FRAMES)
@pytest.mark.parametrize("weights", [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)])
def test_log_rank(case: str, weights: tuple[float, float]) -> None:
    frame, (rho, gamma) = FRAMES[case], weights
    answer = run(LogRank("time", "event", ("grade",), rho=rho, gamma=gamma), frame)
    theirs = multivariate_logrank_test(
        frame.time, frame.grade, frame.event, weightings="fleming-harrington", p=rho, q=gamma
    )
    assert answer.facts["statistic"] == pytest.approx(theirs.test_statistic, rel=1e-8)
    assert answer.facts["p"] == pytest.approx(theirs.p_value, rel=1e-7)
    assert answer.facts["df"] == 2


@pytest.mark.parametrize("case", FRAMES)
def test_log_rank_within_strata(case: str) -> None:
    frame = FRAMES[case]
    answer = run(LogRank("time", "event", ("hormones",), strata=("grade", "menopause")), frame)
    strata = frame.grade + frame.menopause
    statistic, p = survdiff(frame.time.to_numpy(), frame.event.to_numpy(), frame.hormones.to_numpy(), strata=strata)
    np.testing.assert_allclose([answer.facts["statistic"], answer.facts["p"]], [statistic, p], rtol=1e-8)


def caused() -> pd.DataFrame:
    frame = breast(30)
    other = np.random.default_rng(2).random(len(frame)) < 0.4
    frame["cause"] = np.where(frame.event == 0, "none", np.where(other, "other", "relapse"))
    return frame


def test_competing_risks() -> None:
    frame = caused()
    answer = run(CompetingRisks("time", "cause", ("relapse", "other"), ("hormones",)), frame).frame("curve")
    for group, part in frame.groupby("hormones"):
        status = part.cause.map({"none": 0, "relapse": 1, "other": 2})
        theirs = CumIncidenceRight(part.time.to_numpy(), status.to_numpy())
        for place, cause in enumerate(("relapse", "other")):
            ours = of(answer, group=group, cause=cause)
            at = np.searchsorted(theirs.times, ours.time)
            np.testing.assert_allclose(ours.incidence, theirs.cinc[place][at], atol=1e-12)
            np.testing.assert_allclose(ours.se, theirs.cinc_se[place][at], atol=1e-10)


def test_competing_risks_intervals() -> None:
    frame = caused().drop_duplicates("time")  # lifelines moves tied times at random
    answer = (
        run(CompetingRisks("time", "cause", ("relapse", "other")), frame).frame("curve").query("cause == 'relapse'")
    )
    status = frame.cause.map({"none": 0, "relapse": 1, "other": 2})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its logarithm of the incidence 0 before the first event
        theirs = lifelines.AalenJohansenFitter().fit(frame.time, status, event_of_interest=1)
    limits = theirs.confidence_interval_.loc[answer.time].to_numpy()
    np.testing.assert_allclose(answer[["low", "high"]].to_numpy(float), np.sort(limits, axis=1), atol=1e-9)


@pytest.mark.parametrize("case", FRAMES)
def test_cox_with_efron_ties(case: str) -> None:
    frame = FRAMES[case]
    answer = run(Cox("time", "event", ("age", "size", "nodes", "grade"), strata=("hormones",)), frame)
    X = pd.get_dummies(frame.drop(columns=["menopause"]), columns=["grade"], drop_first=True, dtype=float)
    theirs = lifelines.CoxPHFitter().fit(X, "time", "event", strata=["hormones"], fit_options={"precision": 1e-10})
    ours = answer.frame("coefficients").set_index("term")
    ours.index = [name.replace("[", "_").replace("]", "") for name in ours.index]
    ours = ours.loc[theirs.params_.index]
    np.testing.assert_allclose(ours.coefficient, theirs.params_, rtol=1e-6)
    np.testing.assert_allclose(ours.se, theirs.standard_errors_, rtol=1e-6)
    np.testing.assert_allclose(ours.p, theirs.summary["p"], rtol=1e-5)
    assert answer.facts["log_likelihood"] == pytest.approx(theirs.log_likelihood_, rel=1e-10)
    ratio = answer.facts["tests"]["likelihood_ratio"]
    assert ratio["statistic"] == pytest.approx(theirs.log_likelihood_ratio_test().test_statistic, rel=1e-8)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_beside_statsmodels(ties: str) -> None:
    """With late entry, the score test at 0, and robust errors, which statsmodels has for Breslow's ties.

    statsmodels counts those entering at an event time as at risk then; half a day later they are not.
    """
    frame = lung()
    frame["time"] = np.ceil(frame.time / 30)
    frame["entry"] = np.floor(frame.time * np.random.default_rng(0).uniform(0, 0.8, len(frame)))
    covariates = ("age", "sex", "ecog")
    answer = run(Cox("time", "event", covariates, entry="entry", ties=ties, robust=True), frame)
    model = PHReg(frame.time, frame[list(covariates)], frame.event, entry=frame.entry + 0.5, ties=ties)
    theirs = model.fit(method="newton", tol=1e-12)
    ours = answer.frame("coefficients")
    np.testing.assert_allclose(ours.coefficient, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(ours.model_se, theirs.bse, rtol=1e-6)
    slope, curvature = model.score(np.zeros(3)), model.hessian(np.zeros(3))
    assert answer.facts["tests"]["score"]["statistic"] == pytest.approx(slope @ np.linalg.solve(-curvature, slope))
    if ties == "breslow":
        grouped = PHReg(frame.time, frame[list(covariates)], frame.event, entry=frame.entry + 0.5, ties=ties)
        robust = grouped.fit(method="newton", groups=np.arange(len(frame)))
        np.testing.assert_allclose(ours.se, robust.bse, rtol=1e-6)


def test_cox_ridge() -> None:
    frame = breast()
    covariates, n = ["age", "size", "nodes"], len(frame)
    # lifelines penalises the mean log likelihood, and divides covariates by the deviation with n - 1.
    answer = run(Cox("time", "event", tuple(covariates), ridge=0.05 * n * n / (n - 1)), frame)
    fitter = lifelines.CoxPHFitter(penalizer=0.05)
    theirs = fitter.fit(frame[["time", "event", *covariates]], "time", "event", fit_options={"precision": 1e-10})
    np.testing.assert_allclose(answer.frame("coefficients").coefficient, theirs.params_, rtol=1e-6)


def test_cox_concordance() -> None:
    frame = breast(30)
    answer = run(Cox("time", "event", ("age", "size", "nodes")), frame)
    score = frame[["age", "size", "nodes"]].to_numpy() @ answer.arrays["coefficients"]
    found = answer.facts["concordance"]
    assert found["value"] == pytest.approx(concordance_index(frame.time, -score, frame.event), abs=1e-3)
    assert found["low"] < found["value"] < found["high"]
    draws = np.random.default_rng(0).integers(0, len(frame), (200, len(frame)))
    spread = np.std([concordance_index(frame.time[d], -score[d], frame.event[d]) for d in draws])
    assert (found["high"] - found["low"]) / (2 * 1.96) == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_proportional_hazards(ties: str) -> None:
    """The score test of x * g(t) added to the model, here with each row split at every event time."""
    frame = lung()
    frame["time"] = np.ceil(frame.time / 30)
    covariates = ["age", "sex", "ecog"]
    answer = run(Cox("time", "event", tuple(covariates), ties=ties, time_transform="identity"), frame)
    times = np.unique(frame.time[frame.event == 1])
    rows = []
    for _, row in frame.iterrows():
        stops = np.append(times[times < row.time], row.time)
        part = pd.DataFrame({"entry": np.append(0.0, stops[:-1] + 0.5), "time": stops, "event": 0.0})
        part.loc[len(part) - 1, "event"] = row.event
        rows.append(part.assign(**{name: row[name] for name in covariates}))
    split = pd.concat(rows, ignore_index=True)
    middle = np.average(split.time[split.event == 1])
    varying = split[covariates].mul(split.time - middle, axis=0)
    model = PHReg(split.time, np.hstack([split[covariates], varying]), split.event, entry=split.entry, ties=ties)
    at = np.append(answer.frame("coefficients").coefficient.to_numpy(float), np.zeros(3))
    slope, information = model.score(at), -model.hessian(at)
    together = slope @ np.linalg.solve(information, slope)
    each = []
    for place in range(3, 6):
        keep = [0, 1, 2, place]
        each.append(slope[keep] @ np.linalg.solve(information[np.ix_(keep, keep)], slope[keep]))
    np.testing.assert_allclose(answer.frame("proportional_hazards").statistic, [*each, together], rtol=1e-6)


def test_baseline_hazard() -> None:
    frame = breast(30)
    answer = run(Cox("time", "event", ("age", "nodes"), ties="breslow"), frame)
    theirs = lifelines.CoxPHFitter().fit(frame[["time", "event", "age", "nodes"]], "time", "event")
    ours = answer.frame("baseline")
    # lifelines keeps Efron's coefficients here; Breslow's, put into its own formula, must give our hazard.
    weight = np.exp((frame[["age", "nodes"]] - theirs._norm_mean.to_numpy()) @ answer.arrays["coefficients"])
    steps = [
        (frame.event[frame.time == time].sum()) / weight[frame.time >= time].sum() for time in ours.time.to_numpy()
    ]
    np.testing.assert_allclose(ours.cumulative_hazard, np.cumsum(steps), rtol=1e-8)


def test_cause_specific_cox_censors_the_other_causes() -> None:
    frame = caused()
    answer = run(Cox("time", "cause", ("age", "nodes"), event_levels=("relapse",)), frame)
    frame["event"] = (frame.cause == "relapse").astype(float)
    theirs = lifelines.CoxPHFitter().fit(frame[["time", "event", "age", "nodes"]], "time", "event")
    np.testing.assert_allclose(answer.frame("coefficients").coefficient, theirs.params_, rtol=1e-5)
