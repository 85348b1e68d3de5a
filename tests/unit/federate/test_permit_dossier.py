"""The dossier of a permit says all that happened under it, and is an archivable PDF."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from tests.unit.federate.test_permits import STUDY, Permitted, permitted  # noqa: F401 - a fixture

from cohortium.errors import InvalidRequest
from cohortium.federate.hub.store import DONE
from cohortium.govern.permits.dossier import Deed
from cohortium.serve.permit_dossier import dossier_content, dossier_pdf


def run_under(made: Permitted, number: str) -> None:
    study = replace(STUDY, permit=number)
    made.federation.approve_everywhere(study)
    conductor = made.federation.conductor()
    conductor.permits = made.rounds
    assert conductor.conduct(made.federation.hub.submit("run1", study, "token").run).status == DONE


def test_acts_signatures_runs_and_releases_are_in_it(permitted: Permitted) -> None:  # noqa: F811
    number = permitted.granted()
    run_under(permitted, number)
    permitted.register.act(number, Deed.REVOKE, "authority", reason="An end")
    told = dossier_content(number, permitted.register, permitted.federation.hub, permitted.ledger)
    assert told["state"] == "Revoked"
    assert [act[1] for act in told["acts"]] == ["submit", "agree", "agree", "agree", "revoke"]
    assert [name for name, _ in told["signatures"]] == ["hub/test", "node/north", "node/south", "node/west"]
    assert [run[1:4] for run in told["runs"]] == [["run1", "Ages", "done"]]
    [release] = told["releases"]
    assert release[1] == "run1 ages" and "disclosure: released" in release[3]


def test_it_is_a_pdf_for_archives_whatever_a_title_holds(permitted: Permitted) -> None:  # noqa: F811
    pytest.importorskip("typst", reason="the extra 'report' is not installed")
    number = permitted.submitted(title='#panic() $x$ <a> *b* \\ "Ages"')
    made = dossier_pdf(number, permitted.register, permitted.federation.hub, permitted.ledger)
    assert made.startswith(b"%PDF-1.7") and b"pdfaid:part" in made


def test_a_number_that_is_none_says_so(permitted: Permitted) -> None:  # noqa: F811
    with pytest.raises(InvalidRequest, match="no application"):
        dossier_content("P-1", permitted.register, permitted.federation.hub, permitted.ledger)
