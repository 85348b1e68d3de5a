"""Gray's test on the 137 transplanted patients of Klein & Moeschberger, and beside sums over single persons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.conformance.examples.example import patients
from tests.oracle.three_sites import answer, table_of

from cohortium.analyse import GrayTest

# Days without disease after a transplant (Klein & Moeschberger 1997, Survival Analysis, table D.1): r relapsed, d died.
TRANSPLANTED = {
    "ALL": "2081 1602 1496 1462 1433 1377 1330 996 226 1199 1111 530 1182 1167 418d 383r 276d 104r 609r 172d 487d 662r "
    "194d 230r 526d 122d 129r 74r 122r 86d 466d 192r 109r 55r 1d 107d 110r 332d",
    "AML low risk": "2569 2506 2409 2218 1857 1829 1562 1470 1363 1030 860 1258 2246 1870 1799 1709 1674 1568 1527 "
    "1324 957 932 847 848 1850 1843 1535 1447 1384 414d 2204d 1063d 481d 105d 641d 390d 288d 421r 79d 748r 486r 48d "
    "272r 1074d 381r 10d 53d 80d 35d 248r 704d 211r 219r 606r",
    "AML high risk": "2640 2430 2252 2140 2133 1238 1631 2024 1345 1136 845 422r 162d 84r 100r 2d 47r 242r 456r 268r "
    "318d 32r 467r 47r 390r 183d 105d 115r 164d 93r 120r 80d 677d 64r 168d 74d 16d 157r 625r 48r 273r 63d 76r 113r "
    "363d",
}
ENDS = {"r": "relapse", "d": "death"}


def transplanted() -> pd.DataFrame:
    rows = [
        (group, float(one.rstrip("rd")), ENDS.get(one[-1], "neither"))
        for group, text in TRANSPLANTED.items()
        for one in text.split()
    ]
    return pd.DataFrame(rows, columns=["disease", "days", "end"])


def by_persons(
    time: np.ndarray, cause: np.ndarray, group: np.ndarray, rho: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, expected events and covariance for cause 1 against 2, in plain loops: equations of Gray 1988, section 3.

    The score is the integral of K (dN_i - R_i dN / R); its covariance sums, over every group r and event of it,
    products of a_ir + b_ir, with a hypergeometric factor for ties.
    """
    groups = int(group.max()) + 1
    times = np.unique(time[cause > 0])
    S, F, pooled = np.ones(groups), np.zeros(groups), 0.0
    score, expected, c = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    parts = []
    for t in times:
        n = np.array([((time >= t) & (group == g)).sum() for g in range(groups)], dtype=float)
        d = np.array(
            [[((time == t) & (group == g) & (cause == k)).sum() for g in range(groups)] for k in (1, 2)], dtype=float
        )
        h = np.array([n[g] / S[g] if n[g] else 0.0 for g in range(groups)])
        K, D, R = (1 - pooled) ** rho, d[0].sum(), h * (1 - F)
        score += K * (d[0] - D * R / R.sum())
        expected += D * R / R.sum()
        a = np.array([[K * h[i] * ((i == r) - h[r] / h.sum()) for r in range(groups)] for i in range(groups)])
        c = c + a * D / (h.sum() * (1 - pooled))
        before, pooled = S.copy(), pooled + D / h.sum()
        for g in range(groups):
            if n[g]:
                F[g] += S[g] * d[0, g] / n[g]
                S[g] *= (n[g] - d[:, g].sum()) / n[g]
        parts.append((a, c, S.copy(), before, pooled, n, d, h.sum()))
    covariance = np.zeros((groups, groups))
    for a, now, after, before, F0, n, d, H in parts:
        for r in range(groups):
            if not n[r]:
                continue
            ratio = (1 - F0) / after[r] if after[r] > 0 else 0.0
            first, second = a[:, r] + (1 - ratio) * (c - now)[:, r], ratio * (c - now)[:, r]
            D, own = d[0].sum(), d[1, r]
            ties = 1 - (D - 1) / (H * before[r] - 1) if D > 1 else 1.0
            covariance += np.outer(first, first) * ties * D * before[r] / (H * n[r])
            ties = 1 - (own - 1) / (n[r] - 1) if own > 1 else 1.0
            covariance += np.outer(second, second) * ties * own * (before[r] / n[r]) ** 2
    return score, expected, covariance


def test_transplanted_patients() -> None:
    """The statistics are those of comprisk 0.8, a second library."""
    found = answer(GrayTest("days", "end", ("relapse", "death"), ("disease",)), table_of(transplanted()))
    relapse, death = found.facts["tests"]["relapse"], found.facts["tests"]["death"]
    assert [relapse["statistic"], death["statistic"]] == pytest.approx([11.92288205, 0.13741078], abs=1e-8)
    assert [relapse["p"], death["p"]] == pytest.approx([0.00257620, 0.93360169], abs=1e-8)
    assert relapse["df"] == death["df"] == 2
    assert found.tables["groups"]["events"] == [12, 21, 9, 12, 13, 16]


@pytest.mark.parametrize("rho", [0.0, 1.0])
@pytest.mark.parametrize("step", [1.0, 60.0])
def test_sums_over_persons(rho: float, step: float) -> None:
    """Coarse steps make many ties."""
    frame = transplanted()
    frame["days"] = np.ceil(frame.days / step)
    group = np.unique(frame.disease, return_inverse=True)[1]
    found = answer(GrayTest("days", "end", ("relapse", "death"), ("disease",), rho=rho), table_of(frame))
    for name in ("relapse", "death"):
        cause = np.where(frame.end == name, 1, np.where(frame.end == "neither", 0, 2))
        score, expected, covariance = by_persons(frame.days.to_numpy(), cause, group, rho)
        statistic = score[:2] @ np.linalg.solve(covariance[:2, :2], score[:2])
        assert found.facts["tests"][name]["statistic"] == pytest.approx(statistic, rel=1e-8)
        rows = found.frame("groups").query("cause == @name")
        np.testing.assert_allclose(rows.expected, expected, rtol=1e-9)


def test_strata() -> None:
    table, statistics = patients(), []
    frame = table.to_pandas()
    group = np.unique(frame.stage.astype(str), return_inverse=True)[1]
    cause = np.where(frame.cause == "disease", 1, np.where(frame.cause == "other", 2, 0))
    for within in (frame.hospital.astype(str), pd.Series(["all"] * len(frame))):
        parts = [
            by_persons(frame.time_days.to_numpy(float)[rows], cause[rows], group[rows], 0.0)
            for rows in ((within == name).to_numpy() for name in within.unique())
        ]
        score, covariance = sum(part[0] for part in parts), sum(part[2] for part in parts)
        statistics.append(score[:2] @ np.linalg.solve(covariance[:2, :2], score[:2]))
    for strata, expected in zip((("hospital",), ()), statistics, strict=True):
        found = answer(GrayTest("time_days", "cause", ("disease", "other"), ("stage",), strata), table)
        assert found.facts["tests"]["disease"]["statistic"] == pytest.approx(expected, rel=1e-8)
    assert abs(statistics[0] - statistics[1]) > 0.01
