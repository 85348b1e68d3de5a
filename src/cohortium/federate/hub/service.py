"""The hub's own service over HTTPS: enrolment of nodes, and studies of researchers. FLARE carries everything else."""

# annotations are evaluated here, not postponed: FastAPI reads the dependencies of a route from them

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from cryptography import x509
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from cohortium.errors import CohortiumError, InvalidRequest, PermitDenied, TargetUnwritable
from cohortium.federate.channel import Channel
from cohortium.federate.engine.certificates import SERVER_NAME, Authority, pem
from cohortium.federate.hub.airlock import in_words
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.home import HubHome
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.permits import APPLICANTS_DEEDS, dossier_told, is_covered, of_applicant, own_dossier
from cohortium.federate.hub.proofs import receipt_of
from cohortium.federate.hub.store import ENDED, Run
from cohortium.federate.study import study_from_plain
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.tiles import published
from cohortium.govern.permits.dossier import Deed
from cohortium.govern.permits.register import Register

LARGEST_REQUEST = 1_000_000
LONGEST_WAIT_S, LOOK_S = 30.0, 0.02
_FORBIDDEN, _NO_LENGTH, _TOO_LARGE, _UNUSABLE, _NO_SPACE = 403, 411, 413, 422, 507


def service(
    home: HubHome, desk: HubDesk, invitations: Invitations, channel: Channel, ledger: Ledger, register: Register
) -> FastAPI:
    """The routes. Errors raised on purpose are answered as JSON with their message; nothing else is told."""
    app = FastAPI(title="Cohortium hub", docs_url=None, redoc_url=None, openapi_url=None)
    authority = Authority(home.authority)

    def researcher(authorization: Annotated[str, Header()] = "") -> str:
        return invitations.researcher(authorization.removeprefix("Bearer "))

    known = Annotated[str, Depends(researcher)]

    @app.exception_handler(CohortiumError)
    async def refuse(_request: Request, error: CohortiumError) -> JSONResponse:
        status = _FORBIDDEN if isinstance(error, PermitDenied) else _UNUSABLE
        return JSONResponse({"error": type(error).__name__, "message": str(error)}, status)

    @app.exception_handler(TargetUnwritable)
    async def full(_request: Request, error: TargetUnwritable) -> JSONResponse:
        # as unavailable: who asks again later gets an answer
        return JSONResponse({"error": "SiteUnavailable", "message": f"The hub's {error}"}, _NO_SPACE)

    @app.middleware("http")
    async def bounded(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        if "transfer-encoding" in request.headers:
            return PlainTextResponse("say how long the request is", _NO_LENGTH)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            return PlainTextResponse("too large", _TOO_LARGE)
        return await proceed(request)

    @app.get("/authority.crt")
    def authority_certificate() -> PlainTextResponse:
        return PlainTextResponse(pem(authority.certificate).decode())

    @app.post("/enrol")
    def enrol(body: dict[str, str]) -> dict[str, str]:
        try:
            request = x509.load_pem_x509_csr(body["request"].encode())
        except (KeyError, ValueError) as error:
            raise InvalidRequest("An enrolment needs a certificate request in PEM.") from error
        site = invitations.use(body.get("secret", ""))
        certificate = pem(authority.sign(request, site)).decode()
        invitations.enrolled(site, certificate)
        return {"site": site, "certificate": certificate, "hub": f"{home.host}:{home.port}", "server_name": SERVER_NAME}

    @app.get("/status")
    def status(name: known) -> dict[str, Any]:
        connected = set(channel.sites())
        sites = {site: "connected" if site in connected else "not connected" for site in invitations.nodes()}
        return {"federation": home.federation, "you": name, "sites": sites}

    @app.post("/studies")
    def submit(body: dict[str, Any], name: known) -> dict[str, str]:
        study = study_from_plain({**body["study"], "researcher": name})
        if study.permit:
            is_covered(register, study.permit, name)
        token = f"{name}/{body.get('token') or secrets.token_hex(16)}"
        return {"run": desk.submit(study, token).run, "study": study.digest}

    @app.get("/runs")
    def runs(name: known) -> list[dict[str, Any]]:
        return [_shown(run) for run in desk.store.runs() if run.study.researcher == name]

    @app.get("/runs/{run}")
    def watch(run: str, name: known, after: int = 0, wait_s: float = 0.0) -> dict[str, Any]:
        """Where a run stands; with ``wait_s`` the answer comes when something has happened since ``after``."""
        deadline = time.monotonic() + min(wait_s, LONGEST_WAIT_S)
        found = _own(desk, run, name)
        while not desk.store.events(run, after) and found.status not in ENDED and time.monotonic() < deadline:
            time.sleep(LOOK_S)
            found = desk.store.run(run)
        events = [
            {"number": number, "at": at, "what": what, **detail}
            for number, at, what, detail in desk.store.events(run, after)
        ]
        return {**_shown(found), "events": events}

    @app.get("/runs/{run}/results/{analysis}")
    def result(run: str, analysis: str, name: known) -> Response:
        _own(desk, run, name)
        results = desk.store.released_results(run)
        waiting = {one.analysis: one for one in desk.store.held(run) if one.decided != "released"}
        if analysis in waiting:
            raise PermitDenied(in_words(waiting[analysis]))
        if analysis not in results:
            raise InvalidRequest(f"There is no result '{analysis}' (yet); there are {sorted(results)}.")
        return Response(results[analysis].to_bytes(), media_type="application/octet-stream")

    @app.get("/runs/{run}/receipts/{analysis}")
    def receipt(run: str, analysis: str, name: known) -> Response:
        found = _own(desk, run, name)
        permit = register.document(found.study.permit) if found.study.permit else None
        return Response(receipt_of(desk.store, ledger, run, analysis, permit), media_type="application/json")

    @app.get("/permits")
    def permits(name: known) -> list[dict[str, Any]]:
        return [dossier_told(register, one) for one in register.dossiers(name)]

    @app.post("/permits")
    def draft(body: dict[str, Any], name: known) -> dict[str, Any]:
        return dossier_told(register, register.draft(of_applicant(body, name)))

    @app.get("/permits/{number}")
    def permit(number: str, name: known) -> dict[str, Any]:
        return dossier_told(register, own_dossier(register, number, name))

    @app.post("/permits/{number}/{deed}")
    def act(number: str, deed: str, body: dict[str, Any], name: known) -> dict[str, Any]:
        own_dossier(register, number, name)
        if deed not in APPLICANTS_DEEDS:
            raise InvalidRequest(f"An applicant can {', '.join(APPLICANTS_DEEDS)} an application.")
        asked = of_applicant(body["permit"], name) if "permit" in body else None
        found = register.act(number, Deed(deed), name, reason=str(body.get("reason", "")), asked=asked)
        return dossier_told(register, found)

    @app.get("/ledger/{path:path}")
    def ledger_file(path: str, name: known) -> Response:
        """The ledger's checkpoint and tiles, as C2SP tlog-tiles names them, for every account of this hub."""
        ledger.recorder.settle()
        found = published(ledger.log.folder, path)
        if found is None:
            raise InvalidRequest("The ledger has no such file; it has 'checkpoint' and tiles.")
        return Response(found, media_type="application/octet-stream")

    @app.get("/runs/{run}/record")
    def record(run: str, name: known) -> Response:
        _own(desk, run, name)
        return Response(json.dumps(desk.record(run), indent=1), media_type="application/json")

    @app.post("/runs/{run}/cancel")
    def cancel(run: str, name: known) -> dict[str, Any]:
        _own(desk, run, name)
        desk.cancel(run)
        return _shown(desk.store.run(run))

    return app


def _own(desk: HubDesk, run: str, name: str) -> Run:
    """The run, if it is this researcher's; that of another is answered as if there were none."""
    found = desk.store.run(run)
    if found.study.researcher != name:
        raise InvalidRequest(f"There is no run '{run}'.")
    return found


def _shown(run: Run) -> dict[str, Any]:
    return {
        "run": run.run,
        "title": run.study.title,
        "study": run.study.digest,
        "submitted": run.submitted,
        "status": run.status,
        "said": run.said,
        "error": run.error,
        "analyses": [analysis.name for analysis in run.study.analyses],
        "sites": run.facts.get("roster", []),
        "mode": run.study.mode,
    }
