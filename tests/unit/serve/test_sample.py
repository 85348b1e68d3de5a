"""More rows from a saved model."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohortium.errors import SourceUnreadable
from cohortium.serve.commands import sample_model
from cohortium.serve.reporter import Reporter


def test_a_model_that_is_not_there_is_said_to_be_absent(tmp_path: Path) -> None:
    model = tmp_path / "nothing.cohortium"
    with pytest.raises(SourceUnreadable, match=r"There is no file .*nothing\.cohortium"):
        sample_model(model, tmp_path / "rows.csv", 10, 0, None, None, Reporter(quiet=True))
    assert not (tmp_path / "rows.csv").exists()
