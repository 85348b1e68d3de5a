"""Evidence from sums over sites beside the metrics on the records themselves."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from tests.conformance.examples.example import followed

from cohortium.evaluate import evaluate
from cohortium.evaluate.federated import Yardstick, evidence_from_sums, judgement_sums
from cohortium.evaluate.federated.stand_in import StandIn
from cohortium.records import PERSONS, Evidence, Guarantee, Sums, Table
from cohortium.synthesise import SequentialTrees

SITES = 3


def _from_sums(members: Table, held: Table, twin: Table) -> Evidence:
    yardstick = Yardstick(twin, len(held))
    stand_in = StandIn.of(yardstick, None, 0)
    assert isinstance(stand_in, StandIn)
    parts = [
        Sums({PERSONS: 1, **judgement_sums(yardstick, stand_in, _share(members, site), _share(held, site))})
        for site in range(SITES)
    ]
    return evidence_from_sums(yardstick, stand_in, [reduce(Sums.__add__, parts)], Guarantee(), {})


def _share(table: Table, site: int) -> Table:
    return table.take(np.arange(site, len(table), SITES))


@pytest.fixture(scope="module")
def both() -> tuple[Evidence, Evidence]:
    rng = np.random.default_rng(3)
    real = followed(3000)
    members, held = real.split_by_person(2 / 3, rng)
    twin = SequentialTrees().fit(members, rng=rng).sample(len(members), rng=rng)
    names = [
        "column_shapes",
        "missing_rate_error",
        "pair_trends",
        "km_divergence",
        "tstr",
        "mia_nearest",
        "identical_excess",
    ]
    return _from_sums(members, held, twin), evaluate(members, twin, held, metrics=names, seeds=1, rng=rng)


@pytest.mark.parametrize(
    ("metric", "tolerance"),
    [
        ("column_shapes", 0.003),
        ("missing_rate_error", 1e-9),
        ("pair_trends", 0.01),
        ("km_divergence", 0.002),
        ("tstr", 0.01),
        ("mia_nearest", 0.02),
        ("identical_excess", 0.002),
    ],
)
def test_sums_say_what_the_records_say(both: tuple[Evidence, Evidence], metric: str, tolerance: float) -> None:
    from_sums, from_records = (evidence.finding(metric).score for evidence in both)
    assert from_sums is not None and from_records is not None
    assert from_sums.value == pytest.approx(from_records.value, abs=tolerance)


def test_a_copy_of_the_members_is_caught() -> None:
    real = followed(1200)
    members, held = real.take(np.arange(800)), real.take(np.arange(800, 1200))
    evidence = _from_sums(members, held, members)
    attack, copies = (evidence.finding(name).score for name in ("mia_nearest", "identical_excess"))
    assert attack is not None and attack.low > 0.7  # half of the copies are searched
    assert copies is not None and copies.low > 0.5


def test_noise_is_told_from_persons() -> None:
    """Columns drawn one by one keep each distribution and lose every relation."""
    rng = np.random.default_rng(0)
    real = followed(1200)
    members, held = real.take(np.arange(800)), real.take(np.arange(800, 1200))
    arrow = members.arrow
    for place, name in enumerate(arrow.column_names):
        arrow = arrow.set_column(place, name, arrow.column(name).take(rng.permutation(len(members))))
    evidence = _from_sums(members, held, Table(arrow, members.schema))
    shapes, trends, model = (evidence.finding(name).score for name in ("column_shapes", "pair_trends", "tstr"))
    assert shapes is not None and shapes.value > 0.999
    assert trends is not None and trends.reference is not None and trends.value < trends.reference - 0.05
    assert model is not None and model.low < 0.6
