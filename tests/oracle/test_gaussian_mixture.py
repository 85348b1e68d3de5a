"""Gaussian mixtures and normal scores against scikit-learn, SciPy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.mixture import GaussianMixture

from cohortium.numerics.gaussian_mixture import (
    Mixture,
    Shrinkage,
    fit_mixture,
    log_joint,
    sample_given,
    sample_mixture,
    shrunk_to_diagonal,
    split_evidence,
)
from cohortium.numerics.latent_mixture import Latents, learn
from cohortium.numerics.mixture_size import choose_size
from cohortium.numerics.normal_scores import FARTHEST, normal_cdf, normal_quantile, truncated_normal

TRUTH = Mixture(
    np.array([0.5, 0.3, 0.2]),
    np.array([[0.0, 0.0], [4.0, 1.0], [-3.0, 3.0]]),
    np.array([[[1.0, 0.6], [0.6, 1.0]], [[0.5, -0.2], [-0.2, 0.4]], [[0.8, 0.0], [0.0, 0.3]]]),
)


def test_normal_quantile_and_cdf_agree_with_scipy() -> None:
    p = np.r_[np.logspace(-14, -0.4, 400), 1 - np.logspace(-14, -0.4, 400), 0.5]
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), abs=1e-10)
    z = np.linspace(-8, 8, 321)
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    assert normal_quantile(np.array([0.0, 1.0])).tolist() == [-FARTHEST, FARTHEST]


@pytest.mark.parametrize("low,high", [(-1.0, 2.0), (3.0, 5.0), (6.0, 9.0), (12.0, 20.0), (-20.0, -15.0), (-30.0, -1.0)])
def test_truncated_normal_has_scipys_quantiles(low: float, high: float) -> None:
    u = np.linspace(0.01, 0.99, 99)
    mean, sd = 1.5, 2.0
    ours = truncated_normal(*np.broadcast_arrays(mean, sd, mean + sd * low, mean + sd * high, u))
    assert ours == pytest.approx(mean + sd * stats.truncnorm.ppf(u, low, high), abs=0.02)


def test_density_and_shares_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    x = sample_mixture(TRUTH, 500, rng)
    peer = GaussianMixture(3).fit(x)
    ours = Mixture(peer.weights_, peer.means_, peer.covariances_)
    density, shares = split_evidence(log_joint(ours, x))
    assert density == pytest.approx(peer.score_samples(x))
    assert shares == pytest.approx(peer.predict_proba(x), abs=1e-9)


def test_fit_reaches_scikit_learns_likelihood(rng: np.random.Generator) -> None:
    x = sample_mixture(TRUTH, 1500, rng)
    peer = GaussianMixture(3, n_init=5, tol=1e-6, max_iter=500, random_state=0).fit(x)
    fits = [fit_mixture(x, 3, rng=np.random.default_rng(seed), tolerance=1e-7, most_rounds=500) for seed in range(5)]
    best = max(float(split_evidence(log_joint(fit, x))[0].mean()) for fit in fits)
    assert best == pytest.approx(peer.score(x), abs=1e-4)


def test_fit_finds_the_mixture_that_made_the_records(rng: np.random.Generator) -> None:
    fit = fit_mixture(sample_mixture(TRUTH, 20_000, rng), 3, rng=np.random.default_rng(1), tolerance=1e-7)
    order = np.argsort(-fit.weights)
    assert fit.weights[order] == pytest.approx(TRUTH.weights, abs=0.02)
    assert fit.means[order] == pytest.approx(TRUTH.means, abs=0.08)
    assert fit.covariances[order] == pytest.approx(TRUTH.covariances, abs=0.08)


def test_a_weight_of_two_is_a_record_twice(rng: np.random.Generator) -> None:
    x = sample_mixture(TRUTH, 300, rng)
    weights = rng.integers(1, 3, 300)
    once = fit_mixture(x, 1, rng=rng, weights=weights.astype(float))
    twice = fit_mixture(np.repeat(x, weights, axis=0), 1, rng=rng)
    assert once.means == pytest.approx(twice.means)
    assert once.covariances == pytest.approx(twice.covariances)


def test_shrinkage_beats_the_raw_covariance_when_records_are_few(rng: np.random.Generator) -> None:
    truth = 0.4 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    x = rng.multivariate_normal(np.zeros(30), truth, 40)
    raw = np.cov(x.T, bias=True)
    shrunk = shrunk_to_diagonal(raw, 40)
    assert ((shrunk - truth) ** 2).sum() < 0.75 * ((raw - truth) ** 2).sum()
    assert np.diagonal(shrunk) == pytest.approx(np.diagonal(raw))
    assert np.linalg.eigvalsh(shrunk).min() > np.linalg.eigvalsh(raw).min()
    many = np.cov(rng.multivariate_normal(np.zeros(30), truth, 20_000).T)
    assert shrunk_to_diagonal(many, 20_000) == pytest.approx(many, abs=0.01)


def test_more_dimensions_than_records_still_give_a_density(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 50))
    fit = fit_mixture(x, 2, rng=rng, shrinkage=Shrinkage(persons=50, to_diagonal=True))
    assert np.isfinite(split_evidence(log_joint(fit, x))[0]).all()


def test_draws_given_an_interval_are_those_of_rejection(rng: np.random.Generator) -> None:
    plain = sample_mixture(TRUTH, 400_000, rng)
    kept = plain[((plain[:, 0] > -3) & (plain[:, 0] < -2)) | ((plain[:, 0] > 1) & (plain[:, 0] < 1.5))]
    given = sample_given(TRUTH, 50_000, 0, np.array([[-3.0, -2.0], [1.0, 1.5]]), rng)
    for column in range(2):
        assert stats.ks_2samp(kept[:, column], given[:, column]).statistic < 0.012
    assert np.corrcoef(given.T)[0, 1] == pytest.approx(np.corrcoef(kept.T)[0, 1], abs=0.02)


def _halved(z: np.ndarray, rng: np.random.Generator) -> Latents:
    """Records of which only the sign of each score is known."""
    n = len(z)
    low, high = np.where(z > 0, 0.0, -FARTHEST), np.where(z > 0, FARTHEST, 0.0)
    first = np.abs(rng.normal(size=z.shape)) * np.sign(z)
    return Latents(first, low, high, np.zeros(n, np.int64), np.arange(n), np.ones(n))


def test_signs_alone_give_the_correlation_behind_them(rng: np.random.Generator) -> None:
    z = rng.multivariate_normal([0, 0, 0], [[1, 0.7, -0.4], [0.7, 1, 0], [-0.4, 0, 1]], 4000)
    latents = _halved(z, rng)
    naive = np.corrcoef(latents.z.T)[0, 1]
    mixture, _ = learn(latents, np.array([1]), Shrinkage(), 1, rng=rng, wander=40, settle=40)
    sd = np.sqrt(np.diagonal(mixture.covariances[0]))
    learnt = mixture.covariances[0] / np.outer(sd, sd)
    assert naive < 0.5, "without redrawing, the noise that fills the halves hides the correlation"
    assert learnt[0, 1] == pytest.approx(0.7, abs=0.05)
    assert learnt[0, 2] == pytest.approx(-0.4, abs=0.05)
    assert learnt[1, 2] == pytest.approx(0.0, abs=0.05)


def test_redrawn_scores_stay_within_their_bounds(rng: np.random.Generator) -> None:
    latents = _halved(rng.normal(size=(300, 4)), rng)
    learn(latents, np.array([2]), Shrinkage(persons=4), 5, rng=rng)
    assert ((latents.z >= latents.low) & (latents.z <= latents.high)).all()


def test_components_keep_to_their_stratum_and_to_enough_records(rng: np.random.Generator) -> None:
    z = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(5, 1, (100, 2))])
    strata = np.repeat([0, 1], [200, 100])
    latents = Latents(z, z, z, strata, np.arange(300), np.ones(300))
    mixture, home = learn(latents, np.array([4, 3]), Shrinkage(persons=2), 30, rng=rng)
    assert set(home) == {0, 1}
    assert mixture.means[home == 0].max() < 3.5 < mixture.means[home == 1].min()
    assert mixture.weights[home == 0].sum() == pytest.approx(2 / 3)
    assert (mixture.weights * 300).min() > 29


def test_size_is_the_number_of_groups_that_are_there(rng: np.random.Generator) -> None:
    three = sample_mixture(TRUTH, 900, rng)
    one = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 900)
    z = np.concatenate([three, one])
    latents = Latents(z, z, z, np.repeat([0, 1], 900), np.arange(1800), np.ones(1800))
    size = choose_size(latents, np.array([10, 10]), (1.0, 5.0), Shrinkage(), rng=rng)
    assert size.components[0] in (3, 4)
    assert size.components[1] == 1
