"""The engine: what it runs, how it repeats, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cohortium import registry
from cohortium.errors import InvalidRecords, InvalidRequest, NotConverged, SchemaMismatch, TooFewRecords
from cohortium.evaluate import Comparison, evaluate, run
from cohortium.records import Kind, Question, Role, Score, Status, Table

Patients = Callable[..., Table]
CHEAP = ("column_shapes", "pair_trends", "tstr", "c2st", "km_divergence", "subgroup_shares", "constraint_adherence")


@pytest.fixture
def invented() -> Iterator[Callable[..., None]]:
    """Register a metric for one test."""
    names: list[str] = []

    def register(name: str, thing: Callable[..., Score], **facts: object) -> None:
        thing.__doc__ = "Invented."
        defaults = {"asks": Question.JOINT, "title": "Invented", "better": "lower", "range": (0.0, 1.0)}
        registry.metric(name, **{**defaults, **facts})(thing)  # type: ignore[arg-type]
        names.append(name)

    yield register
    for name in names:
        del registry._ENTRIES["metric", name]


def test_every_metric_gets_a_finding_and_real_persons_a_value(make_patients: Patients) -> None:
    real, held, fresh = make_patients(300, 1), make_patients(600, 2), make_patients(300, 3)
    seen: list[tuple[str, float]] = []
    evidence = evaluate(
        real, fresh, held, rng=np.random.default_rng(0), seeds=2, progress=lambda *step: seen.append(step),
        facts={"method": "none"},
    )  # fmt: skip
    assert {found.metric for found in evidence.findings} == {entry.name for entry in registry.entries("metric")}
    asked = [list(Question).index(found.question) for found in evidence.findings]
    assert asked == sorted(asked)
    for found in evidence.findings:
        if found.score is None:
            assert found.status is Status.NOT_APPLICABLE
            assert found.reason.endswith(".")
        else:
            assert found.status is Status.INFORMATIVE
            assert found.score.low <= found.score.value <= found.score.high
    shown = evidence.finding("tstr").score
    assert shown is not None
    assert shown.reference == pytest.approx(shown.value, abs=0.08)
    assert evidence.finding("constraint_adherence").score is None
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert (
        evidence.facts | {"method": "none", "rows_real": 300, "persons_real": 300, "rows_synthetic": 300}
        == evidence.facts
    )
    assert set(evidence.plots) >= {"marginals", "pca", "survival", "correlations", "gives_away", "subgroups", "roc"}
    json.dumps(evidence.plots, allow_nan=False)


def test_threads_and_the_choice_of_metrics_change_nothing(
    make_patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held, fresh = make_patients(200, 1), make_patients(300, 2), make_patients(200, 3)
    two = evaluate(real, fresh, held, metrics=CHEAP, seeds=3, rng=np.random.default_rng(4))
    monkeypatch.setattr(run, "THREADS", 1)
    one = evaluate(real, fresh, held, metrics=CHEAP, seeds=3, rng=np.random.default_rng(4))
    assert one.findings == two.findings
    assert one.plots == two.plots
    alone = evaluate(real, fresh, held, metrics=["c2st"], seeds=3, rng=np.random.default_rng(4))
    assert alone.findings[0] == two.finding("c2st")
    other = evaluate(real, fresh, held, metrics=["c2st"], seeds=3, rng=np.random.default_rng(5))
    assert other.findings[0] != alone.findings[0]


def test_without_held_out_persons(make_patients: Patients) -> None:
    evidence = evaluate(make_patients(200, 1), make_patients(200, 2), metrics=CHEAP, rng=np.random.default_rng(0))
    assert "held out" in evidence.finding("tstr").reason
    shapes = evidence.finding("column_shapes").score
    assert shapes is not None
    assert shapes.reference is None
    assert "persons_holdout" not in evidence.facts


def test_needs_are_reasons(make_table: Callable[..., Table], rng: np.random.Generator) -> None:
    plain = make_table({"a": rng.normal(size=60), "b": rng.normal(size=60)})
    evidence = evaluate(plain, plain, plain, rng=rng, metrics=["tstr", "km_divergence", "claimed_epsilon"])
    reasons = {found.metric: found.reason for found in evidence.findings}
    assert "predict" in reasons["tstr"]
    assert "'time'" in reasons["km_divergence"]
    assert "nothing formal" in reasons["claimed_epsilon"]
    named = evaluate(plain, plain, plain, target="a", rng=rng, metrics=["tstr"])
    assert named.findings[0].score is not None
    assert named.facts["target"] == "a"


def test_several_synthetic_tables_are_averaged(make_patients: Patients, invented: Callable[..., None]) -> None:
    tables = [make_patients(n, n) for n in (30, 40, 50)]

    def rows(pair: Comparison, *, rng: np.random.Generator) -> Score:
        return Score(len(pair.synthetic) / 100, len(pair.synthetic) / 100 - 0.01, len(pair.synthetic) / 100 + 0.02, n=1)

    invented("rows", rows)
    evidence = evaluate(make_patients(60, 1), tables, metrics=["rows"], seeds=1, rng=np.random.default_rng(0))
    score = evidence.findings[0].score
    assert score is not None
    assert score.value == pytest.approx(0.4)
    # Student's t of two degrees of freedom on the mean of three, and the metric's own interval beside it.
    assert score.high == pytest.approx(0.4 + np.hypot(4.303 * 0.1 / np.sqrt(3), 0.02), abs=1e-6)
    assert score.low == pytest.approx(0.4 - np.hypot(4.303 * 0.1 / np.sqrt(3), 0.01), abs=1e-6)
    assert evidence.facts["synthetic_tables"] == 3


def test_the_interval_covers_the_mean_as_often_as_it_says(
    invented: Callable[..., None], make_patients: Patients
) -> None:
    def noisy(pair: Comparison, *, rng: np.random.Generator) -> Score:
        return Score(float(rng.normal(0.5, 0.1)), n=1)

    invented("noisy", noisy, range=(-5.0, 5.0), seeds=5)
    few = make_patients(10, 1)
    hits = 0
    for seed in range(200):
        score = evaluate(few, few, metrics=["noisy"], rng=np.random.default_rng(seed)).findings[0].score
        assert score is not None
        hits += score.low <= 0.5 <= score.high
    assert 180 <= hits <= 199


def test_other_errors_are_not_swallowed(make_patients: Patients, invented: Callable[..., None]) -> None:
    def breaks(pair: Comparison, *, rng: np.random.Generator) -> Score:
        raise NotConverged("It did not settle.")

    def skips(pair: Comparison, *, rng: np.random.Generator) -> Score:
        raise TooFewRecords("There are too few of them.")

    few = make_patients(20, 1)
    invented("skips", skips)
    found = evaluate(few, few, few, metrics=["skips"], rng=np.random.default_rng(0)).findings[0]
    assert (found.score, found.reason) == (None, "There are too few of them.")
    invented("breaks", breaks)
    with pytest.raises(NotConverged):
        evaluate(few, few, metrics=["breaks", "skips"], rng=np.random.default_rng(0))


def test_a_metric_that_real_persons_cannot_answer_has_no_reference(
    make_patients: Patients, invented: Callable[..., None]
) -> None:
    def large(pair: Comparison, *, rng: np.random.Generator) -> Score:
        if len(pair.synthetic) < 100:
            raise TooFewRecords("There are too few of them.")
        return Score(0.5, n=1)

    invented("large", large)
    tables = (make_patients(120, seed) for seed in range(3))
    score = evaluate(*tables, metrics=["large"], rng=np.random.default_rng(0)).findings[0].score
    assert score is not None
    assert (score.value, score.reference) == (0.5, None)


def test_tables_that_do_not_belong_together_are_refused(
    make_table: Callable[..., Table], rng: np.random.Generator
) -> None:
    real = make_table({"age": [40, 50], "sex": ["f", "m"]})
    with pytest.raises(InvalidRecords, match=r"Missing: \['sex'\]; only there: \['gender'\]"):
        evaluate(real, make_table({"age": [40, 50], "gender": ["f", "m"]}), rng=rng)
    with pytest.raises(InvalidRecords, match="no row"):
        evaluate(real, real.take([]), rng=rng)
    with pytest.raises(InvalidRecords, match="no row"):
        evaluate(real.take([]), real, rng=rng)
    with pytest.raises(SchemaMismatch, match="'age'"):
        evaluate(real, make_table({"age": ["forty", "fifty"], "sex": ["f", "m"]}), rng=rng)
    with pytest.raises(InvalidRequest, match="no metric 'beauty'"):
        evaluate(real, real, metrics=["beauty"], rng=rng)
    with pytest.raises(InvalidRequest, match="'weight' to predict"):
        evaluate(real, real, target="weight", rng=rng)
    with pytest.raises(InvalidRequest, match="no synthetic table"):
        evaluate(real, [], rng=rng)
    with pytest.raises(InvalidRequest, match="repetition"):
        evaluate(real, real, seeds=0, rng=rng)


def test_a_synthetic_table_takes_the_real_schema(make_table: Callable[..., Table], rng: np.random.Generator) -> None:
    """Inferred on its own, the synthetic file has other kinds, another order and no identifier."""
    roles = {"id": Role.PERSON_KEY, "grade": Role.OUTCOME}
    real = make_table(
        {"id": ["a", "b", "c"], "grade": ["1", "2", "1"], "age": [40, 50, 60]},
        roles=roles,
        kinds={"id": Kind.IDENTIFIER},
    )
    synthetic = make_table({"age": [41.0, 52.0], "grade": [1, 2]})
    aligned = run.aligned(synthetic, real, "synthetic")
    assert aligned.schema.names == ("grade", "age")
    assert aligned.schema["grade"] == real.schema["grade"]
    assert aligned.codes("grade")[0].tolist() == [0, 1]
