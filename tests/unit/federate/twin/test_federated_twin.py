"""A twin that sites train together: who judges it, what the gate does with it, and how people get it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.examples.example import followed

from cohortium.analyse import drive, over_sites
from cohortium.errors import DisclosureRefused, InvalidRequest, ProtocolViolation
from cohortium.federate import Analysis, Study, simulate
from cohortium.federate.study import study_from_plain
from cohortium.federate.twin import FederatedTwin, rounds, twin_of
from cohortium.federate.twin.held_out import held_out
from cohortium.federate.twin.outcome import rows_got, rows_put
from cohortium.records import Result, State, Sums, Table, agreed_schema, as_agreed, concat
from cohortium.serve.commands import sample_model
from cohortium.serve.study_results import write_results

VARIABLES = ("age", "marker", "stage", "smoker", "relapse", "time_days", "died")
QUICK = FederatedTwin(VARIABLES, splits=1, target="relapse", dials={"trees": 3})
HIDING = {"trees": 2, "evidence": 20.0}


def _sites(table: Table) -> list[Table]:
    return [table.take(np.arange(site, len(table), 3)) for site in range(3)]


@pytest.fixture(scope="module")
def answer() -> Result:
    return over_sites(QUICK, _sites(followed(600)))


def test_the_same_persons_are_held_out_wherever_they_lie() -> None:
    table = followed(500)
    order = np.random.default_rng(0).permutation(len(table))
    whole = held_out(table, 1 / 3, 4)
    assert (held_out(table.take(order), 1 / 3, 4) == whole[order]).all()
    assert 0.25 < whole.mean() < 0.42
    assert (held_out(table, 1 / 3, 5) != whole).any()


def test_equal_rows_are_not_all_on_one_side() -> None:
    table = followed(1)
    held = held_out(concat([table] * 300), 1 / 3, 0)
    assert 60 < held.sum() < 140


def test_rows_travel_whole() -> None:
    table = followed(37)
    assert rows_got(rows_put(table), table.schema).arrow.equals(table.arrow)
    with pytest.raises(ProtocolViolation, match="cannot be read"):
        rows_got(np.array([8, 1]), table.schema)


def test_a_twin_comes_out_with_its_evidence(answer: Result) -> None:
    twin = twin_of(Result.from_bytes(answer.to_bytes()))
    assert answer.facts["decision"] == "released"
    assert set(twin.table.schema.names) == set(VARIABLES)
    assert len(twin.table) == pytest.approx(600, rel=0.1)
    assert twin.evidence.facts["persons_real"] + twin.evidence.facts["persons_holdout"] == 600
    assert twin.release().decision.verdict == "released"
    assert len(twin.fitted.sample(50, rng=np.random.default_rng(0))) == 50
    judged = dict(zip(answer.tables["evidence"]["metric"], answer.tables["evidence"]["status"], strict=True))
    assert judged["mia_nearest"] == judged["identical_excess"] == "pass"
    assert twin.evidence.finding("km_divergence").score is not None


def test_held_out_persons_teach_the_synthesiser_nothing() -> None:
    """Changing what only held-out persons hold changes no sum of the learning steps."""
    table = as_agreed(followed(300), agreed_schema([followed(300).schema], VARIABLES, [followed(300)]))
    held = held_out(table, QUICK.holdout_share, QUICK.seed)
    members = table.take(~held)
    alone = held_out(members, QUICK.holdout_share, QUICK.seed)
    assert not alone.any()
    learning: list[State] = []

    def total_of(state: State) -> Sums:
        learning.append(state)
        found = QUICK.local(table, state)
        if state.step.startswith(rounds.LEARNING):
            again = QUICK.local(members, state)
            assert all((found[name] == again[name]).all() for name in found)
        return found

    drive(QUICK, table.schema, total_of)
    assert len(learning) > 5


def test_a_twin_that_copies_is_kept_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of real persons in the place of the synthetic ones: neither they nor the model are in the answer."""
    table = followed(600)
    schema = agreed_schema([table.schema], VARIABLES, [table])
    agreed = as_agreed(table, schema)
    members = agreed.take(~held_out(agreed, QUICK.holdout_share, QUICK.seed))
    monkeypatch.setattr(rounds, "rows_put", lambda drawn: rows_put(Table(
        members.arrow.select(list(drawn.schema.names)), drawn.schema)))  # fmt: skip
    answer = over_sites(QUICK, _sites(table))
    assert answer.facts["decision"] == "refused"
    assert not answer.arrays and "model" not in answer.facts
    assert any("Membership" in reason for reason in answer.facts["reasons"])
    with pytest.raises(DisclosureRefused, match="kept this twin in"):
        twin_of(answer)


def test_other_persons_are_held_out_in_every_split() -> None:
    twice = over_sites(FederatedTwin(VARIABLES, splits=2, dials=HIDING), _sites(followed(700)))
    assert twin_of(twice).evidence.facts["refits"] == 1
    once = over_sites(FederatedTwin(VARIABLES, splits=1, dials=HIDING), _sites(followed(700)))
    assert twin_of(once).table.arrow.equals(twin_of(twice).table.arrow)
    first, both = (twin_of(one).evidence.finding("mia_nearest").score for one in (once, twice))
    assert first is not None and both is not None and first.value != both.value


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"holdout_share": 0.0}, "share between 0 and 1"),
        ({"rows": 0}, "at least 1"),
        ({"splits": 99}, "how often"),
        ({"method": "magic"}, "no federated method"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        over_sites(FederatedTwin(VARIABLES, **settings), _sites(followed(60)))  # type: ignore[arg-type]


def test_a_model_without_evidence_cannot_be_asked_for() -> None:
    plain = {"title": "t", "dataset": "d", "analyses": [{"algorithm": "federated_trees", "variables": ["age"]}]}
    with pytest.raises(InvalidRequest, match="federated_twin"):
        study_from_plain(plain)


def test_a_secure_study_leaves_a_folder_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the journal of what was drawn is kept
    study = Study("A twin", "records", (Analysis("twin", QUICK),))
    sites = dict(zip(("a", "b", "c"), _sites(followed(600)), strict=True))
    results = simulate(study, sites)
    write_results(tmp_path / "out", study, results, {"events": []})
    folder = tmp_path / "out" / "twin"
    assert {"twin.csv", "report.html", "evidence.json", "card.md", "model.cohortium"} <= {
        path.name for path in folder.iterdir()
    }
    more = sample_model(
        folder / "model.cohortium", tmp_path / "more.csv", 25, 0, None, None, lambda _doing, _share: None
    )
    assert more["rows"] == 25
    assert 'href="twin/report.html"' in (tmp_path / "out" / "results.html").read_text("utf-8")
    kept = json.loads((tmp_path / "out" / "record.json").read_text("utf-8"))["answers"]["twin"]["facts"]
    assert kept["decision"] == "released" and "model" not in kept
