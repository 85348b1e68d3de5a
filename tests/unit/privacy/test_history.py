"""The query history: what is refused, what is answered again, what a crash leaves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cohortium.errors import DisclosureRefused
from cohortium.privacy import history as module
from cohortium.privacy.history import QueryHistory

TOKENS = np.random.default_rng(1).integers(0, 2**63, size=300, dtype=np.uint64)


@pytest.fixture
def history(tmp_path: Path) -> QueryHistory:
    return QueryHistory(tmp_path / "history.db")


def test_the_same_question_has_the_same_answer(history: QueryHistory) -> None:
    first = history.admit("ana", "ward", "mean age", TOKENS[:100])
    assert first.answer is None
    assert history.keep(first, b"41.2") == b"41.2"
    again = history.admit("ana", "ward", "mean age", TOKENS[:100][::-1])
    assert again.answer == b"41.2"
    assert history.keep(again, b"41.7") == b"41.2"
    assert history.admit("ana", "ward", "mean weight", TOKENS[:100]).answer is None


@pytest.mark.parametrize(("size", "refused"), [(101, True), (109, True), (110, False), (99, True), (90, False)])
def test_a_cohort_that_differs_by_few_is_refused(history: QueryHistory, size: int, refused: bool) -> None:
    history.admit("ana", "ward", "q", TOKENS[:100])
    if refused:
        with pytest.raises(DisclosureRefused, match="Differencing"):
            history.admit("ana", "ward", "q", TOKENS[:size])
    else:
        history.admit("ana", "ward", "q", TOKENS[:size])


def test_what_was_refused_is_not_remembered(history: QueryHistory) -> None:
    history.admit("ana", "ward", "q", TOKENS[:100])
    with pytest.raises(DisclosureRefused):
        history.admit("ana", "ward", "q", TOKENS[:105])
    history.admit("ana", "ward", "q", TOKENS[:112])


def test_exchanging_a_person_is_a_difference(history: QueryHistory) -> None:
    history.admit("ana", "ward", "q", TOKENS[:100])
    with pytest.raises(DisclosureRefused, match="Differencing"):
        history.admit("ana", "ward", "q", np.append(TOKENS[:99], TOKENS[200]))


def test_researchers_and_datasets_have_their_own(history: QueryHistory, tmp_path: Path) -> None:
    history.admit("ana", "ward", "q", TOKENS[:100])
    history.admit("ben", "ward", "q", TOKENS[:101])
    history.admit("ana", "clinic", "q", TOKENS[:101])
    one = QueryHistory(tmp_path / "together.db", together=True)
    one.admit("ana", "ward", "q", TOKENS[:100])
    with pytest.raises(DisclosureRefused):
        one.admit("ben", "ward", "q", TOKENS[:101])


def test_it_outlives_the_process(tmp_path: Path) -> None:
    asked = QueryHistory(tmp_path / "h.db").admit("ana", "ward", "q", TOKENS[:100])
    QueryHistory(tmp_path / "h.db").keep(asked, b"1")
    later = QueryHistory(tmp_path / "h.db")
    assert later.admit("ana", "ward", "q", TOKENS[:100]).answer == b"1"
    with pytest.raises(DisclosureRefused):
        later.admit("ana", "ward", "q", TOKENS[:99])


def test_a_cohort_counts_as_answered_before_the_answer_exists(tmp_path: Path) -> None:
    """A process that is killed between admitting and answering may have answered, so its cohort stays."""
    code = (
        "import os, numpy as np; from pathlib import Path; from cohortium.privacy.history import QueryHistory;"
        f"QueryHistory(Path({str(tmp_path / 'h.db')!r})).admit('ana', 'ward', 'q', np.arange(100, dtype=np.uint64));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    history = QueryHistory(tmp_path / "h.db")
    with pytest.raises(DisclosureRefused):
        history.admit("ana", "ward", "q", np.arange(101, dtype=np.uint64))
    assert history.admit("ana", "ward", "q", np.arange(100, dtype=np.uint64)).answer is None


def test_a_full_history_refuses_rather_than_forgets(history: QueryHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    history.admit("ana", "ward", "q", TOKENS[:100])
    history.admit("ana", "ward", "q", TOKENS[100:200])
    with pytest.raises(DisclosureRefused, match="Query history: 2"):
        history.admit("ana", "ward", "q", TOKENS[50:150])
    history.admit("ana", "ward", "other", TOKENS[:100])


def test_the_file_is_compact(tmp_path: Path) -> None:
    history = QueryHistory(tmp_path / "h.db")
    tokens = np.arange(20_000, dtype=np.uint64) * np.uint64(10**12)
    for start in range(0, 5_000, 100):
        history.admit("ana", "ward", "q", tokens[start:])
    with sqlite3.connect(tmp_path / "h.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert (tmp_path / "h.db").stat().st_size < 800_000  # 50 cohorts; as lists of tokens they would take 7 MB
