"""A person is found again behind a pseudonym: under the policy, with a reason, and written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.tables import mixed
from typer.testing import CliRunner

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.pseudonyms.reversal_policy import load_reversal_policy
from cohortium.errors import DisclosureRefused, InvalidRequest
from cohortium.serve.cli import app
from cohortium.serve.workspace import Workspace

pytest.importorskip("cryptography", reason="reversible pseudonyms need the extra 'secure'")

REASON = "Incidental finding, ethics vote 12/26."
RECIPE = """
[[column]]
name = "patient"
use = "reversible_pseudonym"

[[column]]
name = "sex"
use = "quasi_identifier"

[[model]]
name = "k_anonymity"
k = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    KeyRing({"1": bytes(range(32))}, "1").save(tmp_path / "keys")
    return tmp_path


def released(folder: Path) -> list[str]:
    rows = mixed(200).to_pandas()[["sex"]]
    rows.insert(0, "patient", [f"HOSP-{number}" for number in range(200)])
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "recipe.toml").write_text(RECIPE)
    done = CliRunner().invoke(
        app, ["anonymise", "table", str(folder / "rows.csv"), "--recipe", str(folder / "recipe.toml"), "--person",
              "patient", "--keys", str(folder / "keys"), "--out", str(folder / "out")],
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    pseudonyms: list[str] = pq.read_table(folder / "out/table.parquet").column("patient").to_pylist()
    return pseudonyms


def reverse(folder: Path, pseudonym: str, *more: str) -> str:
    command = ["anonymise", "reverse", pseudonym, "--keys", str(folder / "keys"), "--reason", REASON, *more]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout.strip()


def test_the_people_of_a_release_are_found_and_the_search_is_on_record(folder: Path) -> None:
    pseudonyms = released(folder)
    assert len(set(pseudonyms)) == 200 and not any("HOSP" in one for one in pseudonyms)
    found = reverse(folder, pseudonyms[0])
    assert found.startswith("HOSP-")
    last = Workspace().journal()[-1]
    assert (last["event"], last["pseudonym"], last["reason"]) == ("pseudonym reversed", pseudonyms[0], REASON)
    assert found not in json.dumps(last)


def test_the_shipped_policy_finds_five_a_day_and_the_same_one_again(folder: Path) -> None:
    pseudonyms = released(folder)
    for one in pseudonyms[:5]:
        reverse(folder, one)
    reverse(folder, pseudonyms[2])
    with pytest.raises(DisclosureRefused, match="24 hours"):
        reverse(folder, pseudonyms[5])


def test_yesterday_does_not_count() -> None:
    policy, now = load_reversal_policy(), datetime.now(UTC)
    journal = [
        {
            "event": "pseudonym reversed",
            "by": "ann",
            "pseudonym": str(one),
            "time": (now - timedelta(days=2)).isoformat(),
        }
        for one in range(9)
    ]
    policy.permit("patient", "new", "ann", journal, now)
    today = [{**entry, "time": now.isoformat()} for entry in journal]
    policy.permit("patient", "new", "bob", today, now)
    with pytest.raises(DisclosureRefused):
        policy.permit("patient", "new", "ann", today, now)


def test_other_kinds_and_accounts_are_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('title = "T"\nkinds = ["case"]\naccounts = ["ann"]\nmost_in_a_day = 1\n')
    policy = load_reversal_policy(mine)
    policy.permit("case", "x", "ann", [], datetime.now(UTC))
    with pytest.raises(DisclosureRefused, match="'patient'"):
        policy.permit("patient", "x", "ann", [], datetime.now(UTC))
    with pytest.raises(DisclosureRefused, match="'bob'"):
        policy.permit("case", "x", "bob", [], datetime.now(UTC))


@pytest.mark.parametrize(
    "text", ["kinds = 3\nmost_in_a_day = 1", "kinds = []", "kinds = []\nmost_in_a_day = true", "a = 1", "="]
)
def test_a_policy_that_cannot_be_understood_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(InvalidRequest):
        load_reversal_policy(tmp_path / "p.toml")
