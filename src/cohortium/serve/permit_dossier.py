"""The dossier of a permit on paper, for an authority: who was allowed what, what was done under it, how to check it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest, MissingExtra
from cohortium.federate.hub.store import HubStore, Run
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.permits.dossier import Act, State
from cohortium.govern.permits.register import Register
from cohortium.pages import LIGHT
from cohortium.serve.federation.permits import permit_in_words

TEMPLATE = Path(__file__).parent / "templates" / "permit" / "dossier.typ"
SAID = {
    State.DRAFT: "It was not submitted yet.",
    State.SUBMITTED: "The hospitals decide about it.",
    State.QUESTIONS: "Its applicant was asked something.",
    State.GRANTED: "Every hospital that it names has agreed; the authority has signed.",
    State.REFUSED: "It allows nothing.",
    State.SUSPENDED: "It allows nothing for now.",
    State.REVOKED: "It allows nothing any more.",
    State.EXPIRED: "Its last day has passed.",
}


def dossier_pdf(number: str, register: Register, store: HubStore, ledger: Ledger) -> bytes:
    """The dossier as PDF/A-2b.

    Reveals : what the hub knows: names of accounts and hospitals, digests, outcomes of rules; nothing of a patient.
    Raises  : InvalidRequest for an unknown number; MissingExtra without typst.
    """
    try:
        import typst
    except ImportError:
        raise MissingExtra("A dossier as PDF needs typst: pip install 'cohortium[report]'") from None
    content = {**dossier_content(number, register, store, ledger), "palette": dict(LIGHT)}
    made: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"content": json.dumps(content, ensure_ascii=False)},
        pdf_standards="a-2b",
        ignore_system_fonts=True,
    )
    return made


def dossier_content(number: str, register: Register, store: HubStore, ledger: Ledger) -> dict[str, Any]:
    """What the dossier says, as plain values."""
    dossier, document = register.dossier(number), register.document(number)
    as_of = register.clock()
    state = dossier.state(date.fromisoformat(as_of[:10]))
    runs = [run for run in store.runs() if run.study.permit == number]
    moment = datetime.fromisoformat(as_of).astimezone(UTC)
    witnesses = ", ".join(name.removesuffix("/witness") for name in sorted(ledger.words())) or "nobody yet"
    return {
        "number": number,
        "title": dossier.permit.title,
        "state": state.value.capitalize(),
        "state_said": SAID[state],
        "as_of": as_of,
        "made": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "words": permit_in_words(dossier.permit),
        "acts": [_act(act) for act in dossier.acts],
        "digest": document.digest,
        "signatures": [_signature(*one) for one in sorted(document.signatures.items())],
        "runs": [_run(run) for run in runs],
        "releases": [row for run in runs for row in _releases(run.run, store)],
        "how": [
            f"Every act and every release is in the ledger '{ledger.name}', whose key is {ledger.log.key}.",
            f"Its history was seen, unchanged, by {witnesses}.",
            "Offline, without an account: cohortium ledger check FOLDER, with the folder that the hub exports; "
            "cohortium verify RECEIPT, with the receipt of a result.",
        ],
    }


def _act(act: Act) -> list[str]:
    return [act.at[:16].replace("T", " "), act.deed.value, act.by, act.reason or "–"]


def _signature(name: str, signature: bytes) -> list[str]:
    """Its digits in two lines, so that they fit the page."""
    digits = signature.hex()
    half = len(digits) // 2
    return [name, f"{digits[:half]}\n{digits[half:]}"]


def _run(run: Run) -> list[str]:
    epsilon = f"{run.study.epsilon:g}" if run.study.epsilon else "–"
    return [run.submitted[:16].replace("T", " "), run.run, run.study.title, run.status, epsilon]


def _releases(run: str, store: HubStore) -> list[list[str]]:
    rows = []
    for analysis in store.released_results(run):
        try:
            place, release = store.release(run, analysis)
        except InvalidRequest:  # kept before there was a ledger
            continue
        verdicts = "; ".join(f"{rule}: {said}" for rule, said in release.verdicts.items())
        rows.append([release.at[:16].replace("T", " "), f"{run} {analysis}", f"{place:,}", verdicts])
    return rows
